import { engineSystem } from '../document/system.ts';
import { preferredEngines } from '../plan/engines.ts';
import type { Selection } from '../engine/registry.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { sleepNs } from '../runtime/timer.ts';
import { missingEvidenceNotes } from '../kernel/kernel-counters.ts';
import { localPortRange, reservedPorts } from '../kernel/proc.ts';
import { sourceAddressTowards } from '../kernel/route.ts';
import type { ClientResult, IntervalResult, RoundResult } from '../document/client.ts';
import type { LatencyHistogram } from '../count/histogram.ts';
import { RoundMerger, type IntervalDetail } from '../count/round-tally.ts';
import { clientConfig } from '../plan/client-plan.ts';
import { meanPerSec, roundDurationNs } from '../plan/offer.ts';
import type { ClientPlan, RoundRate } from '../plan/plan.ts';
import { sourcePortsLine } from '../plan/source-ports.ts';
import { VERSION } from '../units/version.ts';
import { Probe, ProbedRound } from './probe.ts';
import { roundResult } from './round-result.ts';
import { RoundWatch } from './round-watch.ts';
import { SinkCrew } from './sink-crew.ts';
import { WorkerPool } from './worker-pool.ts';
import type { RoundOrder } from './worker-protocol.ts';

/** What a caller of `runClient` is told while it runs. Nothing here is on a pacing thread. */
export interface ClientRunHooks {
  /** Once, before the first connection: the engine that was chosen, why others were passed over, and the source ports. */
  onStart?(info: { engine: string; workers: number; notes: readonly string[]; startedAt: Date }): void;
  onRoundStart?(round: { index: number; count: number; offeredRatePerSec: number | null }): void;
  /**
   * Once a second; `roundIndex` counts from 0. Warm-up intervals are told too, with `warmup` true. With a probe, when its
   * figures of that second are there.
   */
  onInterval?(roundIndex: number, interval: IntervalResult, warmup: boolean): void;
  /** The same seconds, at once and without the probe. `detail` is valid during the call. */
  onIntervalDetail?(roundIndex: number, interval: IntervalResult, warmup: boolean, detail: IntervalDetail): void;
  /** All that the round counted after its warm-up, by clock. Valid during the call. */
  onRoundEnd?(roundIndex: number, latency: readonly LatencyHistogram[]): void;
  /** Something worth a line in the log. */
  onNotice?(message: string): void;
  /** When it aborts, the run starts nothing more, drains for at most 5 s and reports. */
  readonly stop?: AbortSignal;
}

/** Workers get the message of a round this long before it begins. */
const LEAD_NS = 10e6;
/** How often finished seconds are fetched from the workers. */
const COLLECT_MS = 100;

/** Workers that are ready for one round after the other: each knows which of its source ports are in TIME_WAIT. */
export interface ClientSession {
  /** When it began. */
  readonly startedAt: Date;
  readonly system: ClientResult['system'];
  /** Of workers that died. A session goes on without them; one without workers runs no further round. */
  readonly failures: readonly { readonly code: string; readonly message: string }[];
  /** Runs a round; what the session's plan says holds but for `changes`, which make it a trial. `index` is for the hooks. */
  round(index: number, rate: RoundRate, changes?: RoundChanges): Promise<RoundResult>;
  close(): Promise<void>;
}

/** What a round may have for itself. */
export interface RoundChanges {
  readonly durationNs?: number;
  /** What is later than this is missed instead of started in a burst. */
  readonly maxLagNs?: number;
  /** Where the plan is in stages, and only there: exchanges begun a second. */
  readonly exchangePerSec?: number | null;
}

/** Runs every round of the plan and returns the result; rejects with `RunError` where no engine can work. */
export async function runClient(plan: ClientPlan, hooks: ClientRunHooks = {}): Promise<ClientResult> {
  const session = await openSession(plan, hooks);
  try {
    const rounds = await runRounds(plan, session, hooks);
    const [failure] = session.failures;
    return {
      schema: 'conngen.client/1',
      conngen: VERSION,
      started_at: session.startedAt.toISOString(),
      system: session.system,
      config: clientConfig(plan),
      ...(hooks.stop?.aborted === true ? { interrupted: true } : {}),
      ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
      rounds,
    };
  } finally {
    await session.close();
  }
}

