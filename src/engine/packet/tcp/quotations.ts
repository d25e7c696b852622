import { HAS_TIMESTAMPS, IS_IPV6, type ConnectionTable } from './connection-table.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isBefore } from './sequence.ts';
import { ESTABLISHED, SYN_SENT } from './states.ts';
import { NONE } from './tcp-user.ts';
import type { Resending } from './resending.ts';
import { rowOf, type TupleTable } from './tuple-table.ts';
import { ADDRESS_WORDS, Tuple } from './tuple.ts';

/** The smallest packets that a network may be limited to, as Linux takes it (net.ipv4.route.min_pmtu), and by RFC 8200. */
const LEAST_MTU_4 = 552;
const LEAST_MTU_6 = 1280;

export interface QuotationParts {
  readonly view: DataView;
  readonly connections: ConnectionTable;
  readonly tuples: TupleTable;
  readonly lifecycle: Lifecycle;
  readonly resending: Resending;
}

/** ICMP errors: which connection one is about, by the packet that it quotes, and what follows from it. */
export class Quotations {
  readonly #o: QuotationParts;
  readonly #tuple = new Tuple();

  constructor(parts: QuotationParts) {
    this.#o = parts;
  }

  /**
   * The connection that sent the packet which an ICMP error quotes from `ip` on, or `NONE`. The quoted sequence number must be one of
   * what is under way (RFC 5927, section 4.1).
   */
  quoted4(ip: number, end: number): number {
    const { view } = this.#o;
    if (end - ip < 28) return NONE;
    const at = ip + ((view.getUint8(ip) & 15) << 2);
    if (at + 8 > end) return NONE;
    const tuple = this.#tuple;
    tuple.family = 4;
    tuple.local = view.getInt32(ip + 12);
    tuple.remote = view.getInt32(ip + 16);
    return this.#quotedBy(tuple, at);
  }

  quoted6(ip: number, end: number): number {
    const { view } = this.#o;
    if (end - ip < 48) return NONE;
    const tuple = this.#tuple;
    tuple.family = 6;
    for (let i = 0; i < ADDRESS_WORDS; i++) tuple.words[i] = view.getInt32(ip + 8 + i * 4);
    tuple.mix();
    return this.#quotedBy(tuple, ip + 40);
  }

  #quotedBy(tuple: Tuple, at: number): number {
    tuple.ports = this.#o.view.getInt32(at);
    const ref = this.#o.tuples.find(this.#o.lifecycle.hashOf(tuple), tuple);
    if (ref <= 0) return NONE;
    const row = rowOf(ref);
    const { sendUnacknowledged, sendHighest } = this.#o.connections;
    const sequence = this.#o.view.getInt32(at + 4);
    return isBefore(sequence, sendUnacknowledged[row]!) || isBefore(sendHighest[row]!, sequence) ? NONE : row;
  }

  /** A destination is unreachable: ends the connection with this errno in SYN-SENT, and changes nothing in other states (RFC 5927, section 5). */
  unreachable(connection: number, errno: number): void {
    if (this.#o.connections.state[connection] === SYN_SENT) this.#o.lifecycle.fail(connection, errno);
  }

  /** A router's link takes packets of at most this many bytes: segments of the connection become smaller, and are sent again (RFC 1191). */
  tooBig(connection: number, mtu: number): void {
    const { segmentBytes, flags, state } = this.#o.connections;
    if (state[connection]! < ESTABLISHED) return;
    const isIpv6 = (flags[connection]! & IS_IPV6) !== 0;
    const least = isIpv6 ? LEAST_MTU_6 : LEAST_MTU_4;
    const headers = (isIpv6 ? 60 : 40) + ((flags[connection]! & HAS_TIMESTAMPS) === 0 ? 0 : 12);
    const bytes = Math.max(mtu, least) - headers;
    if (bytes >= segmentBytes[connection]!) return;
    segmentBytes[connection] = bytes;
    this.#o.resending.sendAllAgain(connection);
  }
}
