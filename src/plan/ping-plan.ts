/** Plans `conngen rtt`: from the options to a checked plan, or to every problem with them. */
import type { FleetConfig } from '../document/fleet.ts';
import type { RttConfig } from '../document/config.ts';
import { engineHas, type PingEngineChoice } from './engines.ts';
import { FDS_RESERVED, checkAffordable, descriptorsFor } from './demand/open-files.ts';
import { type Machine, type Planned } from './demand/machine.ts';
import { planSources, planTarget, type EndpointsInput } from './address/endpoints.ts';
import type { Endpoint } from './plan.ts';
import type { Rate } from '../units/quantity.ts';
import { accept, isExplicit, problemOf, type Given, type Parsed, type Problem } from '../units/problem.ts';
import { formatCountOf, formatPerSec } from '../units/format.ts';
import { NS_PER_SEC, RATE_MIN_PER_SEC, formatDuration, formatSize, rateParser } from '../units/quantity.ts';
import { WHOLE, rateOf, shareConfig, type Share } from './fleet/share.ts';
import { formatSources, type SourceRuns } from './address/sources.ts';

export type PingProtocol = 'tcp' | 'udp';
/** The engines of connections; and blocking sockets on one thread, the baseline. */

/** The options of a run, each parsed by itself. Those with a default are always there. */
export interface RttInput extends EndpointsInput {
  readonly protocol: Given<PingProtocol>;
  readonly rate: readonly Given<Rate>[];
  readonly duration: Given<number>;
  readonly warmup: Given<number>;
  readonly cooldown: Given<number>;
  readonly size: Given<number>;
  readonly connections: Given<number>;
  readonly pipeline?: Given<number> | undefined;
  readonly think: Given<number>;
  readonly timeout: Given<number>;
  readonly cpu?: Given<readonly number[]> | undefined;
  readonly 'busy-tasks': Given<number>;
  readonly samples: Given<number>;
  readonly histograms: Given<boolean>;
  readonly engine: Given<PingEngineChoice>;
}

/** Plain data, frozen. Times in nanoseconds, sizes in bytes, rates per second. */
export interface RttPlan {
  /** The part of the schedule that is this machine's. `rates` are those of the whole; each machine has `connections` of its own. */
  readonly share: Share;
  /** The host as the user wrote it, for reports. */
  readonly host: string;
  readonly target: Endpoint;
  readonly protocol: PingProtocol;
  /** One round each, in order. */
  readonly rates: readonly Rate[];
  readonly durationNs: number;
  readonly warmupNs: number;
  readonly cooldownNs: number;
  readonly sizeBytes: number;
  readonly connections: number;
  /** Pings under way on one connection at most, by round. */
  readonly depths: readonly number[];
  readonly thinkNs: number;
  readonly timeoutNs: number;
  /** Used in turn; empty is the system's choice. */
  readonly sources: SourceRuns;
  /** The same as in `ClientPlan`. */
  readonly isFreebind: boolean;
  /** The core that the thread which pings is kept on; null leaves it to the kernel. */
  readonly cpu: number | null;
  /** How many busy tasks run on the loop that pings. */
  readonly busyTasks: number;
  /** Single round trips of each round that are kept, at most. */
  readonly samples: number;
  /** The result has the histograms of rounds and intervals. */
  readonly keepsHistograms: boolean;
  readonly engine: PingEngineChoice;
  /** The fleet that was asked for; left out where this machine runs the plan. */
  readonly fleet?: FleetConfig;
}

/** What IPv4 can carry: 65 535 less the headers of IP and UDP. */
export const DATAGRAM_MAX_BYTES = 65_507;
/** The smallest message: the sequence number, and the ticket that tells a reply from other bytes. */
export const MESSAGE_BYTES = { min: 8, max: 1024 * 1024 } as const;
/** A datagram of fewer bytes has no room for the mark of a ping. */
export const MARKED_MESSAGE_BYTES = 16;
/** What `conngen server` answers of other datagrams by default, a second and peer. */
export const DATAGRAM_RATE = 1000;
export const PIPELINE_MAX = 65_536;
export const SAMPLES_MAX = 1_000_000;
/** Over all connections: what the tables of pings are made for. */
const PINGS_UNDER_WAY_MAX = 4_194_304;
const DEPTH_AUTO_MAX = 16_384;
/** Room for the messages of all connections. */
const MESSAGES_MAX_BYTES = 256 * 1024 * 1024;
const HEADER_BYTES = { 4: 28, 6: 48 } as const;

