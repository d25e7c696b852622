import type { Family } from '../../../plan/address/address.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { AddressRun, PacketLink } from '../../seam/link.ts';
import type { FramePort } from '../port/frame-port.ts';
import type { SendSource, TcpUser } from './tcp-user.ts';

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
  readonly link: Pick<PacketLink, 'mtu' | 'mac' | 'nextHopMac' | 'nextHop' | 'vlan' | 'hasUnfinishedChecksums'> & {
    readonly addresses: readonly AddressRun[];
    /** The threads among which a client's connections are divided by their local port: see `portsByRemainder` in src/client. 1 if left out. */
    readonly workers?: number;
  };
  /** The thread's row: see `packet-counters.ts`. */
  readonly counters: Float64Array;
  readonly user: TcpUser;
  readonly source: SendSource;
  /** The number of slots of the user. */
  readonly capacity: number;
  /** Null for a server. */
  readonly remote: Remote | null;
  /** What sequence numbers and timestamps are made from (RFC 6528); drawn at random if left out. */
  readonly key?: readonly [number, number, number, number];
  /** The initial sequence number of every connection, for tests near its borders. */
  readonly firstSequence?: number | undefined;
}
