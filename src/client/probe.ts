import { engineHas, type EngineName, preferredEngines, type SocketEngineName } from '../plan/engines.ts';
import { selectEngine } from '../engine/registry.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { RunError } from '../units/run-error.ts';
import { PingRound, PINGS_RECEIVED, type PingSecondDetail } from '../count/ping.ts';
import { errorCounts } from '../count/tally.ts';
import type { LatencyHistogram } from '../count/histogram.ts';
import type { EncodeHistograms, OnBank, SecondDetail } from '../count/seconds.ts';
import type { EncodedHistograms } from '../document/common.ts';
import type { ClockName, IntervalResult, ProbeResult, RoundResult } from '../document/client.ts';
import type { RttInterval } from '../document/rtt.ts';
import { formatHostPort } from '../plan/address/address.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { firstSource } from '../plan/address/sources.ts';
import { rateOf } from '../plan/fleet/share.ts';
import { NS_PER_SEC } from '../units/quantity.ts';
import { PingThread } from '../ping/ping-thread.ts';
import { OWN_ERROR_CODES } from '../units/error-codes.ts';

/** The size of each ping of the probe. */
const PROBE_BYTES = 64;
const UNDER_WAY_MAX = 65_536;

/**
 * One established connection that goes on ping-ponging while others are opened, on a thread of its own: what the users who are
 * there already feel of those who come. The rate is that of the whole schedule; of a share of it the probe sends that share.
 */
export class Probe {
  readonly #plan: ClientPlan;
  readonly #thread: PingThread;
  readonly #ratePerSec: number;
  readonly #runBaseNs: bigint;
  #isOpen = false;

  private constructor(plan: ClientPlan, ratePerSec: number, engine: SocketEngineName, baseNs: bigint) {
    this.#plan = plan;
    this.#ratePerSec = ratePerSec;
    this.#runBaseNs = baseNs;
    const setup = {
      engine,
      protocol: 'tcp',
      target: plan.target,
      // The addresses of an engine that answers for them itself are not the kernel's.
      sources: plan.packet === null ? firstSource(plan.sources) : [],
      isFreebind: plan.isFreebind,
      sizeBytes: PROBE_BYTES,
      connections: 1,
      thinkNs: 0,
      timeoutNs: plan.timeoutNs,
      cpu: null,
      busyTasks: 0,
      samples: 0,
      recordsLag: false,
    } as const;
    this.#thread = new PingThread(setup, baseNs);
  }

  /** A probe beside a load on `engine`. */
  static async create(plan: ClientPlan, ratePerSec: number, engine: EngineName, baseNs: bigint): Promise<Probe> {
    return new Probe(plan, ratePerSec, await pingEngineBeside(engine), baseNs);
  }

  get failure(): PingThread['failure'] {
    return this.#thread.failure;
  }

