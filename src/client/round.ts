/** One round of a session: from workers that are ready to its result. */
import { monotonicNs } from '../runtime/clock.ts';
import type { Attachment } from '../engine/seam/link.ts';
import type { ClockName, IntervalResult, RoundResult } from '../document/client.ts';
import { HELD } from '../count/bank.ts';
import { LoadRound } from '../count/load.ts';
import type { EncodeHistograms, OnSecond } from '../count/seconds.ts';
import type { RoundPlace, RunContext } from '../run/events.ts';
import { staysOpen } from '../plan/exchange/finish.ts';
import type { ClientPlan, RoundRate } from '../plan/plan.ts';
import { salvageDead } from './dead-workers.ts';
import type { RoundLeader } from './leader.ts';
import { LedStages } from './led-stages.ts';
import { ProbedRound, type Probe, type ProbedSecond } from './probe.ts';
import { roundResult } from './round-result.ts';
import { RoundWatch } from './round-watch.ts';
import { watchStops } from './stop-watch.ts';
import type { SinkCrew } from './sink-crew.ts';
import type { WorkerPool } from './worker-pool.ts';
import type { RoundOrder } from './worker-protocol.ts';

/** Workers get the message of a round this long before it begins. */
const LEAD_NS = 10e6;
/** How often finished seconds are fetched from the workers. */
const COLLECT_MS = 100;

/** What a session is given beside its plan. */
export interface SessionContext extends RunContext {
  /** The moment, as `monotonicNs` has it, from which the seconds count; the start of the session if not given. */
  readonly originNs?: bigint;
  /** Begins the rounds, and is told what is counted; left out where the session begins them itself. */
  readonly leader?: RoundLeader;
}

/** What a session measures with. */
export interface SessionParts {
  readonly pool: WorkerPool;
  readonly crew: SinkCrew | null;
  readonly probe: Probe | undefined;
  /** The hold on the interface of the engine; null for an engine that has the kernel's sockets. */
  readonly attachment: Attachment | null;
  readonly runBaseNs: bigint;
  /** Present where the result has histograms. */
  readonly encode: EncodeHistograms | undefined;
}

/** One round of a session. */
export interface RoundRun extends SessionParts {
  readonly plan: ClientPlan;
  readonly maxLagNs: number;
  readonly exchangePerSec: number | null;
  readonly isTrial: boolean;
  readonly place: RoundPlace;
  readonly rate: RoundRate;
  readonly earlier: readonly RoundResult[];
}

/** Runs a round on workers that are ready, and tells its events. */
export async function runRound(run: RoundRun, context: SessionContext): Promise<RoundResult> {
  const { plan, pool, crew, probe, runBaseNs, encode, place } = run;
  const { emit, stop, leader } = context;
  const workBefore = crew?.summary();
  const { baseNs, watch } = await beginRound(run, context);
  const measureNs = baseNs + plan.rampUpNs + plan.warmupNs;
  const probed = new ProbedRound(probe, measureNs, tellerOf(run, context), encode);
  const onSecond: OnSecond<ClockName, IntervalResult> = (...second) => probed.add(...second);
  const merger = new LoadRound(pool.size, measureNs, onSecond, encode);
  if (leader !== undefined) {
    merger.listen((bank, worker) => leader.onBank('connections', bank, worker, measureNs));
    probed.listen((bank, worker) => leader.onBank('pings', bank, worker, measureNs));
  }
  const nowNs = (): number => Number(monotonicNs() - runBaseNs);
  const countsHeld = run.exchangePerSec !== null || staysOpen(plan.finish);
  const stops = watchStops(nowNs);
  const collect = (): void => {
    stops.tick();
    for (const [worker, reader] of pool.readers.entries())
      reader.drain((bank) => {
        // Of a connection that is closed by then only the slot is kept.
        if (!countsHeld) bank.counters[HELD] = 0;
        merger.add(bank, worker);
      });
  };
  const collector = setInterval(collect, COLLECT_MS);
  const stages = isLed(run, context) ? new LedStages(pool, leader!, runBaseNs) : null;
  const order = orderOf(run, baseNs, stages !== null);
  let stopNs = Infinity;
  const onStop = (): void => {
    stopNs = nowNs();
    watch.endSchedule();
  };
  stop?.addEventListener('abort', onStop, { once: true });
  // It may have come since the round was asked for.
  if (stop?.aborted === true) onStop();
  try {
    await Promise.all([pool.round(order), probed.run(baseNs, plan.durationNs)]);
  } finally {
    clearInterval(collector);
    await stops.end();
    stages?.end();
    stop?.removeEventListener('abort', onStop);
  }
  const evidence = watch.end();
  collect();
  const durationNs = Math.max(0, Math.min(roundEndNs(run, measureNs), stopNs) - measureNs);
  const ended = { pool, merger, plan, order, runBaseNs, measureNs, endNs: measureNs + durationNs };
  const death = salvageDead(ended, crew?.failure?.message);
  merger.finish();
  const sinkWork = crew?.summary(workBefore);
  const isStopped = stopNs !== Infinity;
  const counted = { merger, durationNs, isStopped, stoppedNs: stops.stoppedNs(), evidence, gc: pool.gc, sinkWork };
  const measured = { ...run, ...counted, workersDied: pool.failures.length, death };
  const result = probed.beside(roundResult(measured));
  emit?.({ type: 'round-ended', ...place, result, latency: probed.latencyBeside(merger.total.latencyByClock()) });
  return result;
}