/** Starts the workers of a plan; rejects with `RunError` where no engine can work. Close it in any case. */
export async function openSession(plan: ClientPlan, hooks: ClientRunHooks = {}): Promise<ClientSession> {
  const threads = plan.workers + (plan.probeRatePerSec === null ? 0 : 1);
  const preference = preferredEngines(plan.body.sink);
  return startOnEngine({ choice: plan.engine, preference, threads }, (selection) =>
    openSessionOn(selection, plan, hooks),
  );
}

async function openSessionOn(
  { name: engine, notes }: Selection,
  plan: ClientPlan,
  hooks: ClientRunHooks,
): Promise<ClientSession> {
  const startedAt = new Date();
  const baseNs = monotonicNs();
  const sources = boundSources(plan);
  const portOffset = Math.random();
  // A thread of it that dies leaves responses that nobody finishes: no round would end.
  const crew = await SinkCrew.start(plan, engine, () => pool.abandon());
  const sink = crew?.sink ?? null;
  const pool = new WorkerPool(
    Array.from({ length: plan.workers }, (_, worker) => ({ plan, engine, worker, baseNs, sources, portOffset, sink })),
  );
  const probe =
    plan.probeRatePerSec === null ? undefined : await Probe.create(plan, plan.probeRatePerSec, engine, baseNs);
  const onStop = (): void => {
    pool.stop();
    probe?.stop();
  };
  hooks.stop?.addEventListener('abort', onStop);
  const close = async (): Promise<void> => {
    hooks.stop?.removeEventListener('abort', onStop);
    await Promise.all([pool.close(), probe?.close()]);
    await crew?.close();
  };
  try {
    await Promise.all([pool.ready(), probe?.ready()]);
  } catch (error) {
    await close();
    throw error;
  }
  const ports = sourcePortsLine(plan.sourcePorts, { localPorts: localPortRange(), reservedPorts: reservedPorts() });
  hooks.onStart?.({ engine, workers: plan.workers, notes: [...notes, ports, ...missingEvidenceNotes()], startedAt });
  const system = { ...engineSystem(engine, notes), workers: plan.workers };
  return sessionOf(plan, hooks, { pool, crew, probe, runBaseNs: baseNs }, { startedAt, system, close });
}

/** What a session measures with. */
interface SessionParts {
  readonly pool: WorkerPool;
  readonly crew: SinkCrew | null;
  readonly probe: Probe | undefined;
  readonly runBaseNs: bigint;
}

function sessionOf(
  plan: ClientPlan,
  hooks: ClientRunHooks,
  parts: SessionParts,
  rest: Pick<ClientSession, 'startedAt' | 'system' | 'close'>,
): ClientSession {
  const { pool, crew, probe } = parts;
  const earlier: RoundResult[] = [];
  return {
    ...rest,
    get failures() {
      return [crew?.failure, ...pool.failures, probe?.failure].filter((failure) => failure !== undefined);
    },
    round: async (index, rate, changes) => {
      const { durationNs = roundDurationNs(plan, rate), maxLagNs = Infinity, exchangePerSec = null } = changes ?? {};
      const isTrial = changes !== undefined;
      const order = { plan: { ...plan, durationNs }, maxLagNs, exchangePerSec, isTrial, index, rate, earlier };
      const result = await runRound({ ...parts, ...order }, hooks);
      earlier.push(result);
      return result;
    },
  };
}

/** Ports can only be handed out for an address that is known: the given ones, or what the kernel would choose. */
function boundSources(plan: ClientPlan): readonly string[] {
  if (plan.sources.length > 0 || plan.sourcePorts.kind === 'kernel') return plan.sources;
  if (process.platform !== 'linux') return [];
  try {
    const address = sourceAddressTowards(plan.target.family, plan.target.address, plan.target.port);
    return address === undefined ? [] : [address];
  } catch {
    // Without koffi there is no way to ask; the kernel then chooses the port too.
    return [];
  }
}

