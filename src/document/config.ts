/**
 * The `config` of every document: each option as it took effect, in snake_case with its unit in the name. The plan of a command
 * makes it (`clientConfig`, `serverConfig` …), and renderers read it by these names.
 */

import type { FleetConfig } from './fleet.ts';

/** What is searched for: a rate of new connections, connections open at the same time, or tear-downs per second. */
export type QuantityName = 'rate' | 'connections' | 'teardown';

/** A rate that changes linearly over a round. */
export interface RampConfig {
  /** The rate at the beginning of the round, in connections per second. */
  readonly from: number;
  /** The rate at the end of the round, in connections per second. */
  readonly to: number;
}

/** What a round offers: a rate per second, `max` for a closed loop, or a ramp. */
export type RateConfig = number | 'max' | RampConfig;

/** The thresholds of a run, with `--fail-if`. */
export interface ThresholdConfig {
  /** The expressions of `--fail-if` as the user wrote them. Only there with `--fail-if`. */
  readonly fail_if?: readonly string[];
  /** Whether `--allow-generator-limited` was given. Only there with it or with `--fail-if`. */
  readonly allow_generator_limited?: boolean;
}

/** The part of a schedule that was one machine's. Of each `of` attempts, counted from 0, it had those whose places are in `turns`. */
export interface ShareConfig {
  /** The places of the machine's attempts, ascending. */
  readonly turns: readonly number[];
  /** The number of attempts after which the turns repeat. */
  readonly of: number;
}

/** The target of a run. */
export interface TargetConfig {
  /** The host as the user wrote it. */
  readonly host: string;
  /** The address that the host was resolved to. */
  readonly address: string;
  /** The port of the target. */
  readonly port: number;
  /** The fleet that was asked for. Only there with `--fleet`. */
  readonly fleet?: FleetConfig;
}

/** What is kept of responses, and what they must be. */
export interface BodyConfig {
  /** What happens to responses (`--sink`): `null`, `memory`, `gather` or `file:DIRECTORY`. */
  readonly sink: string;
  /** Which thread keeps responses (`--sink-strategy`). */
  readonly sink_strategy: string;
  /** The most bytes of one response in memory (`--max-memory`); null for no limit. */
  readonly max_memory_bytes: number | null;
  /** Where responses beyond `max_memory_bytes` are written; null without that limit. */
  readonly spill_directory: string | null;
  /** The longest response (`--max-body`), in bytes; null for no limit. */
  readonly max_body_bytes: number | null;
  /** The time from the start of a connection to the first byte of its response (`--first-byte-timeout`), in seconds; null for no limit. */
  readonly first_byte_timeout_sec: number | null;
  /** What a response must be (`--verify`), as the user wrote it; null where nothing is verified. */
  readonly verify: string | null;
}

/** What counts as an answer. */
export interface AnswerConfig {
  /** The shortest response that is complete (`--min-response`), in bytes. */
  readonly min_response_bytes: number;
  /** The statuses that count as success (`--expect-status`). Only there where it was given. */
  readonly expect_status?: string;
  /** What a response must begin with (`--expect-prefix`), as the user wrote it. Only there where it was given. */
  readonly expect_prefix?: string;
}

/** Where the packet engine sends and receives. */
export interface InterfaceConfig {
  /** The interface of the packet engine (`--interface`). Only there with `--engine packet`. */
  readonly interface?: string;
  /** The router that packets are sent through (`--gateway`). Only there where it was given. */
  readonly gateway?: string;
  /** The VLAN of the packets (`--vlan`). Only there where it was given. */
  readonly vlan?: number;
}

