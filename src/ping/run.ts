import { engineSystem } from '../document/system.ts';
import { engineHas } from '../plan/engines.ts';
import type { PingEngineName } from '../plan/engines.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { callAfter, sleepNs } from '../runtime/timer.ts';
import { CONNECTIONS_LOST, PingRound, PINGS_SENT, PINGS_UNSENDABLE, type PingSecondDetail } from '../count/ping.ts';
import type { EncodeHistograms } from '../count/seconds.ts';
import { errorCounts } from '../count/tally.ts';
import type { BusyResult } from '../document/common.ts';
import type { RttInterval, RttResult, RttRound, RttSamples } from '../document/rtt.ts';
import { PING_RULES } from '../judge/rules/ping.ts';
import { judge } from '../judge/verdict.ts';
import { estimateOf } from '../run/estimate.ts';
import type { RunContext } from '../run/events.ts';
import { formatHostPort } from '../plan/address.ts';
import { roundsLeftNs } from '../plan/round-time.ts';
import { rttConfig } from '../plan/ping-plan.ts';
import type { RttPlan } from '../plan/ping-plan.ts';
import { listSources } from '../plan/sources.ts';
import { VERSION } from '../units/version.ts';
import { PingThread } from './ping-thread.ts';
import type { PingSamples } from './ping-samples.ts';
import type { Opened } from './worker-protocol.ts';

/** The thread gets the message of a round this long before it begins. */
const LEAD_NS = 10e6;

/** Runs every round of the plan and returns the result; rejects with `RunError` where no engine can work. */
export async function runRtt(plan: RttPlan, context: RunContext = {}): Promise<RttResult> {
  const startedAt = new Date();
  const baseNs = monotonicNs();
  const { thread, engine, notes } = await startThread(plan, baseNs);
  const encode = plan.keepsHistograms ? (await import('../count/hdr-histogram.ts')).encodeHistograms : undefined;
  const rounds: RttRound[] = [];
  const onStop = (): void => thread.stop();
  const tellTime = (): void => {
    const leftNs = roundsLeftNs(plan, rounds.length);
    if (leftNs !== null) context.emit?.(estimateOf({ elapsedNs: Number(monotonicNs() - baseNs), leftNs }));
  };
  try {
    const target = formatHostPort(plan.host, plan.target.port);
    context.emit?.({
      type: 'run-started',
      command: 'rtt',
      startedAt,
      target,
      engine,
      notes,
      rounds: plan.rates.length,
    });
    tellTime();
    context.stop?.addEventListener('abort', onStop);
    for (const index of plan.rates.keys()) {
      if (context.stop?.aborted === true || thread.failure !== undefined) break;
      rounds.push(await runRound({ plan, thread, runBaseNs: baseNs, encode }, index, context));
      tellTime();
      if (index + 1 < plan.rates.length) await sleepNs(plan.cooldownNs, context.stop);
    }
    const { failure } = thread;
    const result: RttResult = {
      schema: 'conngen.rtt/1',
      conngen: VERSION,
      started_at: startedAt.toISOString(),
      system: engineSystem(engine, notes),
      config: rttConfig(plan),
      ...(context.stop?.aborted === true ? { interrupted: true } : {}),
      ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
      rounds,
    };
    context.emit?.({ type: 'run-ended', result });
    return result;
  } finally {
    context.stop?.removeEventListener('abort', onStop);
    await thread.close();
  }
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

async function runRound(run: PingRun, index: number, { emit, stop }: RunContext): Promise<RttRound> {
  const { plan, thread, runBaseNs, encode } = run;
  const nowNs = (): number => Number(monotonicNs() - runBaseNs);
  const rate = plan.rates[index]!;
  emit?.({ type: 'round-started', round: index, offeredRatePerSec: rate === 'max' ? null : rate });
  const opened = await thread.open();
  const busyBefore = thread.busy;
  const baseNs = nowNs() + LEAD_NS;
  const measureNs = baseNs + plan.warmupNs;
  const onSecond = (counts: RttInterval, warmup: boolean, { startNs, latency }: PingSecondDetail): void => {
    const when = { second: counts.start_sec, warmup, startNs };
    emit?.({ type: 'second', of: 'pings', round: index, ...when, counts, latency });
  };
  const round = new PingRound(measureNs, onSecond, encode);
  let cpuStart = process.cpuUsage();
  // What the warm-up cost is not part of the round.
  const cpuMark = callAfter(LEAD_NS + plan.warmupNs, () => {
    cpuStart = process.cpuUsage();
  });
  let endNs = measureNs + plan.durationNs;
  const onStop = (): void => {
    endNs = Math.min(endNs, nowNs());
  };
  stop?.addEventListener('abort', onStop, { once: true });
  try {
    const { warmupNs, durationNs, depths } = plan;
    if (opened.established > 0) {
      await thread.round({ rate, depth: depths[index]!, baseNs, warmupNs, durationNs }, round);
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
    ...roundResult(plan, index, round, opened, Math.max(0, endNs - measureNs), process.cpuUsage(cpuStart)),
    ...busyPart(busyBefore, thread.busy),
    ...samplesPart(thread.samples, measureNs),
  };
  emit?.({ type: 'round-ended', round: index, result, latency: round.total.latencyByClock() });
  return result;
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
  { total, intervals, inFlightPeak, histograms }: PingRound,
  opened: Opened,
  durationNs: number,
  cpu: NodeJS.CpuUsage,
): RttRound {
  const rate = plan.rates[index]!;
  const counts = total.counts();
  const durationSec = durationNs / 1e9;
  const sent = total.get(PINGS_SENT);
  const round = {
    offered_rate_per_sec: rate === 'max' ? null : rate,
    achieved_rate_per_sec: durationSec > 0 ? Math.round((sent / durationSec) * 1000) / 1000 : 0,
    duration_sec: Math.round(durationSec * 1e6) / 1e6,
    ...counts,
    ...(histograms === undefined ? {} : { histograms }),
    in_flight_max: inFlightPeak,
    connections: {
      established: opened.established,
      failed: plan.connections - opened.established,
      lost: total.get(CONNECTIONS_LOST),
    },
    errno: { ...errorCounts(opened.errnos), ...total.errnoCounts() },
    bytes: { sent: counts.sent * plan.sizeBytes, received: counts.received * plan.sizeBytes },
    ...total.latencies(),
  };
  return {
    ...round,
    cpu: {
      user_usec: cpu.user,
      system_usec: cpu.system,
      usec_per_ping: sent > 0 ? Math.round(((cpu.user + cpu.system) / sent) * 100) / 100 : 0,
    },
    intervals,
    verdict: judge(PING_RULES, {
      round,
      inFlightLimit: engineHas(plan.engine, 'waitsForEachReply') ? 1 : plan.connections * plan.depths[index]!,
      target: formatHostPort(plan.host, plan.target.port),
      otherAddress: plan.target.otherAddress,
      isUdp: plan.protocol === 'udp',
      unsendable: total.get(PINGS_UNSENDABLE),
    }),
  };
}
