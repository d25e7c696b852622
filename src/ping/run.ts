import { engineSystem, type EngineSystem } from '../document/system.ts';
import { engineHas } from '../plan/engines.ts';
import type { PingEngineName } from '../plan/engines.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { callAfter, sleepNs } from '../runtime/timer.ts';
import { CONNECTIONS_LOST, PingRound, type PingSecondDetail } from '../count/ping.ts';
import type { EncodeHistograms } from '../count/seconds.ts';
import { errorCounts } from '../count/tally.ts';
import type { Bank } from '../count/bank.ts';
import type { BusyResult } from '../document/common.ts';
import type { FleetUse } from '../document/fleet.ts';
import type { RttInterval, RttResult, RttRound, RttSamples } from '../document/rtt.ts';
import { estimateOf } from '../run/estimate.ts';
import type { RoundPlace, RunContext } from '../run/events.ts';
import { formatHostPort } from '../plan/address/address.ts';
import { roundsLeftNs } from '../plan/load/round-time.ts';
import { rateOf } from '../plan/fleet/share.ts';
import { rttConfig } from '../plan/ping-plan.ts';
import type { RttPlan } from '../plan/ping-plan.ts';
import { listSources } from '../plan/address/sources.ts';
import { VERSION } from '../units/version.ts';
import { PingThread } from './ping-thread.ts';
import { pingRoundResult, type MeasuredPings } from './round-result.ts';
import type { PingSamples } from './ping-samples.ts';
import type { Opened } from './worker-protocol.ts';

/** The thread gets the message of a round this long before it begins. */
const LEAD_NS = 10e6;

/** A thread, or a fleet, that is ready for one round of pings after the other. */
export interface PingSession {
  /** When it began, which is the base of its clock. */
  readonly startedAt: Date;
  readonly system: EngineSystem;
  /** Remarks for the log: why engines were passed over. */
  readonly notes: readonly string[];
  /** The machines of a fleet; left out where this machine runs the rounds. */
  readonly fleet?: FleetUse;
  /** The plan as it took effect, where it is not the one that the session was opened with. */
  readonly plan?: RttPlan;
  /** Of a thread that died. The session runs no further round. */
  readonly failures: readonly { readonly code: string; readonly message: string }[];
  /** Runs round `index` of the plan and tells its events. */
  round(index: number): Promise<RttRound>;
  /** Shifts due times and the end of the round under way, as `ClientSession.shift` does. */
  shift(shiftNs: number): void;
  /** Has nothing sent from `untilNs` on, as `ClientSession.lease` does. */
  lease(untilNs: bigint): void;
  close(): Promise<void>;
}

/** What a session of pings is given beside its plan. */
export interface PingContext extends RunContext {
  /** Begins the rounds, and is told what is counted; left out where the session begins them itself. */
  readonly leader?: PingLeader;
}

/** What a leader of rounds does for pings, which have no stages (`RoundLeader` in src/client). */
export interface PingLeader {
  /** Resolves to the base of the round, in ns of CLOCK_MONOTONIC. Rejects where the round is not to be. */
  beginAt(place: RoundPlace): Promise<bigint>;
  /** Told every bank, before it is given back. `measureNs`: the end of the warm-up, on the clock of the bank. */
  onBank(of: 'pings', bank: Bank, worker: number, measureNs: number): void;
}

/** Starts what runs the rounds of a plan: the thread of this machine, or a fleet. */
export type OpenPingSession = (plan: RttPlan, context: PingContext) => Promise<PingSession>;

