import { OUT_OF_ORDER } from '../packet-counters.ts';
import { ACK_DUE, HAS_GAP, type ConnectionTable } from './connection-table.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Reassembly } from './reassembly.ts';
import type { SegmentReader } from './segment-reader.ts';
import { FIN } from './segment-writer.ts';
import { isAfter } from './sequence.ts';
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 } from './states.ts';
import { NONE, type TcpUser } from './tcp-user.ts';
import type { Transmission } from './transmission.ts';

export interface ReceptionParts {
  readonly connections: ConnectionTable;
  readonly lifecycle: Lifecycle;
  readonly transmission: Transmission;
  readonly reassembly: Reassembly;
  readonly reader: SegmentReader;
  readonly user: TcpUser;
  readonly counters: Float64Array;
}

/** Takes the bytes and the FIN of a segment that is acceptable, and gives them to the user in order. */
export class Reception {
  readonly #connections: ConnectionTable;
  readonly #lifecycle: Lifecycle;
  readonly #transmission: Transmission;
  readonly #reassembly: Reassembly;
  readonly #reader: SegmentReader;
  readonly #user: TcpUser;
  readonly #counters: Float64Array;

  constructor(parts: ReceptionParts) {
    this.#connections = parts.connections;
    this.#lifecycle = parts.lifecycle;
    this.#transmission = parts.transmission;
    this.#reassembly = parts.reassembly;
    this.#reader = parts.reader;
    this.#user = parts.user;
    this.#counters = parts.counters;
  }

  takeBytes(row: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    const state = connections.state[row]!;
    if (state !== ESTABLISHED && state !== FIN_WAIT_1 && state !== FIN_WAIT_2) return;
    const next = connections.receiveNext[row]!;
    const skipped = (next - reader.sequence) | 0;
    if (skipped < 0) {
      this.#keep(row);
      return;
    }
    let bytes = reader.payloadBytes - skipped;
    if (bytes <= 0) return;
    if (connections.slot[row] === NONE) {
      this.#refuse(row);
      return;
    }
    const room = (connections.receiveEdge[row]! - next) | 0;
    // What is beyond the window is cut off, a FIN with it.
    if (bytes > room) bytes = room;
    connections.flags[row] = connections.flags[row]! | ACK_DUE;
    if (bytes <= 0) return;
    connections.receiveNext[row] = (next + bytes) | 0;
    const generation = connections.generation[row]!;
    this.#user.received(connections.slot[row]!, reader.payload + skipped, bytes);
    if ((connections.flags[row] & HAS_GAP) !== 0 && connections.generation[row] === generation) this.#takeKept(row);
  }

  /** The slot is closed: no one reads this any more (RFC 9293, section 3.6.1; net/ipv4/tcp_input.c, TCPABORTONDATA). */
  #refuse(row: number): void {
    this.#transmission.sendReset(row);
    this.#lifecycle.end(row);
  }

  /** Keeps what came after a gap, as far as it is in the window. */
  #keep(row: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    this.#counters[OUT_OF_ORDER]!++;
    connections.flags[row] = connections.flags[row]! | ACK_DUE;
    if (connections.slot[row] === NONE) return;
    const room = (connections.receiveEdge[row]! - reader.sequence) | 0;
    const bytes = reader.payloadBytes < room ? reader.payloadBytes : room;
    const isFin = (reader.flags & FIN) !== 0 && bytes === reader.payloadBytes;
    if (bytes > 0 || isFin) this.#reassembly.keep(row, reader.sequence, reader.payload, bytes, isFin);
  }

  /** A gap may be closed: gives to the user what was kept after it. */
  #takeKept(row: number): void {
    const connections = this.#connections;
    const reassembly = this.#reassembly;
    const generation = connections.generation[row]!;
    // The segment has been taken, so that its frame has room for others. An Ethernet header is as long as what aligns it.
    const place = this.#reader.frame + 2;
    const most = this.#transmission.sizesOf(row).maximumSegment;
    for (;;) {
      const next = connections.receiveNext[row]!;
      const kept = reassembly.bytesFrom(row, next);
      if (kept === 0) break;
      if (connections.slot[row] === NONE) {
        this.#refuse(row);
        return;
      }
      const bytes = kept < most ? kept : most;
      reassembly.copy(row, next, bytes, place);
      connections.receiveNext[row] = (next + bytes) | 0;
      this.#user.received(connections.slot[row]!, place, bytes);
      if (connections.generation[row] !== generation) return;
    }
    const end = connections.receiveNext[row]!;
    if (reassembly.hasFinAt(row, end)) this.#end(row);
    else reassembly.settle(row, end);
  }

  takeFin(row: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    const next = connections.receiveNext[row]!;
    const end = (reader.sequence + reader.payloadBytes) | 0;
    if (end === next) this.#end(row);
    // One with bytes before it was kept with them.
    else if (reader.payloadBytes === 0 && isAfter(end, next)) this.#keepFin(row);
  }

  #keepFin(row: number): void {
    const state = this.#connections.state[row]!;
    if (state === ESTABLISHED || state === FIN_WAIT_1 || state === FIN_WAIT_2) this.#keep(row);
  }

  /** The FIN has come, and all before it. */
  #end(row: number): void {
    const connections = this.#connections;
    const state = connections.state[row]!;
    const slot = connections.slot[row]!;
    if (state === ESTABLISHED) connections.state[row] = CLOSE_WAIT;
    else if (state === FIN_WAIT_1) connections.state[row] = CLOSING;
    else if (state !== FIN_WAIT_2) return;
    if ((connections.flags[row]! & HAS_GAP) !== 0) this.#reassembly.release(row);
    connections.receiveNext[row] = (connections.receiveNext[row]! + 1) | 0;
    if (state === FIN_WAIT_2) {
      this.#transmission.sendAck(row);
      this.#lifecycle.rest(row, this.#transmission.nowMs);
    } else connections.flags[row] = connections.flags[row]! | ACK_DUE;
    if (slot !== NONE) this.#user.ended(slot);
  }
}
