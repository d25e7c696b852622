/** Plans and sessions of a command that runs on a fleet. Loaded where `--fleet` is given, and only there. */
import { createHash } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { OpenSession } from '../client/run.ts';
import { connectBus } from '../fleet/bus/nats.ts';
import { readNatsFiles, type NatsFiles } from '../fleet/bus/nats-options.ts';
import { busOptionsOf } from '../fleet/connection.ts';
import { LoadSession } from '../fleet/controller/load-session.ts';
import { fleetMachine } from '../fleet/controller/machine.ts';
import { openRun, type OpenCall } from '../fleet/controller/open.ts';
import { FleetPings } from '../fleet/controller/ping-session.ts';
import { trialValues, valuesOf, type Values } from '../fleet/controller/values.ts';
import { OfferedFiles } from '../fleet/files.ts';
import type { FileRef } from '../fleet/protocol.ts';
import { loadSigningKey, type SigningKey } from '../fleet/trust/keys.ts';
import { CLIENT_OPTIONS } from '../options/tables/client.ts';
import { RTT_OPTIONS } from '../options/tables/rtt.ts';
import type { OpenPingSession } from '../ping/run.ts';
import type { FleetConfig } from '../document/fleet.ts';
import { fleetChoice, fleetConfig, type FleetChoice, type FleetInput } from '../plan/fleet/fleet-choice.ts';
import type { Machine, Planned } from '../plan/demand/machine.ts';
import { peakPerSec } from '../plan/load/offer.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { beforeHardEnd } from './process/ending.ts';
import { problemOf, type Given, type Problem } from '../units/problem.ts';

/** What planning for a fleet changes in a plan. */
export interface FleetChanges {
  readonly fleet: FleetConfig;
  /** The engine that was asked for. */
  readonly engine: string;
}

/** Puts the changes into a plan, or into the plans of its trials. */
export type FleetPlanning<Plan> = (plan: Plan, changes: FleetChanges) => Plan;

/** What was read for an input while it was planned, for its run. */
interface Prepared {
  readonly offered: OfferedFiles;
  readonly key: SigningKey | null;
  readonly natsFiles: Promise<NatsFiles>;
}

const PREPARED = new WeakMap<object, Prepared>();

/** Options of which each agent has its own, where a plan of this machine would ask the machine. */
interface MachineInput {
  readonly engine?: Given<string>;
  readonly 'source-ports'?: Given<unknown> | undefined;
}

/** Plans for a machine without limits of its own; each agent holds its share against itself. */
export async function planForFleet<Input extends FleetInput, Plan>(
  input: Input,
  plan: (input: Input, machine: Machine) => Promise<Planned<Plan>>,
  place: FleetPlanning<Plan>,
): Promise<Planned<Plan>> {
  const offered = new OfferedFiles();
  const { key, problems } = await keyOf(input);
  const planned = await plan(withoutMachine(input), fleetMachine(offered.loadFrom()));
  if ('problems' in planned) return { problems: [...planned.problems, ...problems] };
  if (problems.length > 0) return { problems };
  const choice = fleetChoice(input);
  const engine = (input as MachineInput).engine?.value ?? 'auto';
  // Without a choice there are problems elsewhere, and nothing runs.
  if (choice === null) return planned;
  const natsFiles = readNatsFiles(busOptionsOf(choice, 'conngen'));
  // Read here, because a signal ends what waits for a pipe before the run. What cannot be used is told after the problems of the input.
  await Promise.allSettled([natsFiles]);
  PREPARED.set(input, { offered, key, natsFiles });
  return { ...planned, plan: place(planned.plan, { fleet: fleetConfig(choice), engine }) };
}

/** The input without what only an agent can answer: the interface of an engine, and the ports. */
function withoutMachine<Input extends MachineInput & FleetInput>(input: Input): Input {
  const { engine, 'source-ports': ports } = input;
  const kernelPorts = { value: { kind: 'kernel' }, text: 'kernel', label: '--source-ports', origin: 'default' };
  return {
    ...input,
    ...(engine?.value === 'packet' ? { engine: { ...engine, value: 'auto' } } : {}),
    ...('source-ports' in input && ports === undefined ? { 'source-ports': kernelPorts } : {}),
  };
}

async function keyOf(input: FleetInput): Promise<{ key: SigningKey | null; problems: Problem[] }> {
  const given = input['fleet-key'];
  if (given === undefined) return { key: null, problems: [] };
  const loaded = await loadSigningKey(given.value);
  return loaded.ok ? { key: loaded.value, problems: [] } : { key: null, problems: [problemOf(given, loaded.expected)] };
}

/** What opens the rounds of `client`, or of trials, on the agents. Sessions of one command after the other have the same agents. */
export function loadSessions(input: FleetInput, called: 'client' | 'search' | 'saturate'): OpenSession {
  const { offered, key, natsFiles } = PREPARED.get(input)!;
  let choice = fleetChoice(input)!;
  return async (plan, context) => {
    const values = called === 'client' ? valuesOf(input, CLIENT_OPTIONS) : trialValues(input, plan, CLIENT_OPTIONS);
    const opened = await openRun(
      {
        ...common({ choice, key, called, values, offered, natsFiles }),
        command: 'client',
        plan,
        engine: plan.engine,
        files: filesOf(values, offered, plan),
        trialsUpToPerSec: called === 'client' ? null : highestOf(plan),
        isInStages: plan.isInStages,
      },
      context,
    );
    choice = { ...choice, agents: { kind: 'names', names: opened.run.members.map(({ name }) => name) } };
    return LoadSession.create(opened, plan, context);
  };
}

export function pingSessions(input: FleetInput): OpenPingSession {
  const { offered, key, natsFiles } = PREPARED.get(input)!;
  const choice = fleetChoice(input)!;
  const values = valuesOf(input, RTT_OPTIONS);
  return async (plan, context) => {
    const opened = await openRun(
      {
        ...common({ choice, key, called: 'rtt', values, offered, natsFiles }),
        command: 'rtt',
        plan,
        engine: plan.engine,
        files: {},
        trialsUpToPerSec: null,
        isInStages: false,
      },
      context,
    );
    return FleetPings.create(opened, plan, context);
  };
}

interface Common {
  readonly choice: FleetChoice;
  readonly key: SigningKey | null;
  readonly called: OpenCall['called'];
  readonly values: Values;
  readonly offered: OfferedFiles;
  readonly natsFiles: Promise<NatsFiles>;
}

function common({ choice, key, called, values, offered, natsFiles }: Common) {
  const serve: OpenCall['serve'] = (bus, run) => offered.serve(bus, run);
  const connect: OpenCall['connect'] = async (options) => connectBus(options, await natsFiles);
  return {
    choice,
    key,
    called,
    values,
    serve,
    controller: thisController(),
    connect,
    guard: beforeHardEnd,
  };
}

/** The files that the values name. Several payloads have one name of an option: its file is that of the plan. */
function filesOf(values: Values, offered: OfferedFiles, plan: ClientPlan): Record<string, FileRef> {
  const files = Object.fromEntries(Object.entries(offered.files).filter(([option]) => option in values));
  if (!('payload' in files)) return files;
  const sha256 = createHash('sha256').update(plan.payload).digest('hex');
  return { ...files, payload: { sha256, bytes: plan.payload.length } };
}

/** The highest rate of trials. */
function highestOf({ rates }: ClientPlan): number {
  return Math.max(...rates.map((rate) => peakPerSec(rate) ?? 0));
}

/** Who asks, for the logs of agents and for other users. */
function thisController(): string {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // Containers may run as a user without a name.
  }
  return `${user}@${hostname()}`;
}