/** Runs every round of the plan and returns the result; rejects with `RunError` where no engine can work. */
export async function runRtt(
  plan: RttPlan,
  context: RunContext = {},
  open: OpenPingSession = openPingSession,
): Promise<RttResult> {
  const session = await open(plan, context);
  const { emit, stop } = context;
  const rounds: RttRound[] = [];
  const beginNs = monotonicNs();
  const tellTime = (): void => {
    const leftNs = roundsLeftNs(plan, rounds.length);
    if (leftNs !== null) emit?.(estimateOf({ elapsedNs: Number(monotonicNs() - beginNs), leftNs }));
  };
  try {
    const { startedAt, system, notes } = session;
    const target = formatHostPort(plan.host, plan.target.port);
    const { engine } = system;
    emit?.({ type: 'run-started', command: 'rtt', startedAt, target, engine, notes, rounds: plan.rates.length });
    tellTime();
    for (const index of plan.rates.keys()) {
      if (stop?.aborted === true || session.failures.length > 0) break;
      rounds.push(await session.round(index));
      tellTime();
      if (index + 1 < plan.rates.length) await sleepNs(plan.cooldownNs, stop);
    }
    const result = rttResult(session, session.plan ?? plan, rounds, stop?.aborted === true);
    emit?.({ type: 'run-ended', result });
    return result;
  } finally {
    await session.close();
  }
}

/** Returns the result of the rounds that a session has run. `isInterrupted`: a signal or a controller ended the run early. */
export function rttResult(
  { startedAt, system, fleet, failures }: PingSession,
  plan: RttPlan,
  rounds: readonly RttRound[],
  isInterrupted: boolean,
): RttResult {
  const [failure] = failures;
  return {
    schema: 'conngen.rtt/1',
    conngen: VERSION,
    started_at: startedAt.toISOString(),
    system,
    ...(fleet === undefined ? {} : { fleet }),
    config: rttConfig(plan),
    ...(isInterrupted ? { interrupted: true } : {}),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    rounds,
  };
}

/** Starts the thread of a plan; rejects with `RunError` where no engine can work. Close it in any case. */
export async function openPingSession(plan: RttPlan, context: PingContext = {}): Promise<PingSession> {
  const startedAt = new Date();
  const runBaseNs = monotonicNs();
  const { thread, engine, notes } = await startThread(plan, runBaseNs);
  const encode = plan.keepsHistograms ? (await import('../count/hdr-histogram.ts')).encodeHistograms : undefined;
  const onStop = (): void => thread.stop();
  context.stop?.addEventListener('abort', onStop);
  return {
    startedAt,
    system: engineSystem(engine, notes),
    notes,
    get failures() {
      return thread.failure === undefined ? [] : [thread.failure];
    },
    round: (index) => runRound({ plan, thread, runBaseNs, encode }, index, context),
    shift: (shiftNs) => thread.shift(shiftNs),
    lease: (untilNs) => thread.lease(Number(untilNs - runBaseNs)),
    close: async () => {
      context.stop?.removeEventListener('abort', onStop);
      await thread.close();
    },
  };
}

interface Started {
  readonly thread: PingThread;
  readonly engine: PingEngineName;
  readonly notes: readonly string[];
}

/** The thread of the plan, ready to ping. */
async function startThread(plan: RttPlan, baseNs: bigint): Promise<Started> {
  return startOnEngine({ choice: plan.engine, threads: 1 }, async ({ name: engine, notes }) => {
    const thread = new PingThread({ ...plan, sources: listSources(plan.sources), engine, recordsLag: true }, baseNs);
    try {
      await thread.ready();
    } catch (error) {
      await thread.close();
      throw error;
    }
    return { thread, engine, notes };
  });
}

/** What all rounds of a run have. */
interface PingRun {
  readonly plan: RttPlan;
  readonly thread: PingThread;
  readonly runBaseNs: bigint;
  /** Present where the result has histograms. */
  readonly encode: EncodeHistograms | undefined;
}

