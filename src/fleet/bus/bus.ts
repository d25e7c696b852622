/** The seam to what carries the messages of a fleet. `nats.ts` is the one implementation for runs; tests have one in memory. */

/** A message, as it is received. Answers go to `respond`, which is absent where the sender waits for none. */
export interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly respond?: (data: Uint8Array) => void;
}

/** What happens to the connection. */
export type BusEvent =
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'reconnected' }
  /** The server refused a message or a subscription; the connection stays. */
  | { readonly kind: 'refused'; readonly message: string }
  /** There will be no connection any more. */
  | { readonly kind: 'closed'; readonly message: string };

/** A connection to the server that carries the messages. It connects again by itself; what is published meanwhile is kept up to a bound, then lost. */
export interface Bus {
  /** The largest message, in bytes. */
  readonly maxPayloadBytes: number;
  /** Whether there is a connection now. */
  readonly isConnected: boolean;
  /** The address from which the server sees this connection; null where it does not say. */
  readonly seenFrom: string | null;
  /** Whether the server is on this machine. */
  readonly isLocal: boolean;
  publish(subject: string, data: Uint8Array): void;
  /** Calls back for every message, in order. Returns what ends the subscription. */
  subscribe(subject: string, onMessage: (message: Message) => void): () => void;
  /** Resolves with the first answer; null where none comes in time, or where there is no listener. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array | null>;
  /**
   * Resolves with all answers: when no other came for `quietMs`, or as soon as `isEnough` is true of them; at the latest after ten
   * times `quietMs`.
   */
  requestAll(
    subject: string,
    data: Uint8Array,
    quietMs: number,
    isEnough?: (answers: readonly Uint8Array[]) => boolean,
  ): Promise<readonly Uint8Array[]>;
  /** Asks as `request` does; resolves to false where the server says that the subject has no subscriber, to true in all other cases. */
  isHeard(subject: string, data: Uint8Array, timeoutMs: number): Promise<boolean>;
  onEvent(listener: (event: BusEvent) => void): void;
  /**
   * Resolves to true when the server has all that was published before, and this process all that the server had for it; to false where
   * the connection breaks before.
   */
  flush(): Promise<boolean>;
  close(): Promise<void>;
}

/** Where the server is, and the credentials of this connection. */
export interface BusOptions {
  /** `nats://HOST:PORT` or `tls://HOST:PORT`, several of them for a cluster. Without credentials. */
  readonly servers: readonly string[];
  /** The subject below which answers to requests come (`ANSWERS`); if left out, one that no permissions name. */
  readonly inbox?: string;
  /** For the server's own lists of connections. */
  readonly name: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  /** A file with an NKey's seed or with credentials (`.creds`). */
  readonly credentialsFile: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}
