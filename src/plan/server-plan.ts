/** Plans `conngen server`: from the options to a checked plan, or to every problem with them. */
import type { ServerConfig } from '../document/config.ts';
import { engineHas, type EngineChoice } from './engines.ts';
import { resolveHost } from './address/address.ts';
import { FDS_RESERVED, affordableSlots, checkAffordable } from './demand/open-files.ts';
import { type Machine, type Planned } from './demand/machine.ts';
import { ROOMY_FD_LIMIT } from './demand/open-files.ts';
import { loadPayload, makePayload } from './exchange/payload.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../units/problem.ts';
import type { RespondOn, ServerMode, ServerPlan, ServerProtocol, Work, WorkStrategy } from './plan.ts';
import type { Rate } from '../units/quantity.ts';
import { NS_PER_SEC } from '../units/quantity.ts';
import { checkCpus } from './ping-plan.ts';
import { checkPacketBytes, checkThreads, packetConfig, threadsOf, type PacketInput } from './packet/packet-plan.ts';
import { planServerPacket } from './packet/packet-server-plan.ts';
import { engineFor, formatWork, formatWorkStrategy, permitNotices } from './work.ts';

/** The options of a server, each parsed by itself. Those with a default are always there. */
export interface ServerInput extends PacketInput {
  readonly host?: Given<string> | undefined;
  readonly port: Given<number>;
  readonly protocol: Given<ServerProtocol>;
  readonly listeners?: Given<number> | undefined;
  readonly cpu?: Given<readonly number[]> | undefined;
  readonly backlog: Given<number>;
  readonly mode?: Given<ServerMode> | undefined;
  readonly response?: Given<string> | undefined;
  readonly 'respond-on': Given<RespondOn>;
  readonly 'datagram-rate': Given<Rate>;
  readonly 'idle-timeout': Given<number>;
  readonly 'max-connections'?: Given<number> | undefined;
  readonly work: Given<Work>;
  readonly 'work-strategy': Given<WorkStrategy>;
  readonly 'busy-tasks': Given<number>;
  readonly engine: Given<EngineChoice>;
}

/** The listening socket, the epoll set, the ring and what else a listener has open. */
const FDS_PER_LISTENER = 8;

/** The default of `--max-connections` where no limit of the system says how many there can be. */
const OWN_CONNECTIONS = 1_000_000;

/** Checks everything and opens nothing for writing. Complete: every problem is in the list. */
export async function serverPlan(input: ServerInput, machine: Machine): Promise<Planned<ServerPlan>> {
  const problems: Problem[] = [];
  const host = await planHost(input, machine, problems);
  const { chosen, packet } = planServerPacket(input, host, machine, problems);
  const mode = planMode(input, problems);
  checkProtocol(input, mode, problems);
  if (input.cpu !== undefined) checkCpus(input.cpu, machine, problems);
  const response = await planResponse(input, problems);
  const listeners = input.listeners?.value ?? Math.min(machine.cpus, threadsOf(chosen));
  if (input.listeners !== undefined) checkThreads(input.listeners, listeners, chosen, problems);
  const maxConnections = planMaxConnections(input, listeners, machine, problems);
  const notices: string[] = [];
  const engine = planWork(input, mode, listeners, problems, notices);
  if (problems.length > 0) return { problems };
  const plan: ServerPlan = {
    host,
    port: input.port.value,
    protocol: input.protocol.value,
    listeners,
    cpus: input.cpu?.value ?? [],
    backlog: input.backlog.value,
    mode,
    responseFile: input.response?.value ?? null,
    response,
    respondOn: input['respond-on'].value,
    datagramRate: input['datagram-rate'].value,
    idleTimeoutNs: input['idle-timeout'].value,
    maxConnections,
    work: input.work.value,
    workStrategy: input['work-strategy'].value,
    busyTasks: input['busy-tasks'].value,
    engine,
    packet,
  };
  return { plan: Object.freeze(plan), notices };
}

/** Returns the `config` of a result: every option as it took effect. */
export function serverConfig(plan: ServerPlan): ServerConfig {
  return {
    host: plan.host,
    port: plan.port,
    protocol: plan.protocol,
    listeners: plan.listeners,
    cpus: plan.cpus,
    backlog: plan.backlog,
    mode: plan.mode,
    response_file: plan.responseFile,
    response_bytes: plan.response.length,
    respond_on: plan.respondOn,
    datagram_rate_per_sec: plan.datagramRate === 'max' ? null : plan.datagramRate,
    idle_timeout_sec: plan.idleTimeoutNs / NS_PER_SEC,
    max_connections: plan.maxConnections,
    work: formatWork(plan.work),
    work_strategy: formatWorkStrategy(plan.workStrategy),
    busy_tasks: plan.busyTasks,
    engine: plan.engine,
    ...packetConfig(plan.packet),
  };
}