async function runRound(run: PingRun, index: number, context: PingContext): Promise<RttRound> {
  const { plan, thread, runBaseNs, encode } = run;
  const { emit, stop, leader } = context;
  const nowNs = (): number => Number(monotonicNs() - runBaseNs);
  const rate = plan.rates[index]!;
  emit?.({ type: 'round-started', round: index, offeredRatePerSec: ownPerSec(plan, index) });
  const opened = await thread.open();
  const busyBefore = thread.busy;
  const baseNs = await beginRound(run, index, context);
  const measureNs = baseNs + plan.warmupNs;
  const onSecond = (counts: RttInterval, warmup: boolean, { startNs, latency }: PingSecondDetail): void => {
    const when = { second: counts.start_sec, warmup, startNs };
    emit?.({ type: 'second', of: 'pings', round: index, ...when, counts, latency });
  };
  const round = new PingRound(measureNs, onSecond, encode);
  if (leader !== undefined) round.listen((bank, worker) => leader.onBank('pings', bank, worker, measureNs));
  let cpuStart = process.cpuUsage();
  // What the warm-up cost is not part of the round.
  const cpuMark = callAfter(measureNs - nowNs(), () => {
    cpuStart = process.cpuUsage();
  });
  let endNs = measureNs + plan.durationNs;
  let isStopped = false;
  const onStop = (): void => {
    isStopped = true;
    endNs = Math.min(endNs, nowNs());
  };
  stop?.addEventListener('abort', onStop, { once: true });
  // It may have come since the round was asked for.
  if (stop?.aborted === true) onStop();
  try {
    const { warmupNs, durationNs, depths, share } = plan;
    if (opened.established > 0) {
      await thread.round({ rate, depth: depths[index]!, baseNs, warmupNs, durationNs, share }, round);
    } else endNs = measureNs;
  } finally {
    cpuMark.cancel();
    stop?.removeEventListener('abort', onStop);
  }
  if (thread.failure !== undefined) thread.salvage(round, nowNs());
  round.finish();
  // Without a connection a closed loop is over before its time. A schedule is not: what was due on it counts as missed.
  const isLost = round.total.get(CONNECTIONS_LOST) >= opened.established;
  const isCut = thread.failure !== undefined || (isLost && rate === 'max');
  if (isCut) endNs = Math.min(endNs, nowNs());
  const result = {
    ...roundResult(plan, index, round, opened, {
      durationNs: Math.max(0, endNs - measureNs),
      isStopped,
      cpu: process.cpuUsage(cpuStart),
    }),
    ...busyPart(busyBefore, thread.busy),
    ...samplesPart(thread.samples, measureNs),
  };
  emit?.({ type: 'round-ended', round: index, result, latency: round.total.latencyByClock() });
  return result;
}

/** Returns the base of the round on the run's clock, which the leader says where there is one. Rejects where the leader does. */
async function beginRound({ thread, runBaseNs }: PingRun, index: number, { leader }: PingContext): Promise<number> {
  if (leader === undefined) return Number(monotonicNs() - runBaseNs) + LEAD_NS;
  try {
    return Number((await leader.beginAt({ round: index })) - runBaseNs);
  } catch (error) {
    await thread.leave(Number(monotonicNs() - runBaseNs));
    throw error;
  }
}

/** What a round offers on this machine; null in closed loop. */
function ownPerSec({ rates, share }: RttPlan, index: number): number | null {
  const rate = rates[index]!;
  return rate === 'max' ? null : rateOf(share, rate);
}

function busyPart(before: BusyResult | null, after: BusyResult | null): Pick<RttRound, 'busy'> {
  if (before === null || after === null) return {};
  const { tasks, ticks, skipped } = after;
  return { busy: { tasks, ticks: ticks - before.ticks, skipped: skipped - before.skipped } };
}

function samplesPart(samples: PingSamples | null, measureNs: number): { readonly samples?: RttSamples } {
  if (samples === null) return {};
  const each = samples.read();
  return {
    samples: {
      every: samples.every,
      at_sec: each.map(({ atNs }) => Math.round((atNs - measureNs) / 1e3) / 1e6),
      rtt_ns: each.map(({ rttNs }) => rttNs),
    },
  };
}

function roundResult(
  plan: RttPlan,
  index: number,
  pings: PingRound,
  opened: Opened,
  ended: Pick<MeasuredPings, 'durationNs' | 'isStopped' | 'cpu'>,
): RttRound {
  const { established, errnos } = opened;
  return pingRoundResult({
    ...{ plan, index, pings, ...ended },
    offeredPerSec: ownPerSec(plan, index),
    connections: { established, failed: plan.connections - established, lost: pings.total.get(CONNECTIONS_LOST) },
    errno: { ...errorCounts(errnos), ...pings.total.errnoCounts() },
    inFlightLimit: engineHas(plan.engine, 'waitsForEachReply') ? 1 : plan.connections * plan.depths[index]!,
  });
}
