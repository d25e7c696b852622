/** An agent's part of a client's run, or of the trials of a search. */
import { clientResult, openSession, type ClientSession } from '../../client/run.ts';
import { askedOf } from '../../doctor/client-start.ts';
import { runDoctor } from '../../doctor/examine.ts';
import type { RoundResult } from '../../document/client.ts';
import type { Check } from '../../document/doctor.ts';
import { reuseDelayNs } from '../../kernel/proc.ts';
import { CLIENT_OPTIONS } from '../../options/tables/client.ts';
import { formatHostPort } from '../../plan/address/address.ts';
import { clientPlan, type ClientInput } from '../../plan/client-plan.ts';
import type { ClientPlan, RoundRate } from '../../plan/plan.ts';
import { restingPorts } from '../../plan/ports/resting-ports.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { formatPerSec } from '../../units/format.ts';
import type { Opened, Refusal } from '../protocol.ts';
import { RunLimits, refusePlan } from '../trust/plan-limits.ts';
import { tryClient } from './first-connection.ts';
import {
  readOrdered,
  refuseEngine,
  refusalOf,
  refusedOptions,
  type OpenOrder,
  type OpenedShare,
  type ShareContext,
} from './share-session.ts';

/** Plans and checks the agent's part, tries one connection, and starts its workers. Never rejects: what stops it is a refusal. */
export async function openClientShare(order: OpenOrder, context: ShareContext): Promise<OpenedShare> {
  const read = readOrdered(CLIENT_OPTIONS, order, context.own);
  if ('refused' in read) return read;
  const refusedEngine = await refuseEngine(read.input.engine.value);
  if (refusedEngine !== null) return { refused: refusedEngine };
  const planned = await planShare(read.input, order, context);
  if ('refused' in planned) return planned;
  const { plan, notices, input } = planned;
  const refused = refusePlan(plan, context.limits, order);
  if (refused !== null) return { refused };
  const examined = await examine(input, plan, order, context);
  if ('refused' in examined) return examined;
  const tried = await tryClient(plan);
  if (tried !== null && 'refused' in tried) return tried;
  const notes = [...notices, ...(tried === null ? [] : [tried.note])];
  try {
    const { leader, stop, emit } = context;
    const session = await openSession(plan, { leader, stop, emit });
    return shareOf(session, plan, order, context, openedOf(session, plan, notes, examined.checks));
  } catch (error) {
    return { refused: refusalOf('failed', error) };
  }
}

/** A plan of the agent's part, and the input that it was made of. */
interface PlannedShare {
  readonly plan: ClientPlan;
  readonly notices: readonly string[];
  readonly input: ClientInput;
}

async function planShare(
  read: ClientInput,
  order: OpenOrder,
  { machine }: ShareContext,
): Promise<PlannedShare | { readonly refused: Refusal }> {
  const { share, portsPart, trialsUpToPerSec, isInStages } = order;
  const isRateKnown = trialsUpToPerSec === null;
  const input = isRateKnown ? read : { ...read, rate: [trialRate(trialsUpToPerSec)] };
  const planned = await clientPlan(input, machine, isRateKnown, share, portsPart);
  if ('problems' in planned) return refusedOptions(planned.problems);
  // As trials on one machine: a thread of the load that waits for a core makes it uneven.
  const spared = Math.max(1, machine.cpus - 1);
  const isAuto = !isRateKnown && input.workers.value === 'auto';
  const workers = isAuto ? Math.min(planned.plan.workers, spared) : planned.plan.workers;
  return { plan: { ...planned.plan, workers, isInStages }, notices: planned.notices, input };
}

function trialRate(perSec: number): ClientInput['rate'][number] {
  return { value: perSec, text: `${perSec}/s`, label: '--max-rate', origin: 'flag' };
}

/** What the doctor finds. Where trials find the rate, no finding is certain to stop them. */
async function examine(
  input: ClientInput,
  plan: ClientPlan,
  { trialsUpToPerSec }: OpenOrder,
  { machine }: ShareContext,
): Promise<{ readonly checks: readonly Check[] } | { readonly refused: Refusal }> {
  const { checks } = await runDoctor(plan, askedOf(input, plan, machine));
  const found = checks.filter(({ status }) => status === 'problem' || status === 'warning');
  const problems = trialsUpToPerSec === null ? found.filter(({ status }) => status === 'problem') : [];
  const [first] = problems;
  if (first === undefined) return { checks: found };
  const message = `the doctor found ${problems.map(({ id, why }) => `${id}: ${why}`).join(' ')}`;
  return { refused: { code: 'doctor', message, ...(first.fix === null ? {} : { hint: first.fix }) } };
}

function openedOf(
  session: ClientSession,
  plan: ClientPlan,
  notices: readonly string[],
  checks: readonly Check[],
): Opened {
  return {
    system: session.system,
    notes: [...notices, ...session.notes],
    checks,
    workers: plan.workers,
    maxInFlight: plan.maxInFlight,
    isFdBound: plan.isFdBound,
    ports: restingPorts(plan, reuseDelayNs),
    address: plan.target.address,
  };
}

function shareOf(
  session: ClientSession,
  plan: ClientPlan,
  order: OpenOrder,
  { limits }: ShareContext,
  opened: Opened,
): OpenedShare {
  const { trialsUpToPerSec, share } = order;
  const isTrial = trialsUpToPerSec !== null;
  return {
    opened,
    target: formatHostPort(plan.host, plan.target.port),
    asked: isTrial ? `up to ${formatPerSec(trialsUpToPerSec)}` : plan.rates.map(rateText).join(', '),
    limits: new RunLimits(plan, limits, share, monotonicNs),
    get failures() {
      return session.failures;
    },
    round: ({ place, rate, durationNs, maxLagNs, exchangePerSec }) => {
      // Without changes the round is judged as one of a client, not as a trial.
      if (!isTrial && durationNs === null && maxLagNs === null && exchangePerSec === null)
        return session.round(place, rate);
      const changes = {
        ...(durationNs === null ? {} : { durationNs }),
        ...(maxLagNs === null ? {} : { maxLagNs }),
        ...(exchangePerSec === null ? {} : { exchangePerSec }),
      };
      return session.round(place, rate, changes);
    },
    shift: (shiftNs) => session.shift(shiftNs),
    lease: (untilNs) => session.lease(untilNs),
    result: (rounds, isInterrupted) => clientResult(session, plan, rounds as readonly RoundResult[], isInterrupted),
    close: () => session.close(),
  };
}

function rateText(rate: RoundRate): string {
  if (rate === 'max') return 'max';
  return typeof rate === 'number'
    ? formatPerSec(rate)
    : `${formatPerSec(rate.fromPerSec)} to ${formatPerSec(rate.toPerSec)}`;
}
