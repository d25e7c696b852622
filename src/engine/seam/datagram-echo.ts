import type { Rate } from '../../units/quantity.ts';
import type { StepDriver } from './engine.ts';
import type { Clock } from '../../runtime/clock.ts';

export interface DatagramEchoOptions {
  /** Address to receive at; null is every address of both families. */
  readonly host: string | null;
  readonly port: number;
  /** The rate of `EchoGuard` for datagrams that are not pings of conngen. */
  readonly ratePerPeer: Rate;
  readonly clock: Clock;
}

/** What an echo of datagrams reports. Called only from inside `run`. It is asked to step at least every `POLL_NS`, not to its deadline. */
export interface DatagramDriver extends StepDriver {
  received(bytes: number): void;
  sent(bytes: number): void;
  /** It was received and is not answered, for one of the reasons of `EchoGuard`. */
  dropped(reason: number): void;
  /** Receiving, or sending one back, failed. */
  failed(errno: number): void;
}

/**
 * Sends datagrams back to where they came from, from the address that they were sent to. `EchoGuard` decides which; there is
 * nothing else to decide, so it is no driver's business.
 */
export interface DatagramEcho {
  /** The port that is bound; valid once `listen` has returned. */
  readonly port: number;
  /** Binds. Several may share a port (SO_REUSEPORT). Throws `RunError` with the system's code. */
  listen(): void | Promise<void>;
  /** Echoes until `step` returns false. */
  run(driver: DatagramDriver): void | Promise<void>;
  dispose(): void;
}
