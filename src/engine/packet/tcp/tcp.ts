import { EADDRINUSE, EADDRNOTAVAIL, ENOBUFS } from '../../../kernel/errno.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { NextHopMac } from '../link/next-hop-mac.ts';
import type { OwnAddresses } from '../link/own-addresses.ts';
import { FIN_TIMEOUT_MS, type Arrival } from './arrival.ts';
import { ACK_DUE, FIN_QUEUED, HOLDS_WINDOW, IS_PASSIVE, IS_STARVED, type ConnectionTable } from './connection-table.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { LinkPeers } from './link-peers.ts';
import type { Quotations } from './quotations.ts';
import type { Resending } from './resending.ts';
import type { SegmentReader } from './segment-reader.ts';
import { ACK, FIN, RST, SYN } from './segment-writer.ts';
import { StarvedRows } from './starved-rows.ts';
import { CLOSED, ESTABLISHED, FIN_WAIT_2, SYN_RECEIVED, SYN_SENT } from './states.ts';
import type { Strangers } from './strangers.ts';
import type { Remote, TcpOptions } from './tcp-options.ts';
import { assemble, MOST_ORPHANS } from './tcp-parts.ts';
import { NONE } from './tcp-user.ts';
import type { TimeWait } from './time-wait.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transmission } from './transmission.ts';
import { ABSENT, entryOf, rowOf, type TupleTable } from './tuple-table.ts';
import { setRemote, Tuple } from './tuple.ts';

/** Tuples that are freed in one turn, so that a turn after a pause is no long one. */
const WAKES_PER_TURN = 4096;
/** When frames are lacking, they are asked for again after this. */
const STARVED_NS = 50e3;
/** The first peer of a client's link. */
const NEXT_HOP = 0;
/** Clocks may be behind their base when a run begins; times in ms are never 0. */
const EPOCH_MS = 1_000_000;
/** Initial sequence numbers move on by 250 a ms (RFC 9293, section 3.4.1), and by this with each connection. */
const STEPS_PER_MS = 250;
const STEP_PER_CONNECTION = 64;

/**
 * TCP (RFC 9293) over frames, for very many short connections: no delayed ACKs, bounded windows.
 *
 * A connection is a row of typed arrays. It has a slot of the user while the user has it open; after `close` it goes on without one until
 * the peer has acknowledged all, and its slot is free for another connection immediately.
 *
 * A turn of an engine's loop is: `turn()`, the driver's step, `port.receive`, and `port.wait` until the driver's deadline or `deadlineNs`.
 */
export class Tcp {
  /** When `turn` is to be called at the latest, on the clock, in ns. */
  deadlineNs = Infinity;
  readonly #clock: Clock;
  readonly #view: DataView;
  readonly #own: OwnAddresses;
  readonly #peers: LinkPeers;
  readonly #connections: ConnectionTable;
  readonly #timeWait: TimeWait;
  readonly #tuples: TupleTable;
  readonly #wheel: TimerWheel;
  readonly #lifecycle: Lifecycle;
  readonly #transmission: Transmission;
  readonly #resending: Resending;
  readonly #arrival: Arrival;
  readonly #strangers: Strangers;
  readonly #quotations: Quotations;
  readonly #reader: SegmentReader;
  readonly #nextHop: NextHopMac | null;
  /** Its changes that were taken over. */
  #nextHopChanges = 0;
  readonly #starved = new StarvedRows();
  /** What `connect` looks for. */
  readonly #tuple = new Tuple();
  readonly #remote: Remote | null;
  /** The port that is listened on; 0: none. */
  #listenPort = 0;
  #backlog = 0;
  #serial = 0;
  readonly #due = (row: number): void => this.#endTimer(row);

