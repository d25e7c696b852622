/** A fleet in this process: agents and controllers on a carrier in memory. The agents' sessions and what they open are real. */
import type { Test } from 'tap';
import { thisMachine } from '../../src/cli/machine.ts';
import type { OpenSession } from '../../src/client/run.ts';
import { startAgent } from '../../src/fleet/agent/agent.ts';
import { LoadSession } from '../../src/fleet/controller/load-session.ts';
import { fleetMachine } from '../../src/fleet/controller/machine.ts';
import { openRun, type OpenCall } from '../../src/fleet/controller/open.ts';
import { FleetPings } from '../../src/fleet/controller/ping-session.ts';
import { valuesOf } from '../../src/fleet/controller/values.ts';
import { readOptions } from '../../src/options/read.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { RTT_OPTIONS } from '../../src/options/tables/rtt.ts';
import type { OpenPingSession } from '../../src/ping/run.ts';
import { LOOPBACK_TARGETS } from '../../src/plan/address/allowed-targets.ts';
import { clientPlan } from '../../src/plan/client-plan.ts';
import type { Machine, Planned } from '../../src/plan/demand/machine.ts';
import { rttPlan, type RttPlan } from '../../src/plan/ping-plan.ts';
import type { ClientPlan } from '../../src/plan/plan.ts';
import { MemoryCarrier, type MemoryBus } from '../fleet/memory-bus.ts';

export interface MemoryFleet {
  readonly carrier: MemoryCarrier;
  /** The connections of the agents, by name. */
  readonly buses: ReadonlyMap<string, MemoryBus>;
  /** Lines of all agents. */
  readonly log: readonly string[];
}

/** Starts agents that may aim at loopback. They end with the test. */
export async function startFleet(t: Test, names: readonly string[]): Promise<MemoryFleet> {
  const carrier = new MemoryCarrier();
  const log: string[] = [];
  const buses = new Map(names.map((name) => [name, carrier.connect()]));
  const agents = await Promise.all(
    [...buses].map(([name, bus]) => {
      const write = (text: string): void => void log.push(`${name}: ${text}`);
      return startAgent({
        ...{ bus, name, own: {}, trusted: new Map(), machine: thisMachine, keepDirectory: null },
        limits: { targets: LOOPBACK_TARGETS, maxRatePerSec: null, maxDurationNs: 3600e9 },
        log: { info: write, warn: write, error: write },
      });
    }),
  );
  t.teardown(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await Promise.all([...buses.values()].map((bus) => bus.close()));
  });
  return { carrier, buses, log };
}

type Values = Readonly<Record<string, string | readonly string[]>>;

/** A plan for a fleet, and what opens its sessions. `bus`: the controller's connection, once it is there. */
export interface FleetCommand<Plan, Open> {
  readonly plan: Plan;
  readonly open: Open;
  bus: MemoryBus | null;
}

function callOf(
  carrier: MemoryCarrier,
  agents: OpenCall['choice']['agents'],
  weights: Readonly<Record<string, number>>,
) {
  const files = { keyFile: null, credentialsFile: null, caFile: null, certFile: null, certKeyFile: null };
  const servers = { servers: ['memory'], user: null, password: null, token: null };
  return {
    choice: { servers, agents, weights: new Map(Object.entries(weights)), ...files },
    ...{ key: null, controller: 'test@here', files: {}, serve: () => () => undefined },
    guard: () => () => undefined,
    ...{ trialsUpToPerSec: null, isInStages: false, carrier },
  };
}

async function planned<Plan>(plan: (machine: Machine) => Promise<Planned<Plan>>): Promise<Plan> {
  const found = await plan(fleetMachine(undefined));
  if ('problems' in found) throw new Error(JSON.stringify(found.problems));
  return found.plan;
}

/** `conngen client` with these options, on so many agents. */
export async function clientOn(
  { carrier }: MemoryFleet,
  count: number,
  values: Values,
  weights: Readonly<Record<string, number>> = {},
): Promise<FleetCommand<ClientPlan, OpenSession>> {
  const { input, problems } = readOptions(CLIENT_OPTIONS, { ...RAW, values });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const plan = await planned((machine) => clientPlan(input, machine));
  const call = callOf(carrier, agentsOf(count, weights), weights);
  const command: FleetCommand<ClientPlan, OpenSession> = {
    plan,
    bus: null,
    open: async (plan, context) => {
      command.bus = carrier.connect();
      const { engine } = plan;
      const connect = (): Promise<MemoryBus> => Promise.resolve(command.bus!);
      const more = { command: 'client', called: 'client', plan, engine, connect } as const;
      const opened = await openRun({ ...call, ...more, values: valuesOf(input, CLIENT_OPTIONS) }, context);
      return LoadSession.create(opened, plan, context);
    },
  };
  return command;
}

/** `conngen rtt` in the same way. */
export async function rttOn(
  { carrier }: MemoryFleet,
  count: number,
  values: Values,
): Promise<FleetCommand<RttPlan, OpenPingSession>> {
  const { input } = readOptions(RTT_OPTIONS, { ...RAW, values });
  const plan = await planned((machine) => rttPlan(input, machine));
  const call = callOf(carrier, agentsOf(count, {}), {});
  const command: FleetCommand<RttPlan, OpenPingSession> = {
    plan,
    bus: null,
    open: async (_plan, context) => {
      command.bus = carrier.connect();
      const { engine } = plan;
      const connect = (): Promise<MemoryBus> => Promise.resolve(command.bus!);
      const more = { command: 'rtt', called: 'rtt', plan, engine, connect } as const;
      const opened = await openRun({ ...call, ...more, values: valuesOf(input, RTT_OPTIONS) }, context);
      return FleetPings.create(opened, plan, context);
    },
  };
  return command;
}

const RAW = { command: 'conngen', flags: new Map<string, readonly string[]>(), extra: [], env: {} };

/** Weights name the agents. */
function agentsOf(count: number, weights: Readonly<Record<string, number>>): OpenCall['choice']['agents'] {
  const names = Object.keys(weights);
  return names.length > 0 ? { kind: 'names', names } : { kind: 'count', count };
}