const parseNumericPingRate = rateParser('pings', { min: RATE_MIN_PER_SEC, max: 1_000_000 }, '25000, 25k or max');

/** Pings per second, or `max`: back to back. */
export function parsePingRate(text: string): Parsed<Rate> {
  return text.trim().toLowerCase() === 'max' ? accept('max') : parseNumericPingRate(text);
}

/**
 * Checks everything and opens nothing for writing. Complete: every problem is in the list. `share`: what is this machine's where several
 * have one schedule.
 */
export async function rttPlan(input: RttInput, machine: Machine, share: Share = WHOLE): Promise<Planned<RttPlan>> {
  const problems: Problem[] = [];
  const notices: string[] = [];
  const sources = await planSources(input, machine, problems);
  const { host, target } = await planTarget(input, machine, problems, notices);
  const rates = ratesOf(input);
  checkConnections(input, machine, problems);
  checkSize(input, problems);
  checkLoop(input, problems);
  const cpu = planCpu(input, machine, problems);
  if (problems.length > 0 || target === null) return { problems };
  const plan: RttPlan = {
    share,
    host,
    target,
    protocol: input.protocol.value,
    rates,
    durationNs: input.duration.value,
    warmupNs: input.warmup.value,
    cooldownNs: input.cooldown.value,
    sizeBytes: input.size.value,
    connections: input.connections.value,
    depths: rates.map((rate) => depthOf(input, rate === 'max' ? rate : rateOf(share, rate))),
    thinkNs: input.think.value,
    timeoutNs: input.timeout.value,
    sources,
    isFreebind: input.freebind.value,
    cpu,
    busyTasks: input['busy-tasks'].value,
    samples: input.samples.value,
    keepsHistograms: input.histograms.value,
    engine: input.engine.value,
  };
  notices.push(...mtuNotices(plan, machine), ...markNotices(plan), ...thinkNotices(plan));
  return { plan: Object.freeze(plan), notices };
}

/** A notice where pauses allow fewer pings than a rate asks for: the rest is missed. */
function thinkNotices({ rates, share, connections, thinkNs }: RttPlan): string[] {
  const mostPerSec = (connections * NS_PER_SEC) / thinkNs;
  const beyond = rates
    .map((rate) => (rate === 'max' ? 0 : rateOf(share, rate)))
    .find((ratePerSec) => ratePerSec > mostPerSec);
  if (beyond === undefined) return [];
  const most = `${formatCountOf(connections, 'connection')} with --think ${formatDuration(thinkNs)}`;
  const cure = `--connections ${Math.ceil((beyond * thinkNs) / NS_PER_SEC)} or more, or a shorter --think`;
  return [
    `${most} can send at most ${formatPerSec(mostPerSec)} of the ${formatPerSec(beyond)} that are due; use ${cure}`,
  ];
}

/** Returns the `config` of a result: every option as it took effect. */
export function rttConfig(plan: RttPlan): RttConfig {
  return {
    host: plan.host,
    address: plan.target.address,
    port: plan.target.port,
    ...(plan.fleet === undefined ? {} : { fleet: plan.fleet }),
    protocol: plan.protocol,
    rates_per_sec: plan.rates,
    duration_sec: plan.durationNs / NS_PER_SEC,
    warmup_sec: plan.warmupNs / NS_PER_SEC,
    cooldown_sec: plan.cooldownNs / NS_PER_SEC,
    size_bytes: plan.sizeBytes,
    connections: plan.connections,
    ...shareConfig(plan.share),
    pipeline: plan.depths,
    think_sec: plan.thinkNs / NS_PER_SEC,
    timeout_sec: plan.timeoutNs / NS_PER_SEC,
    sources: formatSources(plan.sources),
    ...(plan.isFreebind ? { freebind: true } : {}),
    cpu: plan.cpu,
    busy_tasks: plan.busyTasks,
    ...(plan.keepsHistograms ? { histograms: true } : {}),
    samples: plan.samples,
    engine: plan.engine,
  };
}

/** A pause after each reply says how fast it goes, unless a rate does. */
function ratesOf(input: RttInput): readonly Rate[] {
  const isPaced = input.rate.some(isExplicit) || !isExplicit(input.think);
  return isPaced ? input.rate.map((given) => given.value) : ['max'];
}

/**
 * On a schedule nothing waits for the reply before: as many may be under way as are sent until the first of them is given up.
 * Back to back, with pauses, and where a thread can only wait for one, it is one.
 */
