/** From what the user gave to the checked plans of `saturate` and `search`, or to everything that is wrong with it. */
import type { Criterion } from '../measure/criterion.ts';
import { clientConfig, clientPlan, type ClientInput, type Machine, type Planned } from '../plan/client-plan.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../plan/problem.ts';
import { NS_PER_SEC, formatDuration } from '../plan/quantity.ts';
import { LATENCIES_AT_LEAST } from '../search/floor.ts';
import { portsNeeded } from '../search/port-budget.ts';
import type { Followed } from '../search/profiles.ts';
import type { SaturateOptions } from '../search/saturate.ts';
import { portBudgetOf } from './trial-runner.ts';

/** The options of a client run without those that say what to offer. */
export type LimitInput = Omit<ClientInput, 'rate' | 'ramp' | 'steps'> & {
  readonly 'max-rate': Given<number>;
  readonly 'max-time': Given<number>;
};

export interface SaturateInput extends LimitInput {
  readonly start: Given<number>;
  readonly factor: Given<number>;
  readonly slowdown: Given<number>;
  readonly compare: Given<'base' | 'previous'>;
  readonly goal: Given<Criterion>;
}

export interface SaturatePlan extends SaturateOptions {
  readonly client: ClientPlan;
  readonly goal: Criterion;
  readonly maxTimeNs: number;
}

export interface SearchInput extends LimitInput {
  readonly goal: readonly Given<Criterion>[];
  readonly 'min-rate': Given<number>;
  readonly precision: Given<number>;
  readonly 'explore-duration': Given<number>;
  /** The profile that the values come from, where they do. */
  readonly followed?: Followed | null;
}

export interface SearchPlan {
  readonly client: ClientPlan;
  readonly goals: readonly Criterion[];
  readonly minPerSec: number;
  readonly maxPerSec: number;
  /** A share: 0.02 is 2 %. */
  readonly precision: number;
  readonly exploreNs: number;
  readonly profile: Followed | null;
  readonly maxTimeNs: number;
}

export async function saturatePlan(input: SaturateInput, machine: Machine): Promise<Planned<SaturatePlan>> {
  const client = await planClient(input, machine);
  const problems: Problem[] = 'problems' in client ? [...client.problems] : [];
  checkRates(input.start, input['max-rate'], problems);
  const attempts = (input.start.value * input.duration.value) / NS_PER_SEC;
  if (attempts < LATENCIES_AT_LEAST) {
    const neededNs = Math.ceil(LATENCIES_AT_LEAST / input.start.value) * NS_PER_SEC;
    const expected = `at least ${LATENCIES_AT_LEAST} connections in a step, or its p90 is chance (--duration ${formatDuration(neededNs)} would do)`;
    problems.push(problemOf(input.start, expected));
  }
  if (problems.length > 0 || 'problems' in client) return { problems };
  const plan: SaturatePlan = {
    client: client.plan,
    startPerSec: input.start.value,
    factor: input.factor.value,
    slowdown: input.slowdown.value,
    compare: input.compare.value,
    maxPerSec: input['max-rate'].value,
    goal: input.goal.value,
    maxTimeNs: input['max-time'].value,
  };
  return { plan, notices: [...client.notices, ...portNotices(client.plan, input['max-rate'].value)] };
}

export async function searchPlan(input: SearchInput, machine: Machine): Promise<Planned<SearchPlan>> {
  const client = await planClient(input, machine);
  const problems: Problem[] = 'problems' in client ? [...client.problems] : [];
  checkRates(input['min-rate'], input['max-rate'], problems);
  const exploreNs = exploreDuration(input, problems);
  checkPrecision(input, exploreNs, problems);
  checkGoals(input.goal, problems);
  if (problems.length > 0 || 'problems' in client) return { problems };
  const plan: SearchPlan = {
    client: client.plan,
    goals: input.goal.map(({ value }) => value),
    minPerSec: input['min-rate'].value,
    maxPerSec: input['max-rate'].value,
    precision: input.precision.value,
    exploreNs,
    profile: input.followed ?? null,
    maxTimeNs: input['max-time'].value,
  };
  return { plan, notices: [...client.notices, ...portNotices(client.plan, input['max-rate'].value)] };
}

/**
 * The client's own options, checked for the highest rate that may be offered. Threads that the user does not ask for leave a
 * core free: most trials are far slower, and a pacing thread that waits for a core makes the load uneven.
 */
