import type { Clock } from './engine.ts';

export interface DatagramEchoOptions {
  /** Address to receive at; null is every address of both families. */
  readonly host: string | null;
  readonly port: number;
  readonly clock: Clock;
}

/** What an echo of datagrams reports. Called only from inside `run`. */
export interface DatagramDriver {
  /** As in `ClientDriver`; asked at least every `POLL_NS`. Nobody counts on being woken by its deadline. */
  step(): number;
  received(bytes: number): void;
  sent(bytes: number): void;
  /** Receiving, or sending one back, failed. */
  failed(errno: number): void;
}

/**
 * Sends every datagram back to where it came from, from the address that it was sent to. There is nothing to decide, so it is
 * no driver's business.
 */
export interface DatagramEcho {
  /** The port that is bound; valid once `listen` has returned. */
  readonly port: number;
  /** Binds. Several may share a port (SO_REUSEPORT). Throws `EngineError` with the system's code. */
  listen(): void | Promise<void>;
  /** Echoes until `step` returns `STOP`. */
  run(driver: DatagramDriver): void | Promise<void>;
  dispose(): void;
}
