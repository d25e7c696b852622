/** The result of `conngen server`: the document `conngen.server/1`. */
import type { ByteCounts, BusyResult, ConnectionCpu, ErrorCounts, Finding, RunFailure, WorkResult } from './common.ts';
import type { ServerConfig } from './config.ts';
import type { KernelEvidence } from './kernel-evidence.ts';
import type { PacketCounts } from './packet-evidence.ts';
import type { EngineSystem } from './system.ts';

/** Datagrams that were not answered, so that two echoes do not answer each other without end. */
export interface DroppedDatagrams {
  /** Replies of another echo to pings. */
  readonly replies: number;
  /** Datagrams from a port on which servers send (echo, chargen …), or from the server's own port. */
  readonly server_ports: number;
  /** Datagrams beyond `--datagram-rate`. */
  readonly over_rate: number;
}

/** The datagrams that were echoed one by one. */
export interface DatagramCounts {
  /** Datagrams received. */
  readonly received: number;
  /** Datagrams sent back. */
  readonly sent: number;
  /** Datagrams received and not answered. Only there where there are any. */
  readonly dropped?: DroppedDatagrams;
}

/** How fast connections came, from the first that was accepted to the last. */
export interface Accepting {
  /** The time from the first connection to the last, in seconds. */
  readonly duration_sec: number;
  /** Connections accepted per second of that time. */
  readonly rate_per_sec: number;
}

/** The connections of one listening thread. */
export interface ListenerResult {
  /** Connections accepted. */
  readonly accepted: number;
  /** Connections closed in the way that the mode intends. */
  readonly completed: number;
  /** Connections closed on arrival because of `--max-connections`. They are not among `accepted`. */
  readonly rejected: number;
}

/** The result of `conngen server`. */
export interface ServerResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.server/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** When the server began to listen, in ISO 8601, UTC. */
  readonly started_at: string;
  /** How long the server ran, in seconds. */
  readonly duration_sec: number;
  /** The machine and the engine. */
  readonly system: EngineSystem;
  /** Every option as it took effect. */
  readonly config: ServerConfig;
  /** Connections accepted. */
  readonly accepted: number;
  /** How fast connections came. Left out where they came within 0.1 s, which tells no rate. */
  readonly accepting?: Accepting;
  /** Connections closed in the way that the mode intends. */
  readonly completed: number;
  /** Connections closed on arrival because of `--max-connections`. They are not among `accepted`. */
  readonly rejected: number;
  /** Connections closed because they were idle. */
  readonly idle_closed: number;
  /** Connections still open when the drain at the end ran out of time. */
  readonly aborted: number;
  /** The same for each listening thread of TCP. */
  readonly listeners: readonly ListenerResult[];
  /** The datagrams. Only there with `--protocol udp` or `both`. */
  readonly datagrams?: DatagramCounts;
  /** Bytes of connections and datagrams. */
  readonly bytes: ByteCounts;
  /** The jobs of connections. Only there with `--work` or `--work-strategy`. */
  readonly work?: WorkResult;
  /** The busy tasks. Only there with `--busy-tasks`. */
  readonly busy?: BusyResult;
  /** Errors by class, only those that happened: `accept_EMFILE`, `reset`, `other_EPIPE` … */
  readonly errors: ErrorCounts;
  /** Why the server stopped. Only there where a listener died. */
  readonly error?: RunFailure;
  /** Processor time of the whole process. */
  readonly cpu: ConnectionCpu;
  /** What this machine's kernel counted. Only there on Linux; with `--engine packet` only what it counts of the machine. */
  readonly kernel?: KernelEvidence;
  /** What the packet engine counted. Only there with `--engine packet`. */
  readonly packet?: PacketCounts;
  /** What the run shows of the clients, the network or the kernel. */
  readonly findings: readonly Finding[];
}

/** What a server counts: over its whole run in a result, over a second in an interval. */
export type ServerCounts = Pick<
  ServerResult,
  'accepted' | 'completed' | 'rejected' | 'idle_closed' | 'aborted' | 'listeners' | 'datagrams' | 'bytes' | 'errors'
>;

/** A second of a server. */
export interface ServerInterval extends ServerCounts {
  /** When the interval begins, in seconds since the server began to listen. */
  readonly start_sec: number;
  /** How long the interval is, in seconds. */
  readonly length_sec: number;
  /** Connections open at the end of the interval. */
  readonly open: number;
  /** What was added to the counts of the packet engine, only counts that moved, by their paths: `sent`, `retransmits.syn`. Only there with `--engine packet`. */
  readonly packet?: Readonly<Record<string, number>>;
}