/** The options of a load of connections, apart from the rates. */
export interface LoadConfig extends TargetConfig, BodyConfig, AnswerConfig, ThresholdConfig, InterfaceConfig {
  /** The length of each round in seconds (`--duration`); null with `--count`. */
  readonly duration_sec: number | null;
  /** The number of attempts of each round (`--count`). Only there where it was given. */
  readonly count?: number;
  /** The load before each round that is not measured (`--warmup`), in seconds. */
  readonly warmup_sec: number;
  /** The pause between rounds or trials (`--cooldown`), in seconds. */
  readonly cooldown_sec: number;
  /** The time before each round in which the rate rises from 0 (`--ramp-up`), in seconds. */
  readonly ramp_up_sec: number;
  /** The time after each round in which the rate falls to 0 (`--ramp-down`), in seconds. */
  readonly ramp_down_sec: number;
  /** The file that each connection sends (`--payload`); null where there is none. */
  readonly payload_file: string | null;
  /** The bytes that each connection sends. */
  readonly payload_bytes: number;
  /** What ends an exchange (`--finish`). */
  readonly finish: string;
  /** How connections are closed (`--close`): with a FIN or with a RST. */
  readonly close: 'fin' | 'rst';
  /** The time that a connection is kept open after its exchange (`--hold`), in seconds. */
  readonly hold_sec: number;
  /** The time that an attempt may take (`--timeout`), in seconds. */
  readonly timeout_sec: number;
  /** The source addresses (`--source`), neighbours as a range; empty where the system chooses. */
  readonly sources: readonly string[];
  /** True where source addresses need not be addresses of this machine (`--freebind`). Only there where it was given. */
  readonly freebind?: boolean;
  /** The source ports in use, such as `10000-32767`; `kernel` where the kernel chooses. */
  readonly source_ports: string;
  /** True where rounds and intervals have their histograms (`--histograms`). Only there where it was given. */
  readonly histograms?: boolean;
  /** The most connections that may be open at the same time (`--max-in-flight`). */
  readonly max_in_flight: number;
  /** The number of pacing threads (`--workers`). */
  readonly workers: number;
  /** The agent's part of the schedule. Only there in an agent's own result, which has the rates of the whole. */
  readonly share?: ShareConfig;
  /** Pings per second on one established connection beside the load (`--probe`); null without it. */
  readonly probe_rate_per_sec: number | null;
  /** The engine that was asked for (`--engine`). */
  readonly engine: string;
}

/** The options of `conngen client`, and of the plan that `conngen doctor` examines. */
export interface ClientConfig extends LoadConfig {
  /** What each round offers, in order (`--rate`, `--ramp`, `--steps`). */
  readonly rates_per_sec: readonly RateConfig[];
}

/** The options of `conngen search`. */
export interface SearchConfig extends LoadConfig {
  /** The payloads, with a search each; null for none. Only there where `--payload` was given several times. */
  readonly payload_files?: readonly (string | null)[];
  /** The goals (`--goal`), as the user wrote them. */
  readonly goals: readonly string[];
  /** What is searched for (`--quantity`). */
  readonly quantities: readonly QuantityName[];
  /** The lowest rate of a trial (`--min-rate`), per second; null where no rate is searched for. */
  readonly min_rate_per_sec: number | null;
  /** The highest rate of a trial (`--max-rate`), per second; null where no rate is searched for. */
  readonly max_rate_per_sec: number | null;
  /** The rate at which trials in stages open connections (`--attempt-rate`), per second. Only there in stages. */
  readonly attempt_rate_per_sec?: number;
  /** The connections of a trial in stages (`--connections`); null where they are searched for. Only there in stages. */
  readonly connections?: number | null;
  /** The fewest connections of a trial (`--min-connections`); null where they are not searched for. Only there in stages. */
  readonly min_connections?: number | null;
  /** The most connections of a trial (`--max-connections`); null where they are not searched for. Only there in stages. */
  readonly max_connections?: number | null;
  /** The search ends when the answer is known to within this percentage (`--precision`). */
  readonly precision_percent: number;
  /** The length of the short trials (`--explore-duration`), in seconds. */
  readonly explore_duration_sec: number;
  /** No trial is started that could finish after this time (`--max-time`), in seconds. */
  readonly max_time_sec: number;
}

/** The options of `conngen saturate`. */
export interface SaturateConfig extends LoadConfig {
  /** The rate of the first step (`--start`), per second. */
  readonly start_per_sec: number;
  /** The rate of a step divided by that of the step before (`--factor`). */
  readonly factor: number;
  /** A step whose p90 is this many times that of the step it is compared with is too slow (`--slowdown`). */
  readonly slowdown: number;
  /** What a step is compared with (`--compare`): the first good step, or the step before. */
  readonly compare: 'base' | 'previous';
  /** The highest rate of a step (`--max-rate`), per second. */
  readonly max_rate_per_sec: number;
  /** What every step must meet (`--goal`), as the user wrote it. */
  readonly goal: string;
  /** No step is started that could finish after this time (`--max-time`), in seconds. */
  readonly max_time_sec: number;
}

