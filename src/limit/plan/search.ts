/** From what the user gave to the checked plan of `search`, or to everything that is wrong with it. */
import type { SearchConfig } from '../../document/config.ts';
import { unmeasured, type Criterion } from '../../judge/criterion.ts';
import { affordableInFlight } from '../../plan/client-plan.ts';
import { type Machine, type Planned } from '../../plan/demand/machine.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../../units/problem.ts';
import { NS_PER_SEC, formatDuration } from '../../units/quantity.ts';
import { countPorts } from '../../plan/ports/source-ports.ts';
import { countSources } from '../../plan/address/sources.ts';
import { PORT_MAX } from '../../units/quantity.ts';
import type { Followed } from '../../plan/profiles.ts';
import { offerOf, type SearchRange } from '../decide/quantity.ts';
import { type Quantity } from '../../plan/load/limit-quantity.ts';
import { checkBounds, checkRates, limitConfig, planClient, portNotices, type LimitInput } from './common.ts';
import { checkMaxTime } from '../time-limit.ts';

export interface SearchInput extends Omit<LimitInput, 'payload'> {
  readonly goal: readonly Given<Criterion>[];
  /** A search each. */
  readonly payload: readonly Given<string>[];
  readonly quantity: readonly Given<Quantity>[];
  readonly connections?: Given<number> | undefined;
  readonly 'attempt-rate': Given<number>;
  readonly 'min-connections': Given<number>;
  readonly 'max-connections': Given<number>;
  readonly 'min-rate': Given<number>;
  readonly precision: Given<number>;
  readonly 'explore-duration': Given<number>;
  /** The profile that the values come from, where they do. */
  readonly followed?: Followed | null;
}

export interface PlannedMeasure extends SearchRange {
  readonly client: ClientPlan;
}

export interface SearchPlan {
  /** Searched one after the other. */
  readonly measures: readonly PlannedMeasure[];
  /** There are several payloads, with a measure each. */
  readonly hasPayloads: boolean;
  readonly goals: readonly Criterion[];
  /** A share: 0.02 is 2 %. */
  readonly precision: number;
  readonly exploreNs: number;
  readonly profile: Followed | null;
  readonly maxTimeNs: number;
}

export async function searchPlan(input: SearchInput, machine: Machine): Promise<Planned<SearchPlan>> {
  const payloads = input.payload.length > 0 ? input.payload : [undefined];
  const planned = await Promise.all(payloads.map((payload) => planSearched({ ...input, payload }, machine)));
  const problems: Problem[] = [];
  // What is wrong with one is wrong with all, but for the payload itself.
  for (const each of planned) if ('problems' in each) addNew(each.problems, problems);
  checkRates(input['min-rate'], input['max-rate'], problems);
  const exploreNs = exploreDuration(input, problems);
  checkPrecision(input, exploreNs, problems);
  checkGoals(input.goal, problems);
  problems.push(...unmeasured(input.goal, input));
  checkStages(input, problems);
  const clients = planned.flatMap((each) => ('plan' in each ? [each.plan] : []));
  const measures = clients.flatMap((client) => measuresOf(input, client));
  const [first] = measures;
  if (first !== undefined) {
    checkMaxTime(
      input['max-time'],
      first.client,
      offerOf(first, first.minLoad, exploreNs),
      '--explore-duration',
      problems,
    );
  }
  if (problems.length > 0) return { problems };
  const plan: SearchPlan = {
    measures,
    hasPayloads: clients.length > 1,
    goals: input.goal.map(({ value }) => value),
    precision: input.precision.value,
    exploreNs,
    profile: input.followed ?? null,
    maxTimeNs: input['max-time'].value,
  };
  const notices = new Set(planned.flatMap((each) => ('notices' in each ? each.notices : [])));
  return { plan, notices: [...notices, ...searchNotices(input, plan)] };
}

function addNew(found: readonly Problem[], problems: Problem[]): void {
  const known = new Set(problems.map((each) => JSON.stringify(each)));
  problems.push(...found.filter((each) => !known.has(JSON.stringify(each))));
}

