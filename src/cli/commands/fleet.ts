/** `conngen fleet`: the agents that are there, and the key that signs what they are told. */
import type { FleetResult } from '../../document/fleet.ts';
import type { Bus } from '../../fleet/bus/bus.ts';
import { withoutFollowOn } from '../../options/follow-on.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { FLEET_COMMAND_OPTIONS } from '../../options/tables/fleet.ts';
import { FORMAT_NAMES } from '../../document/formats.ts';
import {
  connectionProblems,
  fleetConnection,
  formatServers,
  type FleetConnection,
} from '../../plan/fleet/fleet-choice.ts';
import type { Planned } from '../../plan/demand/machine.ts';
import { isExplicit, problemOf, type Problem } from '../../units/problem.ts';
import type { Handler } from '../command-row.ts';
import { handlerOf, type Command } from '../command.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems, type Io } from '../process/io.ts';
import { answeringSignals, type StopRequest } from '../process/signals.ts';

const read = (raw: RawInput) => readOptions(FLEET_COMMAND_OPTIONS, raw);
type FleetInput = ReturnType<typeof read>['input'];

export const FLEET: Command<FleetInput, FleetConnection, FleetResult> = {
  hasPlainLog: true,
  opensNoSinks: true,
  read,
  plan: (input) => Promise.resolve(fleetPlan(input)),
  run: async (plan) => {
    // Loaded here: what refuses its input needs no connection.
    const { listAgents } = await import('../../fleet/agent-list.ts');
    const bus = await connect(plan);
    try {
      return await listAgents(bus, formatServers(plan.servers));
    } finally {
      await bus.close();
    }
  },
  exitCodeOf: ({ agents }) => (agents.length === 0 ? EXIT_FAILED : EXIT_DONE),
};

const listCommand = handlerOf(FLEET);

/** Returns the exit code: 1 where no agent answered, or the NATS server did not. */
export const fleetCommand: Handler = async (raw, io, commands) => {
  const { input, problems, warnings } = read(raw);
  if (input.action.value === 'list' && !input.watch.value) return listCommand(raw, io, commands);
  const planned = fleetPlan(input);
  const all = [
    ...problems,
    ...(input.action.value === 'list' && 'problems' in planned ? withoutFollowOn(planned.problems, problems) : []),
    ...misfits(input),
  ];
  if (all.length > 0) {
    printProblems(io, all, raw.command, warnings);
    return EXIT_USAGE;
  }
  if (input.action.value === 'keygen') {
    const { fleetKeygen } = await import('../fleet-keygen.ts');
    return fleetKeygen(input.out, io);
  }
  return answeringSignals(io, (stop) =>
    'problems' in planned ? Promise.resolve(EXIT_USAGE) : watch(planned.plan, io, stop),
  );
};

function fleetPlan(input: FleetInput): Planned<FleetConnection> {
  const { fleet } = input;
  const missing: Problem = {
    option: '--fleet',
    got: null,
    expected: 'the NATS server of the fleet, such as nats://10.0.0.1:4222',
  };
  if (fleet === undefined) return { problems: [...connectionProblems(input), missing] };
  const problems = [...connectionProblems(input), ...misfits(input)];
  return problems.length > 0 ? { problems } : { plan: fleetConnection(input, fleet), notices: [] };
}

/** Options that belong to another action. */
function misfits(input: FleetInput): Problem[] {
  const isKeygen = input.action.value === 'keygen';
  const problems: Problem[] = [];
  if (!isKeygen && isExplicit(input.out)) {
    problems.push(problemOf(input.out, 'keygen as the action: only that writes keys'));
  }
  if (isKeygen && input.watch.value) problems.push(problemOf(input.watch, 'list as the action'));
  for (const format of FORMAT_NAMES) {
    const given = input[format];
    if (given === undefined) continue;
    if (isKeygen) problems.push(problemOf(given, 'list as the action: keys are written with --out'));
    else if (input.watch.value) problems.push(problemOf(given, 'no --watch beside it: a file holds one list'));
  }
  return problems;
}

async function connect(plan: FleetConnection): Promise<Bus> {
  const [{ connectBus }, { busOptionsOf }] = await Promise.all([
    import('../../fleet/bus/nats.ts'),
    import('../../fleet/connection.ts'),
  ]);
  return connectBus(busOptionsOf(plan, 'conngen fleet'));
}

async function watch(plan: FleetConnection, io: Io, stop: StopRequest): Promise<number> {
  const [{ AgentWatch }, { watchView }] = await Promise.all([
    import('../../fleet/agent-watch.ts'),
    import('../fleet-watch.ts'),
  ]);
  const bus = await connect(plan);
  const agents = new AgentWatch(bus);
  try {
    await agents.begin();
    return await watchView({ bus, agents, url: formatServers(plan.servers) }, io, stop);
  } finally {
    agents.end();
    await bus.close();
  }
}
