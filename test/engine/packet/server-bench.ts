/** A server engine at one end of a wire in memory, and packets that a test writes at the other. */
import type { Test } from 'tap';
import { PacketServerEngine } from '../../../src/engine/packet/server.ts';
import type { ServerDriver, ServerEngineOptions } from '../../../src/engine/seam/engine.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { pattern } from '../conformance/pattern.ts';
import { linkOf, MACS, runOf } from './links.ts';
import { MemoryWire } from './memory-wire.ts';
import { ACK, encodeTcp, FIN, flagsText, RST, SYN, type TcpPacket } from './packets.ts';

export const MS = 1e6;
const PORT = 7000;
/** Where a peer's bytes begin. */
export const FIRST = 1000;

/** What is called for each event; all is noted by name. */
type Reactions = Partial<Pick<ServerDriver, 'admits' | 'accepted' | 'received' | 'flushed' | 'ended' | 'failed'>>;

/** A server at one end of a wire, and packets of the test at the other. */
export class Bench implements ServerDriver {
  readonly clock = new ManualClock();
  readonly wire = new MemoryWire({ clock: this.clock });
  readonly engine: PacketServerEngine;
  readonly events: string[] = [];
  deadlineNs = Infinity;
  reactions: Reactions = {};
  #seen = 0;
  #isOver = false;

  constructor(options: Partial<ServerEngineOptions> = {}) {
    const link = linkOf(1, { addresses: [runOf('198.18.9.0', 4)] });
    const port = this.wire.ports[1];
    this.engine = new PacketServerEngine(
      {
        host: null,
        port: PORT,
        backlog: 16,
        payload: new Uint8Array(0),
        capacity: 8,
        reads: true,
        halfCloses: true,
        link,
        clock: this.clock,
        ...options,
      },
      port,
    );
    this.engine.listen();
  }

  /** Runs the server while the script goes on: each of its steps comes when the server waits. */
  serve(script: () => Generator<undefined, void>): void {
    const steps = script();
    this.wire.isRecording = true;
    this.wire.ports[1].onWait = () => {
      if (this.#isOver) {
        // The server lingers.
        this.clock.advance(100 * MS);
      } else this.#isOver = steps.next().done === true;
      this.clock.tick();
    };
    this.engine.run(this);
  }

  /** The segments that the server has sent since this was last asked. */
  answers(): TcpPacket[] {
    const fresh = this.wire.sent.slice(this.#seen).filter(({ from }) => from === 1);
    this.#seen = this.wire.sent.length;
    return fresh.map(({ packet }) => packet).filter((packet) => packet.kind === 'tcp');
  }

  step(): boolean {
    return !this.#isOver;
  }
  admits(): boolean {
    return this.reactions.admits?.() ?? true;
  }
  accepted(slot: number): void {
    this.events.push(`accepted ${slot}`);
    this.reactions.accepted?.(slot);
  }
  received(slot: number, bytes: number): void {
    this.events.push(`received ${slot} ${bytes}`);
    this.reactions.received?.(slot, bytes);
  }
  sent(slot: number, bytes: number): void {
    this.events.push(`sent ${slot} ${bytes}`);
  }
  flushed(slot: number): void {
    this.events.push(`flushed ${slot}`);
    this.reactions.flushed?.(slot);
  }
  ended(slot: number): void {
    this.events.push(`ended ${slot}`);
    this.reactions.ended?.(slot);
  }
  failed(slot: number, errno: number): void {
    this.events.push(`failed ${slot} ${errno}`);
    this.reactions.failed?.(slot, errno);
  }
  released(slot: number): void {
    this.events.push(`released ${slot}`);
  }
  acceptFailed(): void {
    this.events.push('acceptFailed');
  }
}

/** A peer without a will of its own: it sends what the test says, with the numbers that come next. */
export class Peer {
  readonly #bench: Bench;
  readonly #port: number;
  next = FIRST;
  acknowledgement = 0;
  window = 60_000;

  constructor(bench: Bench, port = 1024) {
    this.#bench = bench;
    this.#port = port;
  }

  send(flags: number, bytes = 0, more: Partial<TcpPacket> = {}): void {
    const payload = pattern(4096).slice(0, bytes);
    const packet: TcpPacket = {
      kind: 'tcp',
      sourceMac: MACS[0],
      destinationMac: MACS[1],
      vlan: null,
      family: 4,
      source: '198.18.0.1',
      destination: '198.18.9.2',
      ttl: 64,
      id: 0,
      dontFragment: true,
      sourcePort: this.#port,
      destinationPort: PORT,
      sequence: this.next,
      acknowledgement: (flags & ACK) === 0 ? 0 : this.acknowledgement,
      flags,
      window: this.window,
      options: {},
      payload,
      isSound: true,
      ...more,
    };
    this.#bench.wire.inject(1, encodeTcp(packet));
    if (more.sequence === undefined) this.next += bytes + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
  }

  /** What the server sent to this peer, as `FLAGS+bytes`; acknowledges it with the next packet. */
  hear(): string[] {
    const mine = this.#bench.answers().filter(({ destinationPort }) => destinationPort === this.#port);
    for (const { sequence, payload, flags } of mine) {
      if ((flags & SYN) !== 0) this.acknowledgement = sequence;
      const end = sequence + payload.length + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
      if ((flags & RST) === 0 && ((end - this.acknowledgement) | 0) > 0) this.acknowledgement = end >>> 0;
    }
    return mine.map(({ flags, payload }) => `${flagsText(flags)}+${payload.length}`);
  }

  /** Connects: two steps of a script. */
  *connect(t: Test): Generator<undefined, void> {
    this.send(SYN);
    yield;
    t.strictSame(this.hear(), ['SYN ACK+0']);
    this.send(ACK);
    yield;
  }
}