/** Connections of a trial in stages whose number is neither given nor searched. */
const CONNECTIONS_DEFAULT = 1000;

/** Whether the connections of a trial act together: where they are what is counted, or where a number of them is given. */
function isInStages({ quantity, connections }: Pick<SearchInput, 'quantity' | 'connections'>): boolean {
  return connections !== undefined || quantity.some(({ value }) => value !== 'rate');
}

/** The client of a search, with room for all that a trial may have open. */
async function planSearched(
  input: Omit<SearchInput, 'payload'> & Pick<LimitInput, 'payload'>,
  machine: Machine,
): Promise<Planned<ClientPlan>> {
  if (!isInStages(input)) return planClient(input, machine);
  const most = mostConnections(input, machine);
  const rate = input.quantity.some(({ value }) => value === 'rate') ? input['max-rate'] : input['attempt-rate'];
  const planned = await planClient(
    { ...input, 'max-in-flight': input['max-in-flight'] ?? most, 'max-rate': rate },
    machine,
  );
  return 'plan' in planned ? { ...planned, plan: { ...planned.plan, isInStages: true } } : planned;
}

/** The most connections of a trial. A default gives way to what the limit of open files allows. */
function mostConnections(input: SearchInput | Omit<SearchInput, 'payload'>, machine: Machine): Given<number> {
  const { connections, 'max-connections': max } = input;
  if (!input.quantity.some(({ value }) => value === 'connections')) {
    return connections ?? { ...max, value: CONNECTIONS_DEFAULT };
  }
  const searched = isExplicit(max) ? max : { ...max, value: Math.min(max.value, machineConnections(input, machine)) };
  return (connections?.value ?? 0) > searched.value ? connections! : searched;
}

function machineConnections(input: Omit<SearchInput, 'payload'>, machine: Machine): number {
  return Math.max(1, affordableInFlight({ ...input, payload: undefined, rate: [] }, machine));
}

function measuresOf(input: SearchInput, client: ClientPlan): PlannedMeasure[] {
  const inStages = isInStages(input);
  const common = { precision: input.precision.value, attemptPerSec: input['attempt-rate'].value };
  const rates = { ...common, minLoad: input['min-rate'].value, maxLoad: input['max-rate'].value };
  const connections = inStages ? (input.connections?.value ?? CONNECTIONS_DEFAULT) : null;
  return input.quantity.map(({ value: quantity }): PlannedMeasure => {
    if (quantity === 'rate') return { ...rates, quantity, connections, client };
    if (quantity === 'teardown') return { ...rates, quantity, connections, client: tearingDown(client) };
    const max = input['max-connections'];
    const room = Math.min(client.maxInFlight, portsOf(client));
    const maxLoad = isExplicit(max) ? max.value : Math.max(input['min-connections'].value, Math.min(max.value, room));
    return {
      ...common,
      quantity,
      connections: null,
      minLoad: input['min-connections'].value,
      maxLoad,
      isWhole: true,
      client,
    };
  });
}

/** Closed from both sides: our FIN, then the peer's. That is what a half-close without a payload is. */
function tearingDown(client: ClientPlan): ClientPlan {
  return { ...client, finish: { kind: 'half-close' }, payload: client.payload.subarray(0, 0) };
}

/** Source ports over all addresses, each of which an open connection has for itself. */
function portsOf({ sources, sourcePorts }: ClientPlan): number {
  return Math.max(1, countSources(sources)) * (sourcePorts.kind === 'own' ? countPorts(sourcePorts.ranges) : PORT_MAX);
}

function searchNotices(input: SearchInput, plan: SearchPlan): string[] {
  const counted = plan.measures.find(({ quantity }) => quantity === 'connections');
  if (counted !== undefined) {
    const max = input['max-connections'];
    if (isExplicit(max) || counted.maxLoad >= max.value) return [];
    return [
      `no trial has more than ${counted.maxLoad} connections, which is what source ports and the limit of open files allow here (more: --source, ulimit -n)`,
    ];
  }
  const [first] = plan.measures;
  return first === undefined || isInStages(input)
    ? []
    : portNotices(first.client, input['max-rate'].value, input['max-time'].value);
}