async function planClient(input: LimitInput, machine: Machine): Promise<Planned<ClientPlan>> {
  const planned = await clientPlan({ ...input, rate: [input['max-rate']] }, machine);
  if ('problems' in planned || input.workers.value !== 'auto') return planned;
  const workers = Math.min(planned.plan.workers, Math.max(1, machine.cpus - 1));
  return { ...planned, plan: { ...planned.plan, workers } };
}

function checkRates(lowest: Given<number>, highest: Given<number>, problems: Problem[]): void {
  if (lowest.value < highest.value) return;
  const [blamed, other] = isExplicit(lowest) ? [lowest, highest] : [highest, lowest];
  const relation = blamed === lowest ? 'below' : 'above';
  problems.push(problemOf(blamed, `a rate ${relation} ${other.label} ${other.text}`));
}

/** Exploratory trials are no longer than the final ones. */
function exploreDuration(input: SearchInput, problems: Problem[]): number {
  const { 'explore-duration': explore, duration } = input;
  if (explore.value <= duration.value) return explore.value;
  if (isExplicit(explore))
    problems.push(problemOf(explore, `at most the ${duration.label} ${duration.text} of a final trial`));
  return duration.value;
}

/** At the lowest rate, an exploratory trial at the precision's distance must differ by one connection at least. */
function checkPrecision(input: SearchInput, exploreNs: number, problems: Problem[]): void {
  const { precision, 'min-rate': min } = input;
  const connections = (min.value * exploreNs) / NS_PER_SEC;
  if (precision.value * connections >= 1) return;
  const neededNs = Math.ceil(10 / (precision.value * min.value)) * (NS_PER_SEC / 10);
  problems.push(
    problemOf(
      precision,
      `at least ${Math.ceil(1e4 / connections) / 100}%, because a trial of ${formatDuration(exploreNs)} at ${min.label} ${min.text} has only ` +
        `${Math.floor(connections)} connections (--explore-duration ${formatDuration(neededNs)} would do, or a higher --min-rate)`,
    ),
  );
}

function checkGoals(goals: readonly Given<Criterion>[], problems: Problem[]): void {
  const seen = new Set<string>();
  for (const goal of goals) {
    if (seen.has(goal.value.expression)) problems.push(problemOf(goal, 'every goal once'));
    seen.add(goal.value.expression);
  }
}

/** With less than this part of --max-rate within reach, the search may well end at its own source ports. */
const PORTS_PART = 4;

/** What the source ports allow, said before the first trial runs into it. */
function portNotices(plan: ClientPlan, maxPerSec: number): string[] {
  const budget = portBudgetOf(plan);
  if (budget === null) return [];
  if (portsNeeded(maxPerSec, plan.durationNs, budget) <= PORTS_PART * budget.ports) return [];
  const restSec = budget.reuseDelayNs / NS_PER_SEC;
  const mostPerSec = Math.floor((budget.ports * NS_PER_SEC) / Math.min(plan.durationNs, budget.reuseDelayNs));
  const reset = plan.finish.kind === 'half-close' ? '--finish echo --close rst' : '--close rst';
  return [
    `${budget.ports} source ports rest for ${restSec} s in TIME_WAIT after each use: trials of ${formatDuration(plan.durationNs)} ` +
      `can have at most ${mostPerSec} connections/s; for more, give addresses (--source), or close with ${reset}`,
  ];
}

export function saturateConfig(plan: SaturatePlan): Record<string, unknown> {
  return {
    ...limitConfig(plan.client),
    start_per_sec: plan.startPerSec,
    factor: plan.factor,
    slowdown: plan.slowdown,
    compare: plan.compare,
    max_rate_per_sec: plan.maxPerSec,
    goal: plan.goal.expression,
    max_time_sec: plan.maxTimeNs / NS_PER_SEC,
  };
}

export function searchConfig(plan: SearchPlan): Record<string, unknown> {
  return {
    ...limitConfig(plan.client),
    goals: plan.goals.map(({ expression }) => expression),
    min_rate_per_sec: plan.minPerSec,
    max_rate_per_sec: plan.maxPerSec,
    precision_percent: Math.round(plan.precision * 1e8) / 1e6,
    explore_duration_sec: plan.exploreNs / NS_PER_SEC,
    max_time_sec: plan.maxTimeNs / NS_PER_SEC,
  };
}

function limitConfig(plan: ClientPlan): Record<string, unknown> {
  // What it offers is not the client's to say.
  return Object.fromEntries(Object.entries(clientConfig(plan)).filter(([name]) => name !== 'rates_per_sec'));
}
