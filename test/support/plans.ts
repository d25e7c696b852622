/** Plans from what a user would type, for tests that want a plan and no process. */
import { existsSync, readFileSync } from 'node:fs';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { RTT_OPTIONS } from '../../src/options/tables/rtt.ts';
import { SERVER_OPTIONS } from '../../src/options/tables/server.ts';
import type { OptionTable } from '../../src/units/option.ts';
import { readOptions, type RawInput } from '../../src/options/read.ts';
import { clientPlan } from '../../src/plan/client-plan.ts';
import { type Machine } from '../../src/plan/demand/machine.ts';
import { rttPlan, type RttPlan } from '../../src/plan/ping-plan.ts';
import { serverPlan } from '../../src/plan/server-plan.ts';
import type { ClientPlan, ServerPlan } from '../../src/plan/plan.ts';
import { accept, formatProblem, refuse } from '../../src/units/problem.ts';

function isLoopback(address: string): boolean {
  return /^(127\.|::1$)/.test(address);
}

/** Has the loopback addresses and no others. */
export const MACHINE: Machine = {
  fdLimit: 20_000,
  hasDirectDescriptors: false,
  cpus: 2,
  localPorts: { first: 32_768, last: 60_999 },
  allowedCpus: [0, 1],
  mtuTowards: () => 1500,
  missingSources: async (addresses) => addresses.filter((address) => !isLoopback(address)),
  isOwnAddress: async (address) => isLoopback(address),
};

export type Typed = Readonly<Record<string, string | readonly string[]>>;

export function rawInput(typed: Typed, env: RawInput['env'] = {}, command = 'conngen client'): RawInput {
  const flags = new Map(
    Object.entries(typed).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]),
  );
  const config = flags.get('config')?.[0] ?? env['CONNGEN_CONFIG'];
  const read = (path: string): RawInput['config'] =>
    existsSync(path) ? accept(readFileSync(path, 'utf8')) : refuse('a file that exists');
  return { command, flags, extra: [], env, ...(config === undefined ? {} : { config: read(config) }) };
}

/** Every problem as it is printed; empty where there is none. */
export interface PlanOrProblems<P> {
  readonly plan: P | null;
  readonly notices: readonly string[];
  readonly problems: readonly string[];
}

export function planClient(typed: Typed, machine: Machine = MACHINE): Promise<PlanOrProblems<ClientPlan>> {
  return planFrom(CLIENT_OPTIONS, typed, (input) => clientPlan(input, machine));
}

export function planServer(typed: Typed, machine: Machine = MACHINE): Promise<PlanOrProblems<ServerPlan>> {
  return planFrom(SERVER_OPTIONS, typed, (input) => serverPlan(input, machine));
}

export function planRtt(typed: Typed, machine: Machine = MACHINE): Promise<PlanOrProblems<RttPlan>> {
  return planFrom(RTT_OPTIONS, typed, (input) => rttPlan(input, machine));
}

async function planFrom<Table extends OptionTable, P>(
  table: Table,
  typed: Typed,
  plan: (
    input: ReturnType<typeof readOptions<Table>>['input'],
  ) => ReturnType<typeof clientPlan | typeof serverPlan | typeof rttPlan>,
): Promise<PlanOrProblems<P>> {
  const { input, problems } = readOptions(table, rawInput(typed));
  const planned = await plan(input);
  const all = [...problems, ...('problems' in planned ? planned.problems : [])];
  return {
    plan: 'plan' in planned && all.length === 0 ? (planned.plan as P) : null,
    notices: 'plan' in planned ? planned.notices : [],
    problems: all.map(formatProblem),
  };
}
