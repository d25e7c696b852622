import { engineSystem, packetSystem } from '../document/system.ts';
import { preferredEngines } from '../plan/engines.ts';
import type { Selection } from '../engine/registry.ts';
import type { Attachment } from '../engine/seam/link.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { sleepNs } from '../runtime/timer.ts';
import { missingEvidenceNotes } from '../kernel/kernel-counters.ts';
import { localPortRange, reservedPorts } from '../kernel/proc.ts';
import { sourceAddressTowards } from '../kernel/route.ts';
import type { FleetUse } from '../document/fleet.ts';
import type { ClientResult, ClockName, IntervalResult, RoundResult } from '../document/client.ts';
import { LoadRound } from '../count/load.ts';
import type { EncodeHistograms, OnSecond } from '../count/seconds.ts';
import { estimateOf } from '../run/estimate.ts';
import type { RoundPlace, RunContext } from '../run/events.ts';
import { formatHostPort } from '../plan/address.ts';
import { clientConfig } from '../plan/client-plan.ts';
import { meanPerSec, roundDurationNs } from '../plan/offer.ts';
import { rateOf } from '../plan/share.ts';
import { roundsLeftNs } from '../plan/round-time.ts';
import type { ClientPlan, RoundRate } from '../plan/plan.ts';
import { ownPortsLine, sourcePortsLine } from '../plan/source-ports.ts';
import { listSources } from '../plan/sources.ts';
import { VERSION } from '../units/version.ts';
import { attachClient } from './attach.ts';
import { Probe, ProbedRound, type ProbedSecond } from './probe.ts';
import { roundResult } from './round-result.ts';
import { RoundWatch } from './round-watch.ts';
import { SinkCrew } from './sink-crew.ts';
import { WorkerPool } from './worker-pool.ts';
import type { RoundOrder } from './worker-protocol.ts';

/** Workers get the message of a round this long before it begins. */
const LEAD_NS = 10e6;
/** How often finished seconds are fetched from the workers. */
const COLLECT_MS = 100;