/** What trials in stages cannot have, and what only they have. */
function checkStages(input: SearchInput, problems: Problem[]): void {
  const seen = new Set<Quantity>();
  for (const each of input.quantity) {
    if (seen.has(each.value)) problems.push(problemOf(each, 'every quantity once'));
    seen.add(each.value);
  }
  if (seen.has('connections')) {
    checkBounds(input['min-connections'], input['max-connections'], 'a number', problems);
  }
  if (!isInStages(input)) return;
  const alone = (given: Given<unknown> | undefined, isUsed: boolean): void => {
    if (given !== undefined && isUsed)
      problems.push(
        problemOf(given, 'to be left out where the connections of a trial act together (--quantity, --connections)'),
      );
  };
  for (const given of [input.warmup, input['ramp-up'], input['ramp-down']]) alone(given, given.value > 0);
  alone(input['first-byte-timeout'], true);
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
  if (isInStages(input)) {
    const counted = input.quantity.map(({ value }): [string, number] =>
      value === 'connections'
        ? [input['min-connections'].label, input['min-connections'].value]
        : [input.connections?.label ?? '--connections', input.connections?.value ?? CONNECTIONS_DEFAULT],
    );
    const [label, fewest] = counted.reduce((least, each) => (each[1] < least[1] ? each : least));
    if (precision.value * fewest >= 1) return;
    problems.push(
      problemOf(
        precision,
        `at least ${Math.ceil(1e4 / fewest) / 100}%, because a trial can have only ${fewest} connections ` +
          `(${label} ${Math.ceil(1 / precision.value)} would do)`,
      ),
    );
    return;
  }
  const connections = (min.value * exploreNs) / NS_PER_SEC;
  if (precision.value * connections >= 1) return;
  const neededNs = Math.ceil(10 / (precision.value * min.value)) * (NS_PER_SEC / 10);
  // An exploratory trial is no longer than a final one.
  const final = neededNs <= input.duration.value ? '' : ` with ${input.duration.label} ${formatDuration(neededNs)}`;
  const longer = `--explore-duration ${formatDuration(neededNs)}${final}`;
  problems.push(
    problemOf(
      precision,
      `at least ${Math.ceil(1e4 / connections) / 100}%${isExplicit(precision) ? '' : ' (not its default)'}, because a trial of ${formatDuration(exploreNs)} ` +
        `at ${min.label} ${min.text} has only ${Math.floor(connections)} connections (${longer} would do, or a higher --min-rate)`,
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

/** Returns the `config` of a result: every option as it took effect. */
export function searchConfig(plan: SearchPlan): SearchConfig {
  const [first] = plan.measures;
  const ofRate = plan.measures.find(({ quantity }) => quantity !== 'connections');
  const ofCount = plan.measures.find(({ quantity }) => quantity === 'connections');
  const inStages = first!.client.isInStages;
  return {
    ...limitConfig(first!.client),
    ...(plan.hasPayloads ? { payload_files: plan.measures.map(({ client }) => client.payloadFile) } : {}),
    goals: plan.goals.map(({ expression }) => expression),
    quantities: [...new Set(plan.measures.map(({ quantity }) => quantity))],
    min_rate_per_sec: ofRate?.minLoad ?? null,
    max_rate_per_sec: ofRate?.maxLoad ?? null,
    ...(inStages
      ? {
          attempt_rate_per_sec: first!.attemptPerSec,
          connections: ofRate?.connections ?? null,
          min_connections: ofCount?.minLoad ?? null,
          max_connections: ofCount?.maxLoad ?? null,
        }
      : {}),
    precision_percent: Math.round(plan.precision * 1e8) / 1e6,
    explore_duration_sec: plan.exploreNs / NS_PER_SEC,
    max_time_sec: plan.maxTimeNs / NS_PER_SEC,
  };
}