async function runRounds(plan: ClientPlan, session: ClientSession, hooks: ClientRunHooks): Promise<RoundResult[]> {
  const rounds: RoundResult[] = [];
  for (const [index, rate] of plan.rates.entries()) {
    if (hooks.stop?.aborted === true || session.failures.length > 0) break;
    hooks.onRoundStart?.({ index, count: plan.rates.length, offeredRatePerSec: meanPerSec(rate) });
    rounds.push(await session.round(index, rate));
    if (index + 1 < plan.rates.length) await sleepNs(plan.cooldownNs, hooks.stop);
  }
  return rounds;
}

interface RoundRun extends SessionParts {
  readonly plan: ClientPlan;
  readonly maxLagNs: number;
  readonly exchangePerSec: number | null;
  readonly isTrial: boolean;
  readonly index: number;
  readonly rate: RoundRate;
  readonly earlier: readonly RoundResult[];
}

async function runRound(run: RoundRun, hooks: ClientRunHooks): Promise<RoundResult> {
  const { plan, exchangePerSec, pool, crew, probe, runBaseNs, index, rate } = run;
  const workBefore = crew?.summary();
  await pool.prepare();
  await probe?.open();
  const unmeasuredNs = plan.rampUpNs + plan.warmupNs;
  // Before the base: what the first reading takes must not be taken from the lead.
  const watch = new RoundWatch(pool.threadIds, LEAD_NS, unmeasuredNs, plan.durationNs);
  const roundBaseNs = Number(monotonicNs() - runBaseNs) + LEAD_NS;
  const measureNs = roundBaseNs + unmeasuredNs;
  const probed = new ProbedRound(probe, measureNs, (each, warmup) => hooks.onInterval?.(index, each, warmup));
  const merger = new RoundMerger(pool.size, measureNs, (interval, warmup, detail) => {
    hooks.onIntervalDetail?.(index, interval, warmup, detail);
    probed.add(interval, warmup);
  });
  const collect = (): void => {
    for (const [worker, reader] of pool.readers.entries())
      reader.drain((bank) => {
        merger.add(worker, bank);
      });
  };
  const collector = setInterval(collect, COLLECT_MS);
  let stopNs = Infinity;
  const onStop = (): void => {
    stopNs = Number(monotonicNs() - runBaseNs);
    watch.endSchedule();
  };
  hooks.stop?.addEventListener('abort', onStop, { once: true });
  try {
    await Promise.all([pool.round(orderOf(run, roundBaseNs)), probed.run(roundBaseNs, plan.durationNs)]);
  } finally {
    clearInterval(collector);
    hooks.stop?.removeEventListener('abort', onStop);
  }
  const evidence = watch.end();
  collect();
  salvageDead(pool, merger, runBaseNs);
  merger.finish();
  hooks.onRoundEnd?.(index, merger.total.latency);
  const durationNs = Math.max(0, Math.min(roundEndNs(run, measureNs), stopNs) - measureNs);
  return probed.beside(
    roundResult({
      plan,
      merger,
      rate,
      exchangePerSec,
      isTrial: run.isTrial,
      durationNs,
      evidence,
      gc: pool.gc,
      workersDied: pool.failures.length,
      sinkWork: crew?.summary(workBefore),
      earlier: run.earlier,
    }),
  );
}

function orderOf({ plan, rate, maxLagNs, exchangePerSec }: RoundRun, baseNs: number): RoundOrder {
  const { warmupNs, durationNs, count, rampUpNs, rampDownNs } = plan;
  return { rate, baseNs, warmupNs, durationNs, count, rampUpNs, rampDownNs, maxLagNs, exchangePerSec };
}

/** Where the measured part of a round that was not stopped ends. Without a rate, N attempts take as long as they take. */
function roundEndNs({ plan, rate, pool, runBaseNs }: RoundRun, measureNs: number): number {
  if (plan.count === null || rate !== 'max') return measureNs + plan.durationNs;
  return Number.isFinite(pool.endedNs) ? pool.endedNs : Number(monotonicNs() - runBaseNs);
}

/** Takes over what workers that died had counted, and ends what they had open. */
function salvageDead(pool: WorkerPool, merger: RoundMerger, runBaseNs: bigint): void {
  for (const { worker } of pool.failures) {
    const nowNs = Number(monotonicNs() - runBaseNs);
    pool.readers[worker]!.salvage(nowNs, (bank) => {
      merger.add(worker, bank);
    });
    merger.abandon(worker, nowNs);
  }
}
