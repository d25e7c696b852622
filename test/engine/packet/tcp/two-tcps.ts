/** Two TCPs over a wire in memory, with users that follow scripts, and a model that watches each end of each connection. */
import { FrameSorter } from '../../../../src/engine/packet/link/frame-sorter.ts';
import { countersOf } from '../../../../src/engine/packet/packet-counters.ts';
import { Tcp } from '../../../../src/engine/packet/tcp/tcp.ts';
import { NONE, type SendSource, type TcpUser } from '../../../../src/engine/packet/tcp/tcp-user.ts';
import type { PacketLink } from '../../../../src/engine/seam/link.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { linkOf, runOf } from '../links.ts';
import { MemoryWire, type MemoryPort } from '../memory-wire.ts';
import { ACK, addressBytes, clampWindow, decodeFrame, rewriteTcp, SYN, type TcpPacket } from '../packets.ts';
import { EndpointModel } from './endpoint-model.ts';
import { byteAt, type Scenario, type Seat } from './scenario.ts';

export const SERVER_PORT = 7000;
const FIRST_PORT = 1024;
const MS = 1e6;

export class Pair {
  readonly clock = new ManualClock();
  readonly wire: MemoryWire;
  readonly ends: readonly [End, End];
  /** What is to happen later, by time. */
  readonly #later: { readonly atNs: number; readonly action: () => void }[] = [];

  /** Called with each frame that one end sent to the other. */
  onFrame: ((frame: Uint8Array) => void) | null = null;
  /** Frames that both ends sent. */
  sentFrames = 0;
  /** When the last of them was sent. */
  lastFrameNs = 0;

  /** With `trusts` false, frames of others with right checksums may reach an end: the models then prove nothing. */
  constructor(scenario: Scenario, { trusts = true }: { readonly trusts?: boolean } = {}) {
    this.wire = new MemoryWire({ ...scenario.faults, clock: this.clock, delayNs: scenario.delayMs * MS, frames: 512 });
    const { mostWindow } = scenario;
    this.wire.filter = ({ bytes }) => {
      this.sentFrames++;
      this.lastFrameNs = this.clock.atNs;
      if (mostWindow < Infinity) rewriteTcp(bytes, clampWindow(mostWindow));
      this.onFrame?.(bytes);
      return true;
    };
    this.ends = [new End(this, 0, scenario, trusts), new End(this, 1, scenario, trusts)];
    this.ends[1].tcp.listen(SERVER_PORT, 128);
  }

  /** Puts a frame on the wire that neither end sent; it is lost where there is no room. */
  inject(to: 0 | 1, frame: Uint8Array): void {
    if (this.ends[to].port.hasRoom) this.wire.inject(to, frame);
  }

  after(ms: number, action: () => void): void {
    this.#later.push({ atNs: this.clock.atNs + ms * MS, action });
    this.#later.sort((a, b) => a.atNs - b.atNs);
  }

  /** Runs until nothing is left to happen, or so much time has gone by. Returns whether nothing is left. */
  run(seconds: number): boolean {
    const endNs = this.clock.atNs + seconds * 1e9;
    for (let turns = 0, lastNs = -1; ; turns++) {
      if (this.clock.atNs !== lastNs) turns = 0;
      else if (turns > 20_000) throw new Error('the clock stands still: something is due again and again');
      lastNs = this.clock.atNs;
      for (const end of this.ends) end.turn();
      while (this.#later[0] !== undefined && this.#later[0].atNs <= this.clock.atNs) this.#later.shift()!.action();
      for (const end of this.ends) end.port.flush();
      const nextNs = Math.min(
        this.wire.nextDueNs,
        this.ends[0].tcp.deadlineNs,
        this.ends[1].tcp.deadlineNs,
        this.#later[0]?.atNs ?? Infinity,
      );
      if (this.isQuiet || nextNs > endNs) return this.isQuiet;
      this.clock.advanceTo(Math.max(nextNs, this.clock.atNs));
      this.clock.tick();
    }
  }

  get isQuiet(): boolean {
    return this.wire.nextDueNs === Infinity && this.#later.length === 0 && this.ends.every(({ tcp }) => tcp.rows === 0);
  }
}

export class End implements TcpUser, SendSource {
  readonly tcp: Tcp;
  readonly port: MemoryPort;
  readonly link: PacketLink;
  readonly counters: Float64Array;
  readonly seats: Seat[] = [];
  readonly #pair: Pair;
  readonly #index: 0 | 1;
  readonly #trusts: boolean;
  readonly #sorter: FrameSorter;
  readonly #scenario: Scenario;
  readonly #slots: (Seat | null)[] = [];
  /** By the TCP's number of a connection: what it sends. */
  readonly #sending = new Map<number, Seat>();
  /** By the client's port. */
  readonly #models = new Map<number, EndpointModel>();
  /** Those of connections that a new one has taken the place of. */
  readonly #former: EndpointModel[] = [];
  /** The last SYN of each client's port that was delivered. */
  readonly #syns = new Map<number, TcpPacket>();
  #accepting = -1;