/** Workers that are ready for one round after the other: each knows which of its source ports are in TIME_WAIT. */
export interface ClientSession {
  /** When it began, which is the base of its clock. */
  readonly startedAt: Date;
  /** Remarks for the log: why engines were passed over, the source ports. */
  readonly notes: readonly string[];
  readonly system: ClientResult['system'];
  /** The machines of a fleet; left out where this machine runs the rounds. */
  readonly fleet?: FleetUse;
  /** The plan as it took effect, where it is not the one that the session was opened with. */
  readonly plan?: ClientPlan;
  /** Of workers that died. A session goes on without them; one without workers runs no further round. */
  readonly failures: readonly { readonly code: string; readonly message: string }[];
  /** Runs a round and tells its events; what the session's plan says holds but for `changes`, which make it a trial. */
  round(place: RoundPlace, rate: RoundRate, changes?: RoundChanges): Promise<RoundResult>;
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

/** What a session is given beside its plan. */
export interface SessionContext extends RunContext {
  /** The moment, as `monotonicNs` has it, from which the seconds count; the start of the session if not given. */
  readonly originNs?: bigint;
}

/** Starts what runs the rounds of a plan: the threads of this machine, or a fleet. */
export type OpenSession = (plan: ClientPlan, context: SessionContext) => Promise<ClientSession>;

/** Runs every round of the plan and returns the result; rejects with `RunError` where no engine can work. */
export async function runClient(
  plan: ClientPlan,
  context: RunContext = {},
  open: OpenSession = openSession,
): Promise<ClientResult> {
  const session = await open(plan, context);
  try {
    const { startedAt, system, notes, fleet } = session;
    const target = formatHostPort(plan.host, plan.target.port);
    const rounds = plan.rates.length;
    context.emit?.({ type: 'run-started', command: 'client', startedAt, target, engine: system.engine, notes, rounds });
    const results = await runRounds(plan, session, context);
    const [failure] = session.failures;
    const result: ClientResult = {
      schema: 'conngen.client/1',
      conngen: VERSION,
      started_at: session.startedAt.toISOString(),
      system,
      ...(fleet === undefined ? {} : { fleet }),
      config: clientConfig(session.plan ?? plan),
      ...(context.stop?.aborted === true ? { interrupted: true } : {}),
      ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
      rounds: results,
    };
    context.emit?.({ type: 'run-ended', result });
    return result;
  } finally {
    await session.close();
  }
}

/** Starts the workers of a plan; rejects with `RunError` where no engine can work. Close it in any case. */
export async function openSession(plan: ClientPlan, context: SessionContext = {}): Promise<ClientSession> {
  const threads = plan.workers + (plan.probeRatePerSec === null ? 0 : 1);
  const preference = preferredEngines(plan.body.sink);
  return startOnEngine({ choice: plan.engine, preference, threads }, (selection) =>
    openSessionOn(selection, plan, context),
  );
}

async function openSessionOn(selection: Selection, plan: ClientPlan, context: SessionContext): Promise<ClientSession> {
  const attachment = await attachClient(plan, selection.name);
  try {
    return await openAttached(selection, plan, context, attachment);
  } catch (error) {
    attachment?.close();
    throw error;
  }
}

async function openAttached(
  { name: engine, notes }: Selection,
  plan: ClientPlan,
  context: SessionContext,
  attachment: Attachment | null,
): Promise<ClientSession> {
  const startedAt = new Date();
  const link = attachment?.link;
  const baseNs = monotonicNs();
  const sources = boundSources(plan);
  const portOffset = Math.random();
  // A thread of it that dies leaves responses unfinished: no round would end.
  const crew = await SinkCrew.start(plan, engine, () => pool.abandon());
  const sink = crew?.sink ?? null;
  const encode = plan.keepsHistograms ? (await import('../count/hdr-histogram.ts')).encodeHistograms : undefined;
  const pool = new WorkerPool(
    Array.from({ length: plan.workers }, (_, worker) => ({
      ...{ plan, engine, worker, baseNs, sources, portOffset, sink },
      link: link === undefined ? null : { ...link, worker },
    })),
  );
  const probe =
    plan.probeRatePerSec === null ? undefined : await Probe.create(plan, plan.probeRatePerSec, engine, baseNs);
  const onStop = (): void => {
    pool.stop();
    probe?.stop();
  };
  context.stop?.addEventListener('abort', onStop);
  const close = async (): Promise<void> => {
    context.stop?.removeEventListener('abort', onStop);
    await Promise.all([pool.close(), probe?.close()]);
    await crew?.close();
  };
  try {
    await Promise.all([pool.ready(), probe?.ready()]);
  } catch (error) {
    await close();
    throw error;
  }
  const system = { ...engineSystem(engine, notes), ...packetSystem(link), workers: plan.workers };
  const parts = { pool, crew, probe, attachment, runBaseNs: baseNs, encode };
  return sessionOf(plan, context, parts, {
    startedAt,
    system,
    notes: [...notes, ...(attachment?.notes ?? []), portsNote(plan), ...missingEvidenceNotes()],
    close: async () => {
      await close();
      attachment?.close();
    },
  });
}

function portsNote({ sourcePorts, packet }: ClientPlan): string {
  if (packet !== null && sourcePorts.kind === 'own') return ownPortsLine(sourcePorts.ranges);
  return sourcePortsLine(sourcePorts, { localPorts: localPortRange(), reservedPorts: reservedPorts() });
}

/** What a session measures with. */
interface SessionParts {
  readonly pool: WorkerPool;
  readonly crew: SinkCrew | null;
  readonly probe: Probe | undefined;
  /** The hold on the interface of the engine; null for an engine that has the kernel's sockets. */
  readonly attachment: Attachment | null;
  readonly runBaseNs: bigint;
  /** Present where the result has histograms. */
  readonly encode: EncodeHistograms | undefined;
}

function sessionOf(
  plan: ClientPlan,
  context: SessionContext,
  parts: SessionParts,
  rest: Pick<ClientSession, 'startedAt' | 'system' | 'notes' | 'close'>,
): ClientSession {
  const { pool, crew, probe } = parts;
  const earlier: RoundResult[] = [];
  return {
    ...rest,
    get failures() {
      return [crew?.failure, ...pool.failures, probe?.failure].filter((failure) => failure !== undefined);
    },
    round: async (place, rate, changes) => {
      const { durationNs = roundDurationNs(plan, rate), maxLagNs = Infinity, exchangePerSec = null } = changes ?? {};
      const isTrial = changes !== undefined;
      const order = { plan: { ...plan, durationNs }, maxLagNs, exchangePerSec, isTrial, place, rate, earlier };
      context.emit?.({ type: 'round-started', ...place, offeredRatePerSec: rateOf(plan.share, meanPerSec(rate)) });
      const result = await runRound({ ...parts, ...order }, context);
      earlier.push(result);
      return result;
    },
  };
}

/** Ports can only be handed out for an address that is known: the given ones, or what the kernel would choose. */
function boundSources(plan: ClientPlan): readonly string[] {
  if (plan.packet !== null) return [];
  if (plan.sources.length > 0 || plan.sourcePorts.kind === 'kernel') return listSources(plan.sources);
  if (process.platform !== 'linux') return [];
  try {
    const address = sourceAddressTowards(plan.target.family, plan.target.address, plan.target.port);
    return address === undefined ? [] : [address];
  } catch {
    // Without koffi there is no way to ask; the kernel then chooses the port too.
    return [];
  }
}

async function runRounds(plan: ClientPlan, session: ClientSession, { emit, stop }: RunContext): Promise<RoundResult[]> {
  const rounds: RoundResult[] = [];
  const beginNs = monotonicNs();
  const tellTime = (): void => {
    const leftNs = roundsLeftNs(plan, rounds.length);
    if (leftNs !== null) emit?.(estimateOf({ elapsedNs: Number(monotonicNs() - beginNs), leftNs }));
  };
  tellTime();
  for (const [index, rate] of plan.rates.entries()) {
    if (stop?.aborted === true || session.failures.length > 0) break;
    rounds.push(await session.round({ round: index }, rate));
    tellTime();
    if (index + 1 < plan.rates.length) await sleepNs(plan.cooldownNs, stop);
  }
  return rounds;
}

interface RoundRun extends SessionParts {
  readonly plan: ClientPlan;
  readonly maxLagNs: number;
  readonly exchangePerSec: number | null;
  readonly isTrial: boolean;
  readonly place: RoundPlace;
  readonly rate: RoundRate;
  readonly earlier: readonly RoundResult[];
}

async function runRound(run: RoundRun, { emit, stop, originNs }: SessionContext): Promise<RoundResult> {
  const { plan, exchangePerSec, pool, crew, probe, runBaseNs, encode, place, rate } = run;
  const workBefore = crew?.summary();
  await pool.prepare();
  await probe?.open();
  const unmeasuredNs = plan.rampUpNs + plan.warmupNs;
  // Before the base: what the first reading takes must not be taken from the lead.
  const watch = watchOf(run, emit);
  const roundBaseNs = Number(monotonicNs() - runBaseNs) + LEAD_NS;
  const measureNs = roundBaseNs + unmeasuredNs;
  const originOffsetNs = Number(runBaseNs - (originNs ?? runBaseNs));
  const tell = ({ interval: counts, warmup, startNs, latency }: ProbedSecond): void => {
    const when = { second: counts.start_sec, warmup, startNs: originOffsetNs + startNs };
    emit?.({ type: 'second', of: 'connections', ...place, ...when, counts, latency });
  };
  const probed = new ProbedRound(probe, measureNs, tell, encode);
  const onSecond: OnSecond<ClockName, IntervalResult> = (...second) => probed.add(...second);
  const merger = new LoadRound(pool.size, measureNs, onSecond, encode);
  const collect = (): void => {
    for (const [worker, reader] of pool.readers.entries())
      reader.drain((bank) => {
        merger.add(bank, worker);
      });
  };
  const collector = setInterval(collect, COLLECT_MS);
  let stopNs = Infinity;
  const onStop = (): void => {
    stopNs = Number(monotonicNs() - runBaseNs);
    watch.endSchedule();
  };
  stop?.addEventListener('abort', onStop, { once: true });
  try {
    await Promise.all([pool.round(orderOf(run, roundBaseNs)), probed.run(roundBaseNs, plan.durationNs)]);
  } finally {
    clearInterval(collector);
    stop?.removeEventListener('abort', onStop);
  }
  const evidence = watch.end();
  collect();
  salvageDead(pool, merger, runBaseNs);
  merger.finish();
  const durationNs = Math.max(0, Math.min(roundEndNs(run, measureNs), stopNs) - measureNs);
  const result = probed.beside(
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
  emit?.({ type: 'round-ended', ...place, result, latency: probed.latencyBeside(merger.total.latencyByClock()) });
  return result;
}

function watchOf({ plan, pool, attachment, place }: RoundRun, emit: RunContext['emit']): RoundWatch {
  return new RoundWatch({
    threadIds: pool.threadIds,
    leadNs: LEAD_NS,
    warmupNs: plan.rampUpNs + plan.warmupNs,
    durationNs: plan.durationNs,
    onSecond: (second) => emit?.({ type: 'health', ...place, ...second }),
    readPacket: attachment?.readCounters,
  });
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
function salvageDead(pool: WorkerPool, merger: LoadRound, runBaseNs: bigint): void {
  for (const { worker } of pool.failures) {
    const nowNs = Number(monotonicNs() - runBaseNs);
    pool.readers[worker]!.salvage(nowNs, (bank) => {
      merger.add(bank, worker);
    });
    merger.abandon(worker, nowNs);
  }
}
