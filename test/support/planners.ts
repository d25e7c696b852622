/** Every command that makes a plan, from the raw input to its plan or to all that is wrong with it; nothing is opened or sent. */
import { TABLES, type CommandName } from '../../src/cli/commands.ts';
import { AGENT_OPTIONS } from '../../src/options/tables/agent.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { COMPARE_OPTIONS } from '../../src/options/tables/compare.ts';
import { COMPLETION_OPTIONS } from '../../src/options/tables/completion.ts';
import { DEMO_OPTIONS } from '../../src/options/tables/demo.ts';
import { DOCTOR_OPTIONS } from '../../src/options/tables/doctor.ts';
import { FLEET_COMMAND_OPTIONS } from '../../src/options/tables/fleet.ts';
import { LAB_OPTIONS } from '../../src/options/tables/lab.ts';
import { REPORT_OPTIONS } from '../../src/options/tables/report.ts';
import { RTT_OPTIONS } from '../../src/options/tables/rtt.ts';
import { SATURATE_OPTIONS } from '../../src/options/tables/saturate.ts';
import { SERVER_OPTIONS } from '../../src/options/tables/server.ts';
import { loadConfig } from '../../src/cli/config-file.ts';
import { planLab } from '../../src/lab/plan.ts';
import { readSearchOptions } from '../../src/limit/plan/profile.ts';
import { readOptions, type RawInput } from '../../src/options/read.ts';
import { clientPlan } from '../../src/plan/client-plan.ts';
import { type Machine, type Planned } from '../../src/plan/demand/machine.ts';
import type { Problem } from '../../src/units/problem.ts';
import { rttPlan } from '../../src/plan/ping-plan.ts';
import { serverPlan } from '../../src/plan/server-plan.ts';
import { saturatePlan } from '../../src/limit/plan/saturate.ts';
import { searchPlan } from '../../src/limit/plan/search.ts';

export interface Outcome {
  /** Null where there is a problem. */
  readonly plan: unknown;
  readonly problems: readonly Problem[];
  readonly messages: readonly string[];
}

const OTHERS = Object.values(TABLES);
const SYSTEM = { kernel: '6.1', node: '20.19.0', cpus: 2, cpu_model: 'none' };

const PLANNERS: Readonly<Record<CommandName, (raw: RawInput, machine: Machine) => Promise<Outcome>>> = {
  client: (raw, machine) => outcomeOf(readOptions(CLIENT_OPTIONS, raw), (input) => clientPlan(input, machine)),
  doctor: (raw, machine) => outcomeOf(readOptions(DOCTOR_OPTIONS, raw), (input) => clientPlan(input, machine)),
  search: (raw, machine) => outcomeOf(readSearchOptions(raw), (input) => searchPlan(input, machine)),
  saturate: (raw, machine) => outcomeOf(readOptions(SATURATE_OPTIONS, raw), (input) => saturatePlan(input, machine)),
  server: (raw, machine) => outcomeOf(readOptions(SERVER_OPTIONS, raw), (input) => serverPlan(input, machine)),
  rtt: (raw, machine) => outcomeOf(readOptions(RTT_OPTIONS, raw), (input) => rttPlan(input, machine)),
  agent: (raw) => outcomeOf(readOptions(AGENT_OPTIONS, raw), async (input) => ({ plan: { ...input }, notices: [] })),
  lab: (raw) =>
    outcomeOf(readOptions(LAB_OPTIONS, raw), async (input) => {
      const planned = await planLab({ ...input, list: { ...input.list, value: true } }, SYSTEM, '0', new Date(0));
      return 'problems' in planned ? planned : { plan: planned.times, notices: [] };
    }),
  report: (raw) => outcomeOf(readOptions(REPORT_OPTIONS, raw), async (input) => ({ plan: { ...input }, notices: [] })),
  compare: (raw) =>
    outcomeOf(readOptions(COMPARE_OPTIONS, raw), async (input) => ({ plan: { ...input }, notices: [] })),
  fleet: (raw) =>
    outcomeOf(readOptions(FLEET_COMMAND_OPTIONS, raw), async (input) => ({ plan: { ...input }, notices: [] })),
  completion: (raw) =>
    outcomeOf(readOptions(COMPLETION_OPTIONS, raw), async (input) => ({ plan: { ...input }, notices: [] })),
  demo: (raw) => outcomeOf(readOptions(DEMO_OPTIONS, raw), async (input) => ({ plan: { ...input }, notices: [] })),
};

/** Rejects where planning throws, which it never should. A file that `--config` names is read before, as the command line does, unless `raw` has its content. */
export async function planOf(command: CommandName, raw: RawInput, machine: Machine): Promise<Outcome> {
  const config = raw.config ?? (await loadConfig(raw));
  return PLANNERS[command]({ ...raw, others: OTHERS, ...(config !== undefined && { config }) }, machine);
}

async function outcomeOf<Input>(
  read: { readonly input: Input; readonly problems: readonly Problem[]; readonly warnings: readonly string[] },
  plan: (input: Input) => Promise<Planned<unknown>>,
): Promise<Outcome> {
  const planned = await plan(read.input);
  const problems = [...read.problems, ...('problems' in planned ? planned.problems : [])];
  const notices = 'notices' in planned ? planned.notices : [];
  return {
    plan: problems.length === 0 && 'plan' in planned ? planned.plan : null,
    problems,
    messages: [...read.warnings, ...notices],
  };
}
