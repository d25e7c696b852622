/**
 * The checked plan of a run: what the command line, the environment and the file said, resolved and frozen.
 *
 * Plans are plain data, so that they can be handed to a worker thread. Times are nanoseconds, sizes bytes, rates per second.
 */
import type { FleetConfig } from '../document/fleet.ts';
import type { PlainClientPlan } from './client-options.ts';
import type { AddressRun } from './address/address-runs.ts';
import type { EngineChoice } from './engines.ts';
import type { SourcePorts } from './ports/source-ports.ts';
import type { SourceRuns } from './address/sources.ts';
import type { Share } from './fleet/share.ts';
import type { Rate } from '../units/quantity.ts';

/** A socket address, already resolved. */
export interface Endpoint {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** An address of the other family that the same name has, where the user did not ask for a family. */
  readonly otherAddress?: string;
}

/** A rate that changes linearly from the begin of a round to its end. */
export interface Ramp {
  readonly fromPerSec: number;
  readonly toPerSec: number;
}

/** What one round offers. */
export type RoundRate = Rate | Ramp;

/** `null` drops what comes, `memory` keeps the pieces as they came, `gather` makes one of them, `file` writes them. */
export type Sink =
  { readonly kind: 'null' | 'memory' | 'gather' } | { readonly kind: 'file'; readonly directory: string };

/** What a response must be. */
export type Verification =
  | { readonly kind: 'bytes'; readonly expected: Uint8Array<SharedArrayBuffer> }
  | { readonly kind: 'sha256'; readonly sha256: string };

/** What is done with responses. */
export interface BodyPlan {
  /** Which threads do what may block: writing, gathering, verifying. */
  readonly strategy: WorkStrategy;
  readonly sink: Sink;
  /** The directory for files; null where none is made. */
  readonly directory: string | null;
  /** The most memory of one response; a longer one goes to a file. Null: only the machine limits it. */
  readonly maxMemoryBytes: number | null;
  /** A longer response is `too_long`. */
  readonly maxBodyBytes: number | null;
  /** The timeout from the start of a connection to the first byte of its response. */
  readonly firstByteTimeoutNs: number | null;
  /** The text that the user wrote. */
  readonly verifyText: string | null;
  readonly verification: Verification | null;
}

/** What counts as an answer. */
export interface AnswerPlan {
  /** An exchange that ends with less is `short_response`. */
  readonly minBytes: number;
  /** Three characters each, `x` for any digit; null: a response with any status, or none, is as good. */
  readonly statuses: readonly string[] | null;
  /** What a response begins with, and as the user wrote it; null: with anything. */
  readonly prefix: Uint8Array<SharedArrayBuffer> | null;
  readonly prefixText: string | null;
}

/** What an engine is told that works on an interface. */
export interface PacketPlan {
  readonly interfaceName: string;
  /** The router to send through; null: the kernel's route says it. */
  readonly gateway: string | null;
  /** The tag of the frames; null: frames without one. */
  readonly vlan: number | null;
  /** A client's sources, or what a server answers for. */
  readonly addresses: readonly AddressRun[];
}

/** The plan of a client. The fields that an option gives as they are come from the rows of `PLAIN_CLIENT_OPTIONS`. */
export interface ClientPlan extends PlainClientPlan {
  /**
   * The part of the schedule that is this machine's. `rates` and `count` are those of the whole; what a machine needs for its part
   * (`maxInFlight`, `workers`, `sourcePorts`) is its own.
   */
  readonly share: Share;
  /** The host as the user wrote it, for reports. */
  readonly host: string;
  readonly target: Endpoint;
  /** One round each, in order. */
  readonly rates: readonly RoundRate[];
  /** The length of each round, where `count` is null; see `roundDurationNs`. */
  readonly durationNs: number;
  /** Attempts of each round over all machines, instead of a duration. */
  readonly count: number | null;
  /** The file of the payload; null for `--payload-size` and for none. */
  readonly payloadFile: string | null;
  /** The payload, in shared memory, so that workers do not copy it. */
  readonly payload: Uint8Array<SharedArrayBuffer>;
  readonly body: BodyPlan;
  readonly answer: AnswerPlan;
  /** Used in turn; empty is the system's choice. */
  readonly sources: SourceRuns;
  /** The sources need not be addresses of this machine (ip(7), IP_FREEBIND). */
  readonly isFreebind: boolean;
  readonly sourcePorts: SourcePorts;
  /** All connections of a round are opened, then there is an exchange on each, then all are closed (trials of a search). */
  readonly isInStages: boolean;
  /** Over all workers. */
  readonly maxInFlight: number;
  /** Whether `maxInFlight` is as much as the limit of open files allows. */
  readonly isFdBound: boolean;
  readonly workers: number;
  /** The result has the histograms of rounds and intervals. */
  readonly keepsHistograms: boolean;
  readonly engine: EngineChoice;
  /** Null with engines that have the kernel's sockets. */
  readonly packet: PacketPlan | null;
  /** The fleet that was asked for; left out where this machine runs the plan. */
  readonly fleet?: FleetConfig;
}

export type ServerMode = 'echo' | 'respond' | 'discard' | 'hold' | 'reset';
/** What a server takes: connections, datagrams, or both. */
export type ServerProtocol = 'tcp' | 'udp' | 'both';
export type RespondOn = 'eof' | 'data' | 'accept';

/** The work that one connection costs. */
export type Work =
  | { readonly kind: 'none' }
  /** Shuffle and sort that many integers. */
  | { readonly kind: 'cpu'; readonly integers: number }
  /** A blocking sleep of the thread: for `sleepNs`, or up to `longestNs`, with short ones more often. */
  | { readonly kind: 'sleep'; readonly sleepNs: number; readonly longestNs: number };

/** Which threads do blocking work. */
export type WorkStrategy =
  /** The loop does it, immediately. */
  | { readonly kind: 'direct' }
  /** The loops do it, at most `permits` of them at a time. */
  | { readonly kind: 'permit'; readonly permits: number }
  /** Threads of their own do it, fed by a queue of at most `queue` jobs. */
  | { readonly kind: 'dispatch'; readonly threads: number; readonly queue: number }
  /** The runtime's own threads do it. */
  | { readonly kind: 'pool' };

export interface ServerPlan {
  /** null is every address of both families. */
  readonly host: string | null;
  readonly port: number;
  readonly protocol: ServerProtocol;
  /** Threads for each protocol. */
  readonly listeners: number;
  /** The cores that listeners are kept on, in turn; empty leaves it to the kernel. */
  readonly cpus: readonly number[];
  readonly backlog: number;
  readonly mode: ServerMode;
  readonly responseFile: string | null;
  readonly response: Uint8Array<SharedArrayBuffer>;
  readonly respondOn: RespondOn;
  /** The most answers to one address and port, for datagrams that are not pings of conngen. */
  readonly datagramRate: Rate;
  readonly idleTimeoutNs: number;
  /** Over all listeners. */
  readonly maxConnections: number;
  readonly work: Work;
  readonly workStrategy: WorkStrategy;
  /** How many busy tasks run on each listener. */
  readonly busyTasks: number;
  readonly engine: EngineChoice;
  /** Null with engines that have the kernel's sockets. */
  readonly packet: PacketPlan | null;
}