async function planHost(input: ServerInput, machine: Machine, problems: Problem[]): Promise<string | null> {
  if (input.host === undefined) return null;
  if (input.host.value.includes('/')) {
    if (engineHas(input.engine.value, 'worksOnInterface')) return input.host.value;
    problems.push(problemOf(input.host, 'an address or a name; a prefix needs --engine packet'));
    return null;
  }
  const resolved = await (machine.resolve ?? resolveHost)(input.host.value, null);
  if (resolved.ok) return resolved.value.address;
  problems.push(problemOf(input.host, resolved.expected));
  return null;
}

function planMode(input: ServerInput, problems: Problem[]): ServerMode {
  const { mode: given, response, 'respond-on': respondOn } = input;
  const mode = given?.value ?? (response === undefined ? 'echo' : 'respond');
  if (mode === 'respond' && response === undefined) {
    if (given !== undefined) problems.push(problemOf(given, 'to come with --response FILE, which says what to send'));
    return mode;
  }
  if (mode !== 'respond') {
    if (response !== undefined) problems.push(problemOf(response, `--mode respond with it, not --mode ${mode}`));
    if (isExplicit(respondOn)) problems.push(problemOf(respondOn, 'to come with --response FILE'));
  }
  return mode;
}

/** A datagram can only be sent back. */
function checkProtocol(input: ServerInput, mode: ServerMode, problems: Problem[]): void {
  const { protocol } = input;
  if (protocol.value !== 'tcp' && mode !== 'echo') {
    problems.push(problemOf(protocol, `tcp with --mode ${mode}: of datagrams there is only an echo`));
  }
  const rate = input['datagram-rate'];
  if (protocol.value === 'tcp' && isExplicit(rate)) {
    problems.push(problemOf(rate, 'datagrams to echo: --protocol udp or both with it'));
  }
  if (protocol.value !== 'udp') return;
  for (const given of [input.work, input['work-strategy']].filter(isExplicit)) {
    problems.push(problemOf(given, 'connections to work for: --protocol tcp or both with it'));
  }
}

/** Checks that mode, engine and strategy go together; returns the engine that they need. */
function planWork(
  input: ServerInput,
  mode: ServerMode,
  listeners: number,
  problems: Problem[],
  notices: string[],
): EngineChoice {
  const { work, 'work-strategy': strategy, engine } = input;
  const isIdle = work.value.kind === 'none';
  const isStrategyAlone = isIdle && strategy.value.kind !== 'direct';
  if (mode === 'hold' && !isIdle) problems.push(problemOf(work, 'a mode that answers with it, not --mode hold'));
  if (mode === 'hold' && isStrategyAlone) {
    problems.push(problemOf(strategy, 'a mode that answers with it, not --mode hold'));
  }
  notices.push(...permitNotices(strategy, listeners, 'listener'));
  if (isStrategyAlone) {
    notices.push('--work none: what is measured is --work-strategy alone, with jobs that do nothing');
  }
  return engineFor(strategy, engine, problems, notices);
}

async function planResponse(input: ServerInput, problems: Problem[]): Promise<Uint8Array<SharedArrayBuffer>> {
  if (input.response === undefined) return makePayload(0);
  const loaded = await loadPayload(input.response.value);
  if (loaded.ok) {
    checkPacketBytes(input.response, loaded.value.length, input.engine.value, problems);
    return loaded.value;
  }
  problems.push(problemOf(input.response, loaded.expected));
  return makePayload(0);
}

function planMaxConnections(input: ServerInput, listeners: number, machine: Machine, problems: Problem[]): number {
  const strategy = input['work-strategy'].value;
  const threads = strategy.kind === 'dispatch' ? strategy.threads : 0;
  const reserved = FDS_RESERVED + FDS_PER_LISTENER * (listeners + threads);
  // After its response the server half-closes and waits for the peer's end, unless it had that before.
  const isHalfClosed = input.response !== undefined && input['respond-on'].value !== 'eof';
  const needsDescriptors = isHalfClosed || machine.fdLimit < ROOMY_FD_LIMIT;
  const given = input['max-connections'];
  if (engineHas(input.engine.value, 'hasOwnConnections')) return given?.value ?? OWN_CONNECTIONS;
  const affordable = affordableSlots(machine, reserved, input.engine.value, listeners, needsDescriptors);
  if (given !== undefined) {
    checkAffordable(given, affordable, reserved, machine, problems);
    return given.value;
  }
  if (affordable < listeners) {
    const expected = `at least ${reserved + listeners} open files for ${listeners} listeners (ulimit -n 65536)`;
    problems.push({ option: 'ulimit -n', got: String(machine.fdLimit), expected });
  }
  return affordable;
}