  constructor(options: TcpOptions) {
    const { port, clock, remote } = options;
    this.#clock = clock;
    this.#view = port.view;
    this.#remote = remote;
    this.#nextHop = options.link.nextHop === undefined ? null : new NextHopMac(options.link.nextHop);
    const parts = assemble(options, this.#starved, this.#nowMs());
    this.#own = parts.own;
    this.#peers = parts.peers;
    this.#connections = parts.connections;
    this.#timeWait = parts.timeWait;
    this.#tuples = parts.tuples;
    this.#wheel = parts.wheel;
    this.#lifecycle = parts.lifecycle;
    this.#transmission = parts.transmission;
    this.#resending = parts.resending;
    this.#arrival = parts.arrival;
    this.#strangers = parts.strangers;
    this.#quotations = parts.quotations;
    this.#reader = parts.reader;
    if (remote === null) return;
    this.#tuple.family = remote.family;
    setRemote(this.#tuple, remote.address);
  }

  // --- the engine above ---

  /** Reads the clock, runs what is due, and sends what had to wait for frames. */
  turn(): void {
    this.#clock.tick();
    const nowMs = this.#nowMs();
    if (nowMs !== this.#transmission.nowMs) {
      this.#transmission.nowMs = nowMs;
      if (this.#timeWait.count > 0) this.#lifecycle.wake(nowMs, WAKES_PER_TURN);
      if (this.#nextHop !== null) this.#follow(this.#nextHop);
      this.#wheel.turn(nowMs, this.#due);
    }
    if (this.#starved.count > 0) this.#feed();
    this.#setDeadline();
  }

  /** Sends to where the next hop is now; packets that are sent again go there too. */
  #follow(nextHop: NextHopMac): void {
    const { changes } = nextHop;
    if (changes === this.#nextHopChanges) return;
    this.#nextHopChanges = changes;
    this.#peers.move(NEXT_HOP, nextHop.read());
  }

  #nowMs(): number {
    const ms = this.#clock.nowNs * 1e-6;
    return ms > -EPOCH_MS ? (ms + EPOCH_MS + 1) | 0 : 1;
  }

  #setDeadline(): void {
    // One branch after the other: an expression of both would be an object where V8 has seen one only.
    if (this.#starved.count > 0) this.deadlineNs = this.#clock.nowNs + STARVED_NS;
    else if (this.#wheel.isEmpty) this.deadlineNs = Infinity;
    else this.deadlineNs = (this.#wheel.nextMs - EPOCH_MS) * 1e6;
  }

  #feed(): void {
    const starved = this.#starved;
    const { count } = starved;
    const { flags, state } = this.#connections;
    for (let i = 0; i < count; i++) {
      const row = starved.at(i);
      if ((flags[row]! & IS_STARVED) === 0) continue;
      flags[row] = flags[row]! & ~IS_STARVED;
      if (state[row]! < ESTABLISHED) this.#transmission.sendSyn(row);
      else this.#transmission.output(row);
    }
    starved.shift(count);
  }

  /**
   * Sends a SYN from one of our addresses, by its index, to `remote`. Returns 0, or EADDRINUSE where the 4-tuple is open or rests after a
   * close, or EADDRNOTAVAIL for an index out of range.
   */
  connect(slot: number, local: number, localPort: number): number {
    const tuple = this.#tuple;
    const remote = this.#remote!;
    if (!this.#own.load(local, tuple) || tuple.family !== remote.family) return EADDRNOTAVAIL;
    tuple.ports = (localPort << 16) | remote.port;
    if (tuple.family === 6) tuple.mix();
    const hash = this.#lifecycle.hashOf(tuple);
    const ref = this.#tuples.find(hash, tuple);
    if (ref !== ABSENT) {
      if (ref > 0 || !this.#hasRested(entryOf(ref))) return EADDRINUSE;
      this.#lifecycle.forget(entryOf(ref));
    }
    const row = this.#lifecycle.begin(tuple, hash, slot, 0, this.#sequenceClock());
    if (row === NONE) return ENOBUFS;
    this.#connections.state[row] = SYN_SENT;
    this.#transmission.sendSyn(row);
    return 0;
  }

  #hasRested(entry: number): boolean {
    return this.#timeWait.endMs[this.#timeWait.placeOf(entry)]! <= this.#transmission.nowMs;
  }

  #sequenceClock(): number {
    this.#serial = (this.#serial + STEP_PER_CONNECTION) | 0;
    return (Math.imul(this.#transmission.nowMs, STEPS_PER_MS) + this.#serial) | 0;
  }

  /** Queues `bytes` more of the source; they leave as the peer's window lets them. */
  queue(slot: number, bytes: number): void {
    const row = this.#lifecycle.rowOf(slot);
    if (row === NONE) return;
    this.#connections.sendEnd[row] = (this.#connections.sendEnd[row]! + bytes) | 0;
    this.#kick(row);
  }

  /** Queues `bytes` of the source and, if `isLast`, a FIN after them, which leave together. */
  send(slot: number, bytes: number, isLast: boolean): void {
    const row = this.#lifecycle.rowOf(slot);
    if (row === NONE) return;
    const { sendEnd, flags } = this.#connections;
    sendEnd[row] = (sendEnd[row]! + bytes) | 0;
    if (isLast) flags[row] = flags[row]! | FIN_QUEUED;
    this.#kick(row);
  }

  /** Queues a FIN after what is queued. What is queued later is an error. */
  shutDown(slot: number): void {
    const row = this.#lifecycle.rowOf(slot);
    if (row === NONE) return;
    this.#connections.flags[row] = this.#connections.flags[row]! | FIN_QUEUED;
    this.#kick(row);
  }

  /**
   * The user is done with the slot, which is free when this returns. Without `reset` what is queued is sent, then FIN, and bytes that come
   * later are answered with RST, as Linux does. With `reset` RST is sent now, and what is queued is dropped.
   */
  close(slot: number, reset: boolean): void {
    const lifecycle = this.#lifecycle;
    const row = lifecycle.rowOf(slot);
    if (row === NONE) return;
    const connections = this.#connections;
    const state = connections.state[row]!;
    lifecycle.detach(row);
    if (state === SYN_SENT) {
      // The peer knows nothing yet; a late SYN-ACK is a stray, which RST answers.
      lifecycle.end(row);
      return;
    }
    if (reset || state === SYN_RECEIVED || lifecycle.orphans > MOST_ORPHANS) {
      if (row === this.#arrival.current) this.#completeHandshake(row);
      this.#transmission.sendReset(row);
      lifecycle.end(row);
      return;
    }
    connections.flags[row] = (connections.flags[row]! | FIN_QUEUED) & ~HOLDS_WINDOW;
    if (state === FIN_WAIT_2) {
      lifecycle.halfClosed++;
      this.#wheel.set(row, this.#transmission.nowMs, FIN_TIMEOUT_MS);
    } else this.#kick(row);
  }

  /** A peer whose SYN-ACK is answered with RST alone has never had a connection: it gets the acknowledgement first, as from Linux. */
  #completeHandshake(row: number): void {
    if ((this.#reader.flags & SYN) !== 0) this.#transmission.sendAck(row);
  }

  /** Sends what the connection owes, now or when its segment has been looked at. */
  #kick(row: number): void {
    if (row !== this.#arrival.current) this.#transmission.output(row);
  }

  /**
   * From now on the window is not moved on: the peer may send what has been announced already (at most 64 KiB), and no more. `false`
   * announces a whole window again, immediately where the peer may wait for it.
   */
  holdWindow(slot: number, isHeld: boolean): void {
    const row = this.#lifecycle.rowOf(slot);
    if (row === NONE) return;
    const { flags, receiveEdge, receiveNext, state } = this.#connections;
    if (isHeld) {
      flags[row] = flags[row]! | HOLDS_WINDOW;
      return;
    }
    if ((flags[row]! & HOLDS_WINDOW) === 0) return;
    flags[row] = flags[row]! & ~HOLDS_WINDOW;
    // Half a window or more is left: the next acknowledgement tells early enough (RFC 9293, section 3.8.6.2.2).
    const left = (receiveEdge[row]! - receiveNext[row]!) | 0;
    if (left * 2 >= this.#transmission.sizesOf(row).window || state[row]! < ESTABLISHED) return;
    if (row === this.#arrival.current) flags[row] = flags[row] | ACK_DUE;
    else this.#transmission.sendAck(row);
  }

  /** The bytes of the slot that are queued and have not left yet. */
  unsentBytes(slot: number): number {
    const row = this.#lifecycle.rowOf(slot);
    if (row === NONE) return 0;
    const { sendEnd, sendHighest } = this.#connections;
    const unsent = (sendEnd[row]! - sendHighest[row]!) | 0;
    return unsent > 0 ? unsent : 0;
  }

  /** The TCP's number of the connection that has this slot, as `SendSource` gets it, or `NONE` where it is gone. */
  connectionOf(slot: number): number {
    return this.#lifecycle.rowOf(slot);
  }

  /** Which of the connections that had this number it is: tells whether a slot still has the same one after a callback. */
  generationOf(connection: number): number {
    return this.#connections.generation[connection]!;
  }

  /** Answers SYNs to this port of all our addresses. `backlog` bounds the handshakes that are under way; a SYN beyond it is dropped. */
  listen(port: number, backlog: number): void {
    this.#listenPort = port;
    this.#backlog = backlog;
  }

  /** SYNs are answered with RST from now on. Handshakes that are under way may complete. */
  stopListening(): void {
    this.#listenPort = 0;
  }

  /** How many connections have a row: open ones, handshakes, and those that go on without a slot. For tests. */
  get rows(): number {
    return this.#connections.used;
  }

  /** How many of them only wait for the peer's FIN, which may never come. */
  get halfClosed(): number {
    return this.#lifecycle.halfClosed;
  }

  /** Resets all connections: this end goes away, and no one will answer for it. */
  abandon(): void {
    const { state } = this.#connections;
    for (let row = 0; row < this.#connections.touched; row++) {
      if (state[row]! >= SYN_RECEIVED) this.#transmission.sendReset(row);
      if (state[row] !== CLOSED) this.#lifecycle.end(row);
    }
  }

  /** How many 4-tuples rest in TIME-WAIT. For tests. */
  get resting(): number {
    return this.#timeWait.count;
  }

  // --- the frames below ---

  /**
   * An IPv4 packet with protocol 6 lies at `ip` (a multiple of 4) of the port's bytes; its frame begins at `frame` and ends at `end`. The
   * packet is checked here: version, lengths, fragments, both checksums.
   */
  packet4(frame: number, ip: number, end: number): void {
    if (this.#reader.read4(frame, ip, end)) this.#segment();
  }

  /** The same for an IPv6 packet whose next header is TCP. */
  packet6(frame: number, ip: number, end: number): void {
    if (this.#reader.read6(frame, ip, end)) this.#segment();
  }

  #segment(): void {
    const { tuple } = this.#reader;
    const hash = this.#lifecycle.hashOf(tuple);
    const ref = this.#tuples.find(hash, tuple);
    if (ref > 0) this.#arrival.segment(rowOf(ref));
    else if (ref === ABSENT) this.#stranger(hash);
    else this.#resting(hash, entryOf(ref));
  }

  #isListenedTo(): boolean {
    return this.#listenPort !== 0 && this.#reader.tuple.ports >>> 16 === this.#listenPort;
  }

  #stranger(hash: number): void {
    const reader = this.#reader;
    const isSyn = (reader.flags & (SYN | ACK | RST | FIN)) === SYN;
    if (!isSyn || !this.#isListenedTo() || !this.#own.has(reader.tuple)) {
      this.#strangers.stray(reader);
      return;
    }
    if (this.#lifecycle.handshakes >= this.#backlog) return;
    const peer = this.#peers.senderOf(this.#view, reader.frame);
    if (peer === NONE) return;
    const connections = this.#connections;
    const row = this.#lifecycle.begin(reader.tuple, hash, NONE, peer, this.#sequenceClock());
    if (row === NONE) return;
    connections.flags[row] = connections.flags[row]! | IS_PASSIVE;
    connections.state[row] = SYN_RECEIVED;
    this.#lifecycle.handshakes++;
    this.#arrival.agree(row);
    this.#transmission.sendSyn(row);
  }

  #resting(hash: number, entry: number): void {
    const { nowMs } = this.#transmission;
    if (!this.#strangers.resting(this.#reader, entry, this.#isListenedTo(), nowMs)) return;
    this.#lifecycle.forget(entry);
    this.#stranger(hash);
  }

  /** What ICMP errors say of our packets. */
  get quotations(): Quotations {
    return this.#quotations;
  }

  #endTimer(row: number): void {
    const { state, slot } = this.#connections;
    if (state[row] === FIN_WAIT_2 && slot[row] === NONE) {
      this.#lifecycle.end(row);
      return;
    }
    const errno = this.#resending.timeout(row);
    if (errno !== 0) this.#lifecycle.fail(row, errno);
  }
}
