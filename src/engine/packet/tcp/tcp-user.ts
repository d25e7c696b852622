/** What the TCP asks of the engine above it, and tells it. */

/** No connection, and no slot. */
export const NONE = -1;

/**
 * Events of connections, by the slot that the engine above knows each by. The rules are those of `ClientDriver` and `ServerDriver`: after
 * `ended` only `sent` and `failed` can follow, after `failed` nothing, and after `Tcp.close` nothing at all.
 *
 * Calls to `Tcp` are allowed inside of all of them. What such a call makes the TCP send leaves when the event is over, in one packet with
 * the acknowledgement of what came.
 */
export interface TcpUser {
  /**
   * A peer's handshake with our listening port is complete. Returns the slot that the connection has from now on, or `NONE`: it is then
   * closed with FIN. Nothing may be called on the slot before `accepted`, which follows directly.
   */
  accept(): number;
  accepted(slot: number): void;
  /** A connection that `Tcp.connect` began is established. */
  connected(slot: number): void;
  /** `bytes` more of what is queued have left for the first time. */
  sent(slot: number, bytes: number): void;
  /** `bytes` came in order. They lie at `offset` of the port's bytes, and only until the call returns. */
  received(slot: number, offset: number, bytes: number): void;
  /** The peer's FIN came, and everything before it. */
  ended(slot: number): void;
  /** The connection is gone. The slot is still to be closed. */
  failed(slot: number, errno: number): void;
}

/**
 * Where bytes to be sent come from, the first time and when they are sent again. `connection` is the TCP's own number of a connection, which
 * goes on after its slot has been closed until all is acknowledged. Positions count from the first byte of the connection, and wrap as
 * 32-bit integers.
 */
export interface SendSource {
  /**
   * Writes `bytes` bytes from `position` on to `offset` of the port's bytes, a multiple of 4. Returns the sum of their 16-bit words in
   * network order, an odd last byte as the upper half of a word, below 2^31 and not complemented.
   */
  write(connection: number, position: number, bytes: number, offset: number): number;
  /** The peer has everything before `position`. */
  acknowledged(connection: number, position: number): void;
  /** The connection is gone: nothing of it is asked for again. */
  released(connection: number): void;
}