/** When a round begins, on the run's clock, and what watches it. */
interface Begun {
  readonly baseNs: number;
  readonly watch: RoundWatch;
}

/** Gets the workers ready for a round, and sets its base; where there is a leader, the leader does. Rejects where the leader does. */
async function beginRound(run: RoundRun, { emit, leader }: SessionContext): Promise<Begun> {
  const { pool, probe, place, runBaseNs } = run;
  await pool.prepare();
  await probe?.open();
  const nowNs = (): number => Number(monotonicNs() - runBaseNs);
  if (leader === undefined) {
    // Before the base: what the first reading takes must not be taken from the lead.
    const watch = watchOf(run, LEAD_NS, emit);
    return { baseNs: nowNs() + LEAD_NS, watch };
  }
  try {
    const baseNs = Number((await leader.beginAt(place)) - runBaseNs);
    return { baseNs, watch: watchOf(run, baseNs - nowNs(), emit) };
  } catch (error) {
    await probe?.leave();
    throw error;
  }
}

function tellerOf({ place, runBaseNs }: RoundRun, { emit, originNs }: SessionContext): (second: ProbedSecond) => void {
  const originOffsetNs = Number(runBaseNs - (originNs ?? runBaseNs));
  return ({ interval: counts, warmup, startNs, latency }) => {
    const when = { second: counts.start_sec, warmup, startNs: originOffsetNs + startNs };
    emit?.({ type: 'second', of: 'connections', ...place, ...when, counts, latency });
  };
}

/** Whether a leader says when the stages of the round begin. */
function isLed({ exchangePerSec }: RoundRun, { leader }: SessionContext): boolean {
  return leader !== undefined && exchangePerSec !== null;
}

function watchOf(run: RoundRun, leadNs: number, emit: RunContext['emit']): RoundWatch {
  const { plan, pool, attachment, place } = run;
  return new RoundWatch({
    threadIds: pool.threadIds,
    leadNs,
    warmupNs: plan.rampUpNs + plan.warmupNs,
    durationNs: plan.durationNs,
    isStaged: run.exchangePerSec !== null,
    onSecond: (second) => emit?.({ type: 'health', ...place, ...second }),
    readPacket: attachment?.readCounters,
  });
}

function orderOf({ plan, rate, maxLagNs, exchangePerSec }: RoundRun, baseNs: number, isLed: boolean): RoundOrder {
  const { warmupNs, durationNs, count, rampUpNs, rampDownNs } = plan;
  return { rate, baseNs, warmupNs, durationNs, count, rampUpNs, rampDownNs, maxLagNs, exchangePerSec, isLed };
}

/** Where the measured part of a round that was not stopped ends. Without a rate, N attempts take as long as they take. */
function roundEndNs({ plan, rate, pool, runBaseNs }: RoundRun, measureNs: number): number {
  if (plan.count === null || rate !== 'max') return measureNs + plan.durationNs;
  return Number.isFinite(pool.endedNs) ? pool.endedNs : Number(monotonicNs() - runBaseNs);
}