  constructor(pair: Pair, index: 0 | 1, scenario: Scenario, trusts: boolean) {
    this.#pair = pair;
    this.#trusts = trusts;
    this.#index = index;
    this.#scenario = scenario;
    const { family, vlan, mtu, connections, firstSequences } = scenario;
    const addresses = family === 4 ? ['198.18.0.1', '198.18.9.1'] : ['fd00::1', 'fd00::9:1'];
    this.link = linkOf(index, { addresses: [runOf(addresses[index]!)], vlan, mtu });
    this.counters = countersOf(this.link.counters, 0);
    this.port = pair.wire.ports[index];
    this.tcp = new Tcp({
      port: this.port,
      clock: pair.clock,
      link: this.link,
      counters: this.counters,
      user: this,
      source: this,
      capacity: connections.length,
      remote: index === 0 ? { family, address: addressBytes(addresses[1]!), port: SERVER_PORT } : null,
      key: [1, 2, 3, index],
      firstSequence: firstSequences?.[index],
    });
    this.#sorter = new FrameSorter(this.port, this.link, this.tcp, this.tcp.quotations);
    this.port.onSend = (frame) => this.#watch(frame, 'sent');
    this.#slots = connections.map(() => null);
    for (let i = 0; i < connections.length; i++) this.#modelOf(FIRST_PORT + i);
  }

  #modelOf(clientPort: number): EndpointModel {
    let model = this.#models.get(clientPort);
    if (model === undefined) {
      const connection = clientPort - FIRST_PORT;
      const name = `${this.#index === 0 ? 'client' : 'server'} ${connection}`;
      model = new EndpointModel(name, this.#index === 0, (position) => byteAt(this.#index, connection, position));
      this.#models.set(clientPort, model);
    }
    return model;
  }

  get models(): readonly EndpointModel[] {
    return [...this.#models.values(), ...this.#former];
  }

  #watch(frame: Uint8Array, way: 'sent' | 'delivered'): void {
    const packet = decodeFrame(frame);
    // A turned bit may be one of the tag: the frame is then of another network.
    if (packet.kind !== 'tcp' || !packet.isSound || packet.vlan !== this.#scenario.vlan) {
      if (way === 'sent' && this.#trusts)
        throw new Error(`sends a frame that is no sound segment: ${JSON.stringify(packet)}`);
      return;
    }
    const clientPort = packet.sourcePort === SERVER_PORT ? packet.destinationPort : packet.sourcePort;
    if (way === 'delivered') this.#lastSyn(clientPort, packet);
    else if ((packet.flags & (SYN | ACK)) === (SYN | ACK)) this.#maybeRenew(clientPort);
    this.#modelOf(clientPort)[way](packet);
    if (way === 'delivered') this.#choose(packet);
  }

  #lastSyn(clientPort: number, packet: TcpPacket): void {
    if ((packet.flags & (SYN | ACK)) === SYN) this.#syns.set(clientPort, packet);
  }

  /** A SYN that comes late finds its connection gone, and begins another one. */
  #maybeRenew(clientPort: number): void {
    const model = this.#models.get(clientPort);
    const syn = this.#syns.get(clientPort);
    if (syn === undefined || (model?.state !== 'GONE' && model?.state !== 'TIME-WAIT')) return;
    this.#models.delete(clientPort);
    this.#former.push(model);
    this.#modelOf(clientPort).delivered(syn);
  }

  /** Remembers whose handshake a segment may complete: `accept` is not told. */
  #choose(packet: TcpPacket): void {
    if (this.#index === 1 && (packet.flags & SYN) === 0) this.#accepting = packet.sourcePort - FIRST_PORT;
  }

  turn(): void {
    this.tcp.turn();
    while (this.port.receive(this) > 0);
  }

  frame(offset: number, length: number): void {
    this.#watch(this.port.bytes.slice(offset, offset + length), 'delivered');
    this.#sorter.frame(offset, length);
  }

  connect(connection: number): number {
    this.#seat(connection, connection);
    return this.tcp.connect(connection, 0, FIRST_PORT + connection);
  }

