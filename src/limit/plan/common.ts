/** What the plans of `saturate` and `search` have in common. */
import type { LoadConfig } from '../../document/config.ts';
import { clientConfig, clientPlan, type ClientInput } from '../../plan/client-plan.ts';
import { type Machine, type Planned } from '../../plan/demand/machine.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../../units/problem.ts';
import { NS_PER_SEC, formatDuration } from '../../units/quantity.ts';
import { portsNeeded } from '../decide/port-budget.ts';
import { portBudgetOf } from './port-budget.ts';

/** The options of a client run without those that say what to offer. */
export type LimitInput = Omit<ClientInput, 'rate' | 'ramp' | 'steps'> & {
  readonly 'max-rate': Given<number>;
  readonly 'max-time': Given<number>;
};

/**
 * The client's own options, checked for the highest rate that may be offered. Threads that the user does not ask for leave a
 * core free: most trials are far slower, and a pacing thread that waits for a core makes the load uneven.
 */
export async function planClient(input: LimitInput, machine: Machine): Promise<Planned<ClientPlan>> {
  const planned = await clientPlan({ ...input, rate: [input['max-rate']] }, machine, false);
  if ('problems' in planned || input.workers.value !== 'auto') return planned;
  const workers = Math.min(planned.plan.workers, Math.max(1, machine.cpus - 1));
  return { ...planned, plan: { ...planned.plan, workers } };
}

export function checkRates(lowest: Given<number>, highest: Given<number>, problems: Problem[]): void {
  checkBounds(lowest, highest, 'a rate', problems);
}

export function checkBounds(lowest: Given<number>, highest: Given<number>, what: string, problems: Problem[]): void {
  if (lowest.value < highest.value) return;
  const [blamed, other] = isExplicit(lowest) ? [lowest, highest] : [highest, lowest];
  const relation = blamed === lowest ? 'below' : 'above';
  problems.push(problemOf(blamed, `${what} ${relation} ${other.label} ${other.text}`));
}

/** With less than this part of --max-rate within reach, the search may well end at its own source ports. */
const PORTS_PART = 4;
/** A shorter rest of ports makes no wait that a person would notice. */
const NOTED_REST_NS = 2 * NS_PER_SEC;

/** What the source ports allow, said before the first trial runs into it: how fast a trial can be, and the waits between trials. */
export function portNotices(plan: ClientPlan, maxPerSec: number, maxTimeNs: number): string[] {
  const budget = portBudgetOf(plan);
  if (budget === null) return [];
  const { ports, reuseDelayNs } = budget;
  const isTrialBound = portsNeeded(maxPerSec, plan.durationNs, budget) > PORTS_PART * ports;
  const isWaitLikely = reuseDelayNs > NOTED_REST_NS && portsNeeded(maxPerSec, maxTimeNs, budget) > ports;
  if (!isTrialBound && !isWaitLikely) return [];
  const rest = `${reuseDelayNs / NS_PER_SEC} s`;
  const mostPerSec = Math.floor((ports * NS_PER_SEC) / Math.min(plan.durationNs, reuseDelayNs));
  const says = [`a source port cannot be used again for ${rest}, and there are ${ports}`];
  if (isTrialBound) {
    says.push(`a trial of ${formatDuration(plan.durationNs)} can have at most ${mostPerSec} connections/s`);
  }
  if (isWaitLikely) {
    says.push(`after ${ports} connections within ${rest} the next trial waits for ports, ${rest} at most`);
    if (reuseDelayNs > maxTimeNs) says.push(`such a wait does not fit into --max-time and ends the run`);
  }
  const reset = plan.finish.kind === 'half-close' ? '--finish echo --close rst' : '--close rst';
  return [`${says.join('; ')}. For more, give addresses (--source), or close with ${reset}`];
}

/** Returns what the `config` of a search or a saturation has of the client's. Trials choose the rates, so these are not among it. */
export function limitConfig(plan: ClientPlan): LoadConfig {
  const { rates_per_sec: _chosenByTrials, ...config } = clientConfig(plan);
  return config;
}
