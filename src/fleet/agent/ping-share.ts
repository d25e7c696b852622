/** An agent's part of a run of round trips. */
import type { RttRound } from '../../document/rtt.ts';
import { RTT_OPTIONS } from '../../options/tables/rtt.ts';
import { openPingSession, rttResult, type PingSession } from '../../ping/run.ts';
import { formatHostPort } from '../../plan/address/address.ts';
import { rttPlan, type RttPlan } from '../../plan/ping-plan.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { formatPerSec } from '../../units/format.ts';
import { RunLimits, refusePlan } from '../trust/plan-limits.ts';
import { tryPings } from './first-connection.ts';
import {
  readOrdered,
  refuseEngine,
  refusalOf,
  refusedOptions,
  type OpenOrder,
  type OpenedShare,
  type ShareContext,
} from './share-session.ts';

/** Plans the agent's part, tries one connection, and starts its thread. Never rejects: what stops it is a refusal. */
export async function openPingShare(order: OpenOrder, context: ShareContext): Promise<OpenedShare> {
  const read = readOrdered(RTT_OPTIONS, order, context.own);
  if ('refused' in read) return read;
  const refusedEngine = await refuseEngine(read.input.engine.value);
  if (refusedEngine !== null) return { refused: refusedEngine };
  const planned = await rttPlan(read.input, context.machine, order.share);
  if ('problems' in planned) return refusedOptions(planned.problems);
  const { plan, notices } = planned;
  const refused = refusePlan(plan, context.limits, order);
  if (refused !== null) return { refused };
  const { leader, stop, emit } = context;
  try {
    const tried = await tryPings(plan);
    if (tried !== null && 'refused' in tried) return tried;
    const notes = [...notices, ...(tried === null ? [] : [tried.note])];
    return shareOf(await openPingSession(plan, { leader, stop, emit }), plan, order, context, notes);
  } catch (error) {
    return { refused: refusalOf('failed', error) };
  }
}

function shareOf(
  session: PingSession,
  plan: RttPlan,
  { share }: OpenOrder,
  { limits }: ShareContext,
  notices: readonly string[],
): OpenedShare {
  return {
    opened: {
      system: { ...session.system, workers: 1 },
      notes: [...notices, ...session.notes],
      checks: [],
      workers: 1,
      maxInFlight: plan.connections * Math.max(...plan.depths),
      isFdBound: false,
      ports: null,
      address: plan.target.address,
    },
    target: formatHostPort(plan.host, plan.target.port),
    asked: plan.rates.map((rate) => (rate === 'max' ? 'max' : formatPerSec(rate))).join(', '),
    limits: new RunLimits(plan, limits, share, monotonicNs),
    get failures() {
      return session.failures;
    },
    round: ({ place }) => session.round(place.round),
    shift: (shiftNs) => session.shift(shiftNs),
    lease: (untilNs) => session.lease(untilNs),
    result: (rounds, isInterrupted) => rttResult(session, plan, rounds as readonly RttRound[], isInterrupted),
    close: () => session.close(),
  };
}