  #seat(connection: number, slot: number): void {
    const script = this.#scenario.connections[connection]![this.#index === 0 ? 'client' : 'server'];
    const seat: Seat = {
      index: connection,
      script,
      model: this.#modelOf(FIRST_PORT + connection),
      slot,
      queued: 0,
      sent: 0,
      received: 0,
      wrong: 0,
      isEnded: false,
      errno: 0,
      isOpen: false,
      isClosed: false,
      events: [],
    };
    this.seats.push(seat);
    this.#slots[slot] = seat;
  }

  accept(): number {
    const slot = this.#slots.indexOf(null);
    if (slot < 0 && this.#trusts) throw new Error('more handshakes than connections');
    if (slot < 0 || this.#scenario.connections[this.#accepting] === undefined) return NONE;
    this.#seat(this.#accepting, slot);
    return slot;
  }

  accepted(slot: number): void {
    this.#open(slot, 'accepted');
  }

  connected(slot: number): void {
    this.#open(slot, 'connected');
  }

  #open(slot: number, event: string): void {
    const seat = this.#expect(slot, event);
    if (seat.isOpen) throw new Error(`${event} twice`);
    seat.isOpen = true;
    this.#sending.set(this.tcp.connectionOf(slot), seat);
    this.#goOn(seat);
  }

  /** Queues the next piece, or does what follows the last. */
  #goOn(seat: Seat): void {
    const { script, model } = seat;
    while (seat.queued < script.bytes && seat.queued === seat.sent) {
      const bytes = Math.min(script.pieceBytes, script.bytes - seat.queued);
      seat.queued += bytes;
      model.queuedBytes += bytes;
      this.tcp.queue(seat.slot, bytes);
    }
    if (seat.queued < script.bytes || seat.isClosed) return;
    if (script.finish === 'shutdown' && !model.isShutDown) {
      model.isShutDown = true;
      this.tcp.shutDown(seat.slot);
    } else if (script.finish === 'close' || (script.finish === 'wait' && seat.isEnded)) this.#close(seat, false);
    if (script.finish === 'shutdown' && seat.isEnded) this.#close(seat, false);
    this.#maybeReset(seat);
  }

  #maybeReset(seat: Seat): void {
    const { finish, resetAfter } = seat.script;
    if (!seat.isClosed && finish === 'reset' && (seat.received >= resetAfter || seat.isEnded)) this.#close(seat, true);
  }

  #close(seat: Seat, reset: boolean): void {
    const { model } = seat;
    model.isShutDown = true;
    model.isClosed = true;
    // Bytes of the segment at hand that the user has not got: it never will, and the peer is told so.
    if (reset || seat.received < model.received.length) model.mayReset = true;
    seat.isClosed = true;
    this.#slots[seat.slot] = null;
    this.tcp.close(seat.slot, reset);
  }

  /** Resets all connections that the user still has. */
  giveUp(): void {
    for (const seat of this.#slots) if (seat !== null) this.#close(seat, true);
  }

  sent(slot: number, bytes: number): void {
    const seat = this.#expect(slot, 'sent');
    seat.sent += bytes;
    if (seat.sent > seat.queued) throw new Error('more was sent than queued');
    this.#goOn(seat);
  }

  received(slot: number, offset: number, bytes: number): void {
    const seat = this.#expect(slot, 'received');
    if (seat.isEnded) throw new Error('received after ended');
    const other = this.#index === 0 ? 1 : 0;
    for (let i = 0; i < bytes; i++)
      if (this.port.bytes[offset + i] !== byteAt(other, seat.index, seat.received + i)) seat.wrong++;
    seat.received += bytes;
    const { holdAfter, holdMs } = seat.script;
    if (holdMs > 0 && seat.received >= holdAfter && seat.received - bytes < holdAfter) this.#hold(seat);
    this.#maybeReset(seat);
  }

  #hold(seat: Seat): void {
    this.tcp.holdWindow(seat.slot, true);
    this.#pair.after(seat.script.holdMs, () => {
      if (!seat.isClosed) this.tcp.holdWindow(seat.slot, false);
    });
  }

  ended(slot: number): void {
    const seat = this.#expect(slot, 'ended');
    if (seat.isEnded) throw new Error('ended twice');
    seat.isEnded = true;
    if (this.#trusts && !seat.model.hasEnd) throw new Error('ended without the FIN of the peer');
    this.#maybeReset(seat);
    if (seat.isClosed) return;
    this.#goOn(seat);
  }

  failed(slot: number, errno: number): void {
    const seat = this.#expect(slot, 'failed');
    seat.errno = errno;
    seat.model.mayReset = true;
    seat.model.state = 'GONE';
    this.#close(seat, false);
  }

  #expect(slot: number, event: string): Seat {
    const seat = this.#slots[slot];
    if (seat === null || seat === undefined) throw new Error(`${event} of slot ${slot}, which is free`);
    if (seat.events.at(-1) !== event) seat.events.push(event);
    return seat;
  }

  write(connection: number, position: number, bytes: number, offset: number): number {
    const seat = this.#sending.get(connection);
    if (seat === undefined) throw new Error(`bytes of connection ${connection}, which is not known`);
    if (position < 0 || position + bytes > seat.queued) throw new Error('bytes that are not queued');
    let sum = 0;
    for (let i = 0; i < bytes; i++) {
      const byte = byteAt(this.#index, seat.index, position + i);
      this.port.bytes[offset + i] = byte;
      sum += (i & 1) === 0 ? byte << 8 : byte;
    }
    return sum;
  }

  acknowledged(connection: number, position: number): void {
    const seat = this.#sending.get(connection);
    // FIN counts as one more.
    if (seat !== undefined && position > seat.queued + (seat.model.isShutDown ? 1 : 0))
      throw new Error('more is acknowledged than was queued');
  }

  released(connection: number): void {
    this.#sending.delete(connection);
  }

  /** Connections whose bytes could still be asked for. */
  get sourceConnections(): number {
    return this.#sending.size;
  }

  get openSlots(): number {
    return this.#slots.filter((seat) => seat !== null).length;
  }
}
