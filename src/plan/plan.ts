/**
 * The checked plan of a run: what the command line, the environment and the file said, resolved and frozen.
 *
 * Plans are plain data, so that they can be handed to a worker thread. Times are nanoseconds, sizes bytes, rates per second.
 */

export type EngineName = 'uring' | 'epoll' | 'node';
export type EngineChoice = EngineName | 'auto';

/** A socket address, already resolved. */
export interface Endpoint {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/** When an exchange is complete. */
export type Finish =
  { readonly kind: 'half-close' | 'eof' | 'echo' | 'connect' } | { readonly kind: 'bytes'; readonly bytes: number };

/** Source ports that the generator hands out itself (inclusive), or the kernel's choice. */
export type SourcePorts =
  { readonly kind: 'range'; readonly first: number; readonly last: number } | { readonly kind: 'kernel' };

/** New connections per second; `max` is closed loop. */
export type Rate = number | 'max';

export interface ClientPlan {
  /** As the user wrote it, for reports. */
  readonly host: string;
  readonly target: Endpoint;
  /** One round each, in order. */
  readonly rates: readonly Rate[];
  readonly durationNs: number;
  readonly warmupNs: number;
  readonly cooldownNs: number;
  /** Where the payload came from, or null for `--payload-size` and for none. */
  readonly payloadFile: string | null;
  /** In shared memory, so that workers do not copy it. */
  readonly payload: Uint8Array<SharedArrayBuffer>;
  readonly finish: Finish;
  readonly close: 'fin' | 'rst';
  readonly holdNs: number;
  readonly timeoutNs: number;
  /** Used in turn; empty is the system's choice. */
  readonly sources: readonly string[];
  readonly sourcePorts: SourcePorts;
  /** Over all workers. */
  readonly maxInFlight: number;
  readonly workers: number;
  readonly engine: EngineChoice;
}

export type ServerMode = 'echo' | 'respond' | 'discard' | 'hold' | 'reset';
export type RespondOn = 'eof' | 'data' | 'accept';

export interface ServerPlan {
  /** null is every address of both families. */
  readonly host: string | null;
  readonly port: number;
  readonly listeners: number;
  readonly backlog: number;
  readonly mode: ServerMode;
  readonly responseFile: string | null;
  readonly response: Uint8Array<SharedArrayBuffer>;
  readonly respondOn: RespondOn;
  readonly idleTimeoutNs: number;
  /** Over all listeners. */
  readonly maxConnections: number;
  readonly engine: EngineChoice;
}