function depthOf(input: RttInput, rate: Rate): number {
  if (input.pipeline !== undefined) return input.pipeline.value;
  if (rate === 'max' || input.think.value > 0 || engineHas(input.engine.value, 'waitsForEachReply')) return 1;
  const perTimeout = (rate * input.timeout.value) / NS_PER_SEC / input.connections.value;
  const affordable = Math.floor(PINGS_UNDER_WAY_MAX / input.connections.value);
  return Math.max(1, Math.min(DEPTH_AUTO_MAX, affordable, Math.ceil(perTimeout) + 1));
}

function checkConnections(input: RttInput, machine: Machine, problems: Problem[]): void {
  const { connections, size, pipeline } = input;
  const affordable = descriptorsFor(machine.fdLimit);
  if (affordable < 1) {
    const expected = `at least ${FDS_RESERVED} open files (ulimit -n 65536)`;
    problems.push({ option: 'ulimit -n', got: String(machine.fdLimit), expected });
    return;
  }
  checkAffordable(connections, affordable, FDS_RESERVED, machine, problems);
  if (connections.value <= affordable && connections.value * size.value > MESSAGES_MAX_BYTES) {
    const most = Math.floor(MESSAGES_MAX_BYTES / size.value);
    problems.push(problemOf(connections, `at most ${most} with --size ${size.text}`));
  }
  if (pipeline !== undefined && pipeline.value * connections.value > PINGS_UNDER_WAY_MAX) {
    problems.push(
      problemOf(
        pipeline,
        `at most ${Math.floor(PINGS_UNDER_WAY_MAX / connections.value)} with ${connections.value} connections`,
      ),
    );
  }
}

function checkSize(input: RttInput, problems: Problem[]): void {
  const { size, protocol } = input;
  if (protocol.value === 'udp' && size.value > DATAGRAM_MAX_BYTES) {
    problems.push(problemOf(size, `at most ${DATAGRAM_MAX_BYTES} bytes, the most that a datagram holds`));
  }
}

function checkLoop(input: RttInput, problems: Problem[]): void {
  const { think, pipeline, engine } = input;
  if (pipeline === undefined || pipeline.value === 1) return;
  if (think.value > 0) {
    problems.push(
      problemOf(
        think,
        `to be left out beside ${pipeline.label} ${pipeline.text}: one pauses after each reply, the other does not wait for it`,
      ),
    );
  }
  if (engineHas(engine.value, 'waitsForEachReply')) {
    problems.push(problemOf(pipeline, `to be left out beside --engine ${engine.value}, which waits for each reply`));
  }
}

function planCpu(input: RttInput, machine: Machine, problems: Problem[]): number | null {
  const { cpu } = input;
  if (cpu === undefined) return null;
  if (cpu.value.length > 1) problems.push(problemOf(cpu, 'one core: pings are sent by one thread'));
  checkCpus(cpu, machine, problems);
  return cpu.value[0] ?? null;
}

/** Refuses cores that this process may not run on. */
export function checkCpus(given: Given<readonly number[]>, machine: Machine, problems: Problem[]): void {
  const { allowedCpus } = machine;
  if (allowedCpus === undefined) {
    problems.push(problemOf(given, 'to be left out: this system does not say which cores there are'));
  } else if (given.value.some((cpu) => !allowedCpus.includes(cpu))) {
    problems.push(problemOf(given, `cores that this process may run on: ${allowedCpus.join(', ')}`));
  }
}

/** What has no room for a mark is echoed by `conngen server` as any datagram is, up to its --datagram-rate. */
function markNotices(plan: RttPlan): string[] {
  if (plan.protocol === 'tcp' || plan.sizeBytes >= MARKED_MESSAGE_BYTES) return [];
  if (!plan.rates.some((rate) => rate === 'max' || rate > DATAGRAM_RATE)) return [];
  return [
    `--size below ${MARKED_MESSAGE_BYTES} leaves no room for the mark of a ping: conngen server answers at most ${DATAGRAM_RATE}/s of them on one connection, unless it has --datagram-rate max`,
  ];
}

function mtuNotices(plan: RttPlan, machine: Machine): string[] {
  if (plan.protocol === 'tcp') return [];
  const { family, address, port } = plan.target;
  const mtuBytes = machine.mtuTowards?.(family, address, port);
  const packetBytes = plan.sizeBytes + HEADER_BYTES[family];
  if (mtuBytes === undefined || packetBytes <= mtuBytes) return [];
  return [
    `--size ${formatSize(plan.sizeBytes)} makes packets of ${packetBytes} bytes, and the MTU towards ${address} is ${mtuBytes}: each is sent in fragments, and losing one loses the ping`,
  ];
}
