/** Runs one trial after the other on the workers of one session, and lets the target and our ports recover in between. */
import { evenLagNs } from '../schedule/pacer.ts';
import { openSession, type ClientSession, type OpenSession, type SessionContext } from '../client/run.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { sleepNs } from '../runtime/timer.ts';
import { readProcesses, usedBetween } from '../kernel/machine/processes.ts';
import type { RoundResult } from '../document/client.ts';
import type { SearchResult } from '../document/limit.ts';
import type { RunEvent } from '../run/events.ts';
import { formatHostPort } from '../plan/address/address.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { portBudgetOf } from './plan/port-budget.ts';
import type { Neighbour } from './decide/limiting.ts';
import type { TrialOffer } from './decide/quantity.ts';
import { portsNeeded, waitForPortsNs, type PortUse } from './decide/port-budget.ts';
import { loadNs, outlookOf, type Outlook } from './outlook.ts';

/** What runs a trial; a test stands in for it. */
export interface TrialRunner {
  readonly startedAt: Date;
  readonly system: ClientSession['system'];
  readonly notes: ClientSession['notes'];
  /** The machines of a fleet; left out where this machine runs the trials. */
  readonly fleet?: ClientSession['fleet'];
  /** How long `run` waits before this trial: for the target to recover, and for source ports in TIME_WAIT. */
  leadNs(offer: TrialOffer): number;
  /** Begins an outlook on the trials that come next. */
  outlook(): Outlook;
  /** Null where `stop` aborted before the end of the trial, or the workers died. `trial` is its number in the run, from 0. */
  run(offer: TrialOffer, trial: number): Promise<RoundResult | null>;
  readonly failures: ClientSession['failures'];
  /** What other processes used of the processors during the last trial, the most first. */
  neighbours?(): readonly Neighbour[];
  close(): Promise<void>;
}

export type OpenTrials = (plan: ClientPlan, context: SessionContext) => Promise<TrialRunner>;

/** A wait that a person would notice. */
const NOTED_WAIT_NS = 2e9;

/** Opens the trials of this machine. Rejects with `RunError` where no engine can work. */
export const openTrials: OpenTrials = (plan, context) => openTrialsOn(openSession, plan, context);

/** Opens trials that are rounds of the session that `open` opens: this machine's, or a fleet's. */
export async function openTrialsOn(open: OpenSession, plan: ClientPlan, context: SessionContext): Promise<TrialRunner> {
  const { emit, stop } = context;
  const session = await open(plan, context);
  const uses: PortUse[] = [];
  const budget = session.ports === undefined ? portBudgetOf(plan) : session.ports;
  let trials = 0;
  let neighbours: readonly Neighbour[] = [];
  const portWaitNs = (offer: TrialOffer, nowNs: number): number =>
    budget === null
      ? 0
      : waitForPortsNs(budget, uses, portsNeeded(offer.ratePerSec, loadNs(plan, offer), budget), nowNs);
  const recover = async (offer: TrialOffer): Promise<void> => {
    if (trials > 0) await sleepNs(plan.cooldownNs, stop);
    const waitNs = portWaitNs(offer, Number(monotonicNs()));
    if (waitNs > NOTED_WAIT_NS) {
      const sec = Math.ceil(waitNs / 1e9);
      const more =
        session.fleet === undefined ? 'addresses (--source)' : 'addresses of agents (conngen agent --source)';
      const text = `waiting ${sec} s for source ports in TIME_WAIT; more ${more} would spare the wait`;
      emit?.({ type: 'notice', level: 'warning', text });
    }
    await sleepNs(waitNs, stop);
  };
  const isStopped = (): boolean => stop?.aborted === true || session.failures.length > 0;
  return {
    startedAt: session.startedAt,
    system: session.system,
    notes: session.notes,
    ...(session.fleet === undefined ? {} : { fleet: session.fleet }),
    get failures() {
      return session.failures;
    },
    leadNs: (offer) => {
      const cooldownNs = trials > 0 ? plan.cooldownNs : 0;
      return cooldownNs + portWaitNs(offer, Number(monotonicNs()) + cooldownNs);
    },
    outlook: () => outlookOf(plan, { budget, uses, trials, nowNs: Number(monotonicNs()) }),
    run: async (offer, trial) => {
      const { ratePerSec, durationNs, exchangePerSec, isEven } = offer;
      await recover(offer);
      if (isStopped()) return null;
      const maxLagNs = isEven ? evenLagNs(ratePerSec) : Infinity;
      trials += 1;
      const beganNs = monotonicNs();
      const before = readProcesses();
      const round = await session.round({ round: 0, trial }, ratePerSec, { durationNs, maxLagNs, exchangePerSec });
      // Of a fleet the processes of its agents would count.
      neighbours = session.fleet === undefined ? sharesSince(before, beganNs) : [];
      const unmeasured = Math.ceil((ratePerSec * (loadNs(plan, offer) - durationNs)) / 1e9);
      uses.push({ started: round.attempts.started + unmeasured, endNs: Number(monotonicNs()) });
      return isStopped() ? null : round;
    },
    neighbours: () => neighbours,
    close: () => session.close(),
  };
}

/** What each other process used of one processor since a reading, the most first. */
function sharesSince(before: ReturnType<typeof readProcesses>, beganNs: bigint): Neighbour[] {
  const used = usedBetween(before, readProcesses());
  const elapsedUsec = Number(monotonicNs() - beganNs) / 1e3;
  return used.map(({ pid, name, usec }) => ({ pid, name, share: usec / elapsedUsec }));
}

/** What a result says of the machines that the trials ran on. */
export function measuredOn({ system, fleet }: TrialRunner): Pick<SearchResult, 'system' | 'fleet'> {
  return { system, ...(fleet === undefined ? {} : { fleet }) };
}

/** The event that begins a run of trials. `startedAt` is the moment of the origin of its seconds. */
export function runStarted(
  command: 'search' | 'saturate',
  { host, target }: ClientPlan,
  { system, notes }: TrialRunner,
  startedAt: Date,
): RunEvent {
  const { engine } = system;
  return {
    type: 'run-started',
    command,
    startedAt,
    target: formatHostPort(host, target.port),
    engine,
    notes,
    rounds: null,
  };
}
