/** `conngen agent`: a machine of a fleet. */
import type { Agent, AgentOptions } from '../../fleet/agent/agent.ts';
import type { OwnOptions } from '../../fleet/agent/own-options.ts';
import type { BusOptions } from '../../fleet/bus/bus.ts';
import { ANSWERS } from '../../fleet/protocol.ts';
import type { TrustedKeys } from '../../fleet/trust/keys.ts';
import { AGENT_OPTIONS } from '../../options/tables/agent.ts';
import { withoutFollowOn } from '../../options/follow-on.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { LOOPBACK_TARGETS } from '../../plan/address/allowed-targets.ts';
import { connectionProblems, formatServers, type FleetServers } from '../../plan/fleet/fleet-choice.ts';
import { ownProblems } from '../../plan/fleet/own-problems.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import type { Handler } from '../command-row.ts';
import { thisMachine } from '../machine.ts';
import { EXIT_DONE, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems, type Io } from '../process/io.ts';
import { openLog } from '../process/log.ts';
import { answeringSignals, type StopRequest } from '../process/signals.ts';

const read = (raw: RawInput) => readOptions(AGENT_OPTIONS, raw);
type AgentInput = ReturnType<typeof read>['input'];

/** Returns the exit code, when a signal has ended it. */
export const agentCommand: Handler = (raw, io) => answeringSignals(io, (stop) => runAgent(raw, io, stop));

async function runAgent(raw: RawInput, io: Io, stop: StopRequest): Promise<number> {
  const { input, problems, warnings } = read(raw);
  const { trusted, problems: keyProblems } = await loadTrust(input.trust);
  const allProblems = [
    ...problems,
    ...missing(input, problems),
    ...withoutFollowOn(connectionProblems(input), problems),
    ...keyProblems,
  ];
  const { fleet } = input;
  if (allProblems.length > 0 || fleet === undefined) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const placeProblems = [...(await ownProblems(input, thisMachine())), ...(await prepareKeep(input.keep))];
  if (placeProblems.length > 0) {
    printProblems(io, placeProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const log = await openLog(io, { quiet: input.quiet.value });
  for (const warning of warnings) log.warn(warning);
  // Loaded here: what refuses its input needs neither NATS nor an engine.
  const [{ connectBus }, { startAgent }, { defaultName }] = await Promise.all([
    import('../../fleet/bus/nats.ts'),
    import('../../fleet/agent/agent.ts'),
    import('../../fleet/agent/description.ts'),
  ]);
  const name = input.name?.value ?? defaultName();
  const bus = await connectBus(busOptionsOf(input, fleet.value, name));
  try {
    const options: AgentOptions = {
      ...{ bus, name, trusted, log, own: ownOptions(input), machine: thisMachine },
      limits: {
        targets:
          input['allow-target'].length === 0 ? LOOPBACK_TARGETS : input['allow-target'].map(({ value }) => value),
        maxRatePerSec: input['max-rate']?.value ?? null,
        maxDurationNs: input['max-duration'].value,
      },
      keepDirectory: input.keep?.value ?? null,
    };
    const agent = await startAgent(options);
    log.info(startedText(agent, fleet.value));
    if (trusted.size === 0)
      log.warn('without --trust: every program that can connect to NATS on this machine can give orders to this agent');
    await untilStopped(agent, stop, (signal) => log.info(`${signal}: ending; a run under way is stopped first`));
    return stop.exitCode() ?? EXIT_DONE;
  } finally {
    await bus.close();
  }
}

/** Resolves when the agent has ended after a signal; rejects where it cannot go on. */
async function untilStopped(agent: Agent, stop: StopRequest, onSignal: (name: string) => void): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    stop.onFirst((name) => {
      onSignal(name);
      void agent.stop().finally(resolve);
    });
  });
  await Promise.race([stopped, agent.broken]);
}

function missing({ fleet }: AgentInput, problems: readonly Problem[]): Problem[] {
  if (fleet !== undefined || problems.some(({ option }) => option === '--fleet')) return [];
  return [{ option: '--fleet', got: null, expected: 'the NATS server of the fleet, such as nats://10.0.0.1:4222' }];
}

async function loadTrust(
  files: readonly Given<string>[],
): Promise<{ readonly trusted: TrustedKeys; readonly problems: readonly Problem[] }> {
  if (files.length === 0) return { trusted: new Map(), problems: [] };
  const { loadTrustedKeys } = await import('../../fleet/trust/keys.ts');
  const trusted = new Map<string, TrustedKeys extends ReadonlyMap<string, infer Key> ? Key : never>();
  const problems: Problem[] = [];
  for (const file of files) {
    const loaded = await loadTrustedKeys(file.value);
    if (!loaded.ok) problems.push(problemOf(file, loaded.expected));
    else for (const [fingerprint, key] of loaded.value) trusted.set(fingerprint, key);
  }
  return { trusted, problems };
}

/** Asked last, because it makes the directory. */
async function prepareKeep(keep: Given<string> | undefined): Promise<Problem[]> {
  if (keep === undefined) return [];
  const { prepareKeeping } = await import('../../fleet/agent/keep.ts');
  const prepared = await prepareKeeping(keep.value);
  return prepared.ok ? [] : [problemOf(keep, prepared.expected)];
}

function busOptionsOf(input: AgentInput, servers: FleetServers, name: string): BusOptions {
  return {
    ...servers,
    name: `conngen agent ${name}`,
    inbox: ANSWERS.agent(name),
    credentialsFile: input['fleet-creds']?.value ?? null,
    caFile: input['fleet-ca']?.value ?? null,
    certFile: input['fleet-cert']?.value ?? null,
    keyFile: input['fleet-cert-key']?.value ?? null,
  };
}

function ownOptions(input: AgentInput): OwnOptions {
  const { source, freebind, gateway, vlan, interface: device, 'source-ports': ports } = input;
  return {
    ...(source.length === 0 ? {} : { source: source.map(({ text }) => text) }),
    ...(freebind.value ? { freebind: true } : {}),
    ...(ports === undefined ? {} : { 'source-ports': ports.text }),
    ...(device === undefined ? {} : { interface: device.text }),
    ...(gateway === undefined ? {} : { gateway: gateway.text }),
    ...(vlan === undefined ? {} : { vlan: vlan.text }),
  };
}

function startedText({ identity }: Agent, servers: FleetServers): string {
  const { name, engines, limits } = identity;
  return `agent ${name} on ${formatServers(servers)} (${engines.join(', ')}), may aim at ${limits.targets.join(' ')}`;
}
