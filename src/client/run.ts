import { engineSystem, packetSystem } from '../document/system.ts';
import { preferredEngines } from '../plan/engines.ts';
import type { Selection } from '../engine/registry.ts';
import type { Attachment } from '../engine/seam/link.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { sleepNs } from '../runtime/timer.ts';
import { missingEvidenceNotes } from '../kernel/kernel-counters.ts';
import { localPortRange, reservedPorts } from '../kernel/proc.ts';
import { sourceAddressTowards } from '../kernel/net/towards.ts';
import type { FleetUse } from '../document/fleet.ts';
import type { ClientResult, RoundResult } from '../document/client.ts';
import { estimateOf } from '../run/estimate.ts';
import type { RoundPlace, RunContext } from '../run/events.ts';
import { formatHostPort } from '../plan/address/address.ts';
import { clientConfig } from '../plan/client-plan.ts';
import { meanPerSec, roundDurationNs } from '../plan/load/offer.ts';
import { rateOf } from '../plan/fleet/share.ts';
import { roundsLeftNs } from '../plan/load/round-time.ts';
import type { ClientPlan, RoundRate } from '../plan/plan.ts';
import { ownPortsLine, sourcePortsLine } from '../plan/ports/source-ports.ts';
import { listSources } from '../plan/address/sources.ts';
import { VERSION } from '../units/version.ts';
import { attachClient } from './attach.ts';
import { Probe } from './probe.ts';
import { runRound, type SessionContext, type SessionParts } from './round.ts';
import { SinkCrew } from './sink-crew.ts';
import { WorkerPool } from './worker-pool.ts';

export type { SessionContext } from './round.ts';

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
  /**
   * Shifts the due times and the end of the round under way by `shiftNs` since its begin, where its clock and that of the schedule drift
   * apart. Takes effect within a second. The seconds that are reported stay on this machine's clock.
   */
  shift(shiftNs: number): void;
  /**
   * Has nothing started from `untilNs` on, in ns of CLOCK_MONOTONIC, until a later call moves that time. What comes due meanwhile waits.
   * Pacing threads look by themselves, so it holds also where the main thread stands still. Without a call there is no such time.
   */
  lease(untilNs: bigint): void;
  /** Ports over all source addresses, and how long one rests, for the waits between trials; left out: as the plan has them. Null: none of them rests. */
  readonly ports?: { readonly ports: number; readonly reuseDelayNs: number } | null;
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
    const { startedAt, system, notes } = session;
    const target = formatHostPort(plan.host, plan.target.port);
    const rounds = plan.rates.length;
    context.emit?.({ type: 'run-started', command: 'client', startedAt, target, engine: system.engine, notes, rounds });
    const results = await runRounds(plan, session, context);
    const result = clientResult(session, session.plan ?? plan, results, context.stop?.aborted === true);
    context.emit?.({ type: 'run-ended', result });
    return result;
  } finally {
    await session.close();
  }
}

/** Returns the result of the rounds that a session has run. `isInterrupted`: a signal or a controller ended the run early. */
export function clientResult(
  { startedAt, system, fleet, failures }: ClientSession,
  plan: ClientPlan,
  rounds: readonly RoundResult[],
  isInterrupted: boolean,
): ClientResult {
  const [failure] = failures;
  return {
    schema: 'conngen.client/1',
    conngen: VERSION,
    started_at: startedAt.toISOString(),
    system,
    ...(fleet === undefined ? {} : { fleet }),
    config: clientConfig(plan),
    ...(isInterrupted ? { interrupted: true } : {}),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    rounds,
  };
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
    shift: (shiftNs) => {
      pool.shift(shiftNs);
      probe?.shift(shiftNs);
    },
    lease: (untilNs) => {
      const ns = Number(untilNs - parts.runBaseNs);
      pool.lease(ns);
      probe?.lease(ns);
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