/** The options of `conngen rtt`. */
export interface RttConfig extends TargetConfig {
  /** The protocol of the pings (`--protocol`). */
  readonly protocol: 'tcp' | 'udp';
  /** The pings per second of each round, in order (`--rate`); `max` sends the next ping when a reply has come. */
  readonly rates_per_sec: readonly (number | 'max')[];
  /** The length of each round (`--duration`), in seconds. */
  readonly duration_sec: number;
  /** The pings before each round that are not measured (`--warmup`), in seconds. */
  readonly warmup_sec: number;
  /** The pause between rounds (`--cooldown`), in seconds. */
  readonly cooldown_sec: number;
  /** The size of a message (`--size`), in bytes. */
  readonly size_bytes: number;
  /** The number of connections (`--connections`). In a fleet, of each agent. */
  readonly connections: number;
  /** The agent's part of the schedule. Only there in an agent's own result. */
  readonly share?: ShareConfig;
  /** The most pings under way on one connection (`--pipeline`), for each round. */
  readonly pipeline: readonly number[];
  /** The pause of a connection between a reply and the next ping (`--think`), in seconds. */
  readonly think_sec: number;
  /** The time within which a reply must come (`--timeout`), in seconds. */
  readonly timeout_sec: number;
  /** The source addresses (`--source`), neighbours as a range; empty where the system chooses. */
  readonly sources: readonly string[];
  /** True where source addresses need not be addresses of this machine (`--freebind`). Only there where it was given. */
  readonly freebind?: boolean;
  /** The processor that the pinging thread is kept on (`--cpu`); null where the kernel chooses. */
  readonly cpu: number | null;
  /** The busy tasks on the loop that pings (`--busy-tasks`). */
  readonly busy_tasks: number;
  /** True where rounds and intervals have their histograms (`--histograms`). Only there where it was given. */
  readonly histograms?: boolean;
  /** The most single round trips of each round that are kept (`--samples`). */
  readonly samples: number;
  /** The engine that was asked for (`--engine`). */
  readonly engine: string;
}

/** The options of `conngen server`. */
export interface ServerConfig extends InterfaceConfig {
  /** The address that the server listens on (`--host`); null for every address of both families. */
  readonly host: string | null;
  /** The port that the server listens on. With `--port 0`, the port that the system chose. */
  readonly port: number;
  /** What the server takes (`--protocol`): connections, datagrams, or both. */
  readonly protocol: 'tcp' | 'udp' | 'both';
  /** The number of listening threads for each protocol (`--listeners`). */
  readonly listeners: number;
  /** The processors that listeners are kept on, in turn (`--cpu`); empty where the kernel chooses. */
  readonly cpus: readonly number[];
  /** The length of the accept queue that was asked for (`--backlog`). */
  readonly backlog: number;
  /** What the server does with a connection (`--mode`). */
  readonly mode: 'echo' | 'respond' | 'discard' | 'hold' | 'reset';
  /** The file that is the response (`--response`); null where there is none. */
  readonly response_file: string | null;
  /** The size of the response, in bytes. */
  readonly response_bytes: number;
  /** When the response is sent (`--respond-on`). */
  readonly respond_on: 'eof' | 'data' | 'accept';
  /** The most datagrams a second that are answered to one peer (`--datagram-rate`); null for no limit. */
  readonly datagram_rate_per_sec: number | null;
  /** The time after which an idle connection is closed (`--idle-timeout`), in seconds. */
  readonly idle_timeout_sec: number;
  /** The most connections that may be open at the same time (`--max-connections`). */
  readonly max_connections: number;
  /** The work that each connection costs (`--work`). */
  readonly work: string;
  /** Which thread does that work (`--work-strategy`). */
  readonly work_strategy: string;
  /** The busy tasks on each listener (`--busy-tasks`). */
  readonly busy_tasks: number;
  /** The engine that was asked for (`--engine`). */
  readonly engine: string;
}