  /** Resolves when one ping has come back. Rejects with `RunError` where the target does not echo. */
  async ready(): Promise<void> {
    await this.#thread.ready();
    const { established, errnos } = await this.#thread.open();
    const baseNs = Number(monotonicNs() - this.#runBaseNs);
    const check = new PingRound(baseNs, () => undefined);
    if (established === 1) {
      // One ping: a second at 1/s has no other, and the round is over when it is back.
      await this.#thread.round({ rate: 1, depth: 1, baseNs, warmupNs: 0, durationNs: NS_PER_SEC }, check);
    }
    if (check.total.get(PINGS_RECEIVED) === 1) return;
    const target = formatHostPort(this.#plan.host, this.#plan.target.port);
    const errors = Object.keys({ ...check.total.errnoCounts(), ...errorCounts(errnos) });
    const why = errors.length === 0 ? 'it answered nothing' : errors.join(', ');
    throw new RunError(
      'probe_no_echo',
      `--probe got no ping back from ${target} (${why}): it needs a target that sends back what it is sent`,
      OWN_ERROR_CODES.probe_no_echo.remedy,
    );
  }

  /** Shifts the due times of the round under way by `shiftNs` since its begin. */
  shift(shiftNs: number): void {
    this.#thread.shift(shiftNs);
  }

  /** Has it send nothing from `untilNs` on, on the run's clock. */
  lease(untilNs: number): void {
    this.#thread.lease(untilNs);
  }

  /** Closes the connection that was opened for a round that is not to be. */
  async leave(): Promise<void> {
    if (this.#isOpen) await this.#thread.leave(Number(monotonicNs() - this.#runBaseNs));
  }

  /** Establishes the connection for a round. */
  async open(): Promise<void> {
    this.#isOpen = (await this.#thread.open()).established === 1;
  }

  /** Pings for as long as a round of the load, `durationNs` after its warm-up; resolves when the last ping is back or given up. */
  async round(baseNs: number, durationNs: number, pings: PingRound): Promise<void> {
    if (!this.#isOpen) return;
    const { timeoutNs, warmupNs, rampUpNs, share } = this.#plan;
    const depth = Math.min(UNDER_WAY_MAX, Math.ceil((rateOf(share, this.#ratePerSec) * timeoutNs) / 1e9) + 1);
    const command = { rate: this.#ratePerSec, depth, baseNs, warmupNs: rampUpNs + warmupNs, durationNs, share };
    await this.#thread.round(command, pings);
  }

  stop(): void {
    this.#thread.stop();
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

/**
 * The engine of the load, unless it has no pings, or its waits turn the event loop: a probe must not pay for its pauses. Then it is the
 * best engine whose waits do not.
 */
async function pingEngineBeside(engine: EngineName): Promise<SocketEngineName> {
  if (engine !== 'packet' && !engineHas(engine, 'turnsEventLoop')) return engine;
  const preference = preferredEngines({ kind: 'memory' }).filter((name) => !engineHas(name, 'turnsEventLoop'));
  return (await selectEngine<SocketEngineName>('auto', [...preference, 'node'])).name;
}

/** A complete second of a round, with the probe's figures of the same second where there is a probe. */
export interface ProbedSecond {
  readonly interval: IntervalResult;
  readonly warmup: boolean;
  /** Since the run's base clock. */
  readonly startNs: number;
  /** By clock, the probe's round trips as `probe`. Valid during the call. */
  readonly latency: Readonly<Record<string, LatencyHistogram>>;
}

/**
 * The seconds of a round with those of the probe beside them, each told once and when both are there. Without a probe they pass
 * through. A second waits for about as long as the two threads are apart, with its histograms.
 */
export class ProbedRound {
  readonly #probe: Pick<Probe, 'round'> | undefined;
  readonly #pings: PingRound;
  /** Of seconds that were not told yet. */
  readonly #results = new Map<number, { readonly result: ProbeResult; readonly rtt: LatencyHistogram }>();
  readonly #waiting: {
    readonly interval: IntervalResult;
    readonly warmup: boolean;
    readonly detail: SecondDetail<ClockName>;
  }[] = [];
  readonly #tell: (second: ProbedSecond) => void;
  /** The last second that the probe has reported; all later ones where it has ended. */
  #reachedSec: number;

  constructor(
    probe: Pick<Probe, 'round'> | undefined,
    measureNs: number,
    tell: (second: ProbedSecond) => void,
    encode?: EncodeHistograms,
    probes = 1,
  ) {
    this.#probe = probe;
    this.#tell = tell;
    this.#reachedSec = probe === undefined ? Infinity : -Infinity;
    const onSecond = (pings: RttInterval, _warmup: boolean, { latency }: PingSecondDetail): void => {
      this.#results.set(pings.start_sec, { result: probeResult(pings), rtt: latency.rtt.copy() });
      this.#reachedSec = pings.start_sec;
      this.#tellReached();
    };
    this.#pings = new PingRound(measureNs, onSecond, encode, probes);
  }

  /** Tells `onBank` every bank of the probe's pings. */
  listen(onBank: OnBank | undefined): void {
    this.#pings.listen(onBank);
  }

  /** A second of the load is complete. Its histograms are given back when it was told. */
  add(interval: IntervalResult, warmup: boolean, detail: SecondDetail<ClockName>): void {
    this.#waiting.push({ interval, warmup, detail });
    this.#tellReached();
  }

  /** Runs the probe, if there is one, beside a round that begins at `baseNs`. */
  async run(baseNs: number, durationNs: number): Promise<void> {
    if (this.#probe === undefined) return;
    await this.#probe.round(baseNs, durationNs, this.#pings);
    this.#pings.finish();
    // The load may go on for long where the probe could not connect.
    this.#reachedSec = Infinity;
    this.#tellReached();
  }

  #tellReached(): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.interval.start_sec <= this.#reachedSec) {
      const { interval, warmup, detail } = this.#waiting.shift()!;
      const { startNs, latency } = detail;
      const probe = this.#results.get(interval.start_sec);
      if (probe === undefined) this.#tell({ interval, warmup, startNs, latency });
      else {
        const { result, rtt } = probe;
        this.#tell({ interval: { ...interval, probe: result }, warmup, startNs, latency: { ...latency, probe: rtt } });
      }
      detail.release();
      for (const second of this.#results.keys()) if (second <= interval.start_sec) this.#results.delete(second);
    }
  }

  /** The histograms of the load with that of the probe's round trips, once the round is over. */
  latencyBeside(latency: Readonly<Record<string, LatencyHistogram>>): Readonly<Record<string, LatencyHistogram>> {
    if (this.#probe === undefined) return latency;
    return { ...latency, probe: this.#pings.total.latencyByClock().rtt };
  }

  /** The result of the load with that of the probe in it, once the round is over. */
  beside(round: RoundResult): RoundResult {
    if (this.#probe === undefined) return round;
    const { total, intervals: pings } = this.#pings;
    const { sent, received, lost } = total.counts();
    const { rtt_ns } = total.latencies();
    const errno = total.errnoCounts();
    const broken = Object.keys(errno).length === 0 ? {} : { errno };
    const probes = new Map(pings.map((each) => [each.start_sec, each]));
    const intervals = round.intervals.map((interval) => {
      const probe = probes.get(interval.start_sec);
      if (probe === undefined) return interval;
      return { ...interval, probe: probeResult(probe), ...histogramsBeside(interval, probe.histograms) };
    });
    const histograms = histogramsBeside(round, this.#pings.histograms);
    return { ...round, ...histograms, probe: { sent, received, lost, rtt_ns, ...broken }, intervals };
  }
}

/** The histograms of the load with that of the probe's round trips, where there are any. */
function histogramsBeside(
  { histograms }: Pick<IntervalResult, 'histograms'>,
  probe: EncodedHistograms | undefined,
): Pick<IntervalResult, 'histograms'> {
  return histograms === undefined || probe === undefined ? {} : { histograms: { ...histograms, probe: probe['rtt']! } };
}

function probeResult({ sent, received, lost, rtt_ns }: RttInterval): ProbeResult {
  return { sent, received, lost, rtt_ns };
}
