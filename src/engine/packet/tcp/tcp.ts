import type { Clock } from '../../../runtime/clock.ts';
import type { Family } from '../../../plan/address.ts';
import type { FramePort } from '../frame-port.ts';
import type { AddressRun, PacketLink } from '../../seam/link.ts';
import type { SendSource, StrayFrames, TcpUser } from './tcp-user.ts';

/** The other end of the connections that `Tcp.connect` opens. */
export interface Remote {
  readonly family: Family;
  /** The address in network order: 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface TcpOptions {
  readonly port: FramePort;
  readonly clock: Clock;
  readonly link: Pick<PacketLink, 'mtu' | 'mac' | 'nextHopMac' | 'vlan' | 'hasUnfinishedChecksums'> & {
    readonly addresses: readonly AddressRun[];
  };
  /** The thread's row: see `packet-counters.ts`. */
  readonly counters: Float64Array;
  readonly user: TcpUser;
  readonly source: SendSource;
  /** The number of slots of the user. */
  readonly capacity: number;
  /** Null for a server. */
  readonly remote: Remote | null;
  readonly strays?: StrayFrames | undefined;
  /** What sequence numbers and timestamps are made from (RFC 6528); drawn at random if left out. */
  readonly key?: readonly [number, number, number, number];
  /** The initial sequence number of every connection, for tests near its borders. */
  readonly firstSequence?: number | undefined;
}

/**
 * TCP (RFC 9293) over frames, for very many short connections: no SACK, no reordering queue, no delayed ACKs, bounded windows.
 *
 * A connection is a row of typed arrays. It has a slot of the user while the user has it open; after `close` it goes on without one until
 * the peer has acknowledged all, and its slot is free for another connection immediately.
 *
 * A turn of an engine's loop is: `turn()`, the driver's step, `port.receive`, and `port.wait` until the driver's deadline or `deadlineNs`.
 */
export class Tcp {
  /** When `turn` is to be called at the latest, on the clock, in ns. */
  deadlineNs = Infinity;

  constructor(_options: TcpOptions) {
    throw new Error('not built yet');
  }

  // --- the engine above ---

  /** Reads the clock, runs what is due, and sends what had to wait for frames. */
  turn(): void {}

  /**
   * Sends a SYN from one of our addresses, by its index, to `remote`. Returns 0, or EADDRINUSE where the 4-tuple is open or rests after a
   * close, or EADDRNOTAVAIL for an index out of range.
   */
  connect(_slot: number, _local: number, _localPort: number): number {
    return 0;
  }

  /** Queues `bytes` more of the source; they leave as the peer's window lets them. */
  queue(_slot: number, _bytes: number): void {}

  /** Queues a FIN after what is queued. What is queued later is an error. */
  shutDown(_slot: number): void {}

  /**
   * The user is done with the slot, which is free when this returns. Without `reset` what is queued is sent, then FIN, and bytes that come
   * later are answered with RST, as Linux does. With `reset` RST is sent now, and what is queued is dropped.
   */
  close(_slot: number, _reset: boolean): void {}

  /**
   * From now on the window is not moved on: the peer may send what has been announced already (at most 64 KiB), and no more. `false`
   * announces a whole window again, immediately where the peer may wait for it.
   */
  holdWindow(_slot: number, _isHeld: boolean): void {}

  /** The bytes of the slot that are queued and have not left yet. */
  unsentBytes(_slot: number): number {
    return 0;
  }

  /** The TCP's number of the connection that has this slot, as `SendSource` gets it, or `NONE` where it is gone. */
  connectionOf(_slot: number): number {
    return 0;
  }

  /** Answers SYNs to this port of all our addresses. `backlog` bounds the handshakes that are under way; a SYN beyond it is dropped. */
  listen(_port: number, _backlog: number): void {}

  /** SYNs are answered with RST from now on. Handshakes that are under way may complete. */
  stopListening(): void {}

  /** How many connections have a row: open ones, handshakes, and those that go on without a slot. For tests. */
  get rows(): number {
    return 0;
  }

  /** How many 4-tuples rest in TIME-WAIT. For tests. */
  get resting(): number {
    return 0;
  }

  // --- the frames below ---

  /**
   * An IPv4 packet with protocol 6 lies at `ip` (a multiple of 4) of the port's bytes; its frame begins at `frame` and ends at `end`. The
   * packet is checked here: version, lengths, fragments, both checksums.
   */
  packet4(_frame: number, _ip: number, _end: number): void {}

  /** The same for an IPv6 packet whose next header is TCP. */
  packet6(_frame: number, _ip: number, _end: number): void {}

  /**
   * The connection that sent the packet which an ICMP error quotes from `ip` on, or `NONE`. The quoted sequence number must be one of
   * what is under way (RFC 5927, section 4.1).
   */
  quoted4(_ip: number, _end: number): number {
    return 0;
  }

  quoted6(_ip: number, _end: number): number {
    return 0;
  }

  /** A destination is unreachable: ends the connection with this errno in SYN-SENT, and changes nothing in other states (RFC 5927, section 5). */
  unreachable(_connection: number, _errno: number): void {}

  /** A router's link takes packets of at most this many bytes: segments of the connection become smaller, and are sent again (RFC 1191). */
  tooBig(_connection: number, _mtu: number): void {}
}
