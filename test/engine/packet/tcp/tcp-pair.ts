/** Two TCPs at the ends of a wire in memory, moved by hand, with a record of what happened to each slot. */
import { FixedPayload } from '../../../../src/engine/packet/tcp/fixed-payload.ts';
import type { TcpUser } from '../../../../src/engine/packet/tcp/tcp-user.ts';
import { Tcp } from '../../../../src/engine/packet/tcp/tcp.ts';
import type { TcpOptions } from '../../../../src/engine/packet/tcp/tcp-options.ts';
import { FrameSorter } from '../../../../src/engine/packet/link/frame-sorter.ts';
import { countersOf } from '../../../../src/engine/packet/packet-counters.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { linkOf, runOf } from '../links.ts';
import { MemoryWire, type WireFaults } from '../memory-wire.ts';
import { addressBytes, encodeTcp, type TcpPacket } from '../packets.ts';

export const PORT = 7000;
const MS = 1e6;

/** What happened to the slots of one end, in words: `connected 0`, `received 0 64`. */
export class Recording implements TcpUser {
  readonly events: string[] = [];
  readonly bytes = new Map<number, number[]>();
  tcp!: Tcp;
  end!: End;
  nextSlot = 0;
  /** Called with each event, after it was noted. */
  react: (event: string, slot: number, bytes: number) => void = () => undefined;
  admits = true;

  accept(): number {
    return this.admits ? this.nextSlot++ : -1;
  }

  accepted(slot: number): void {
    this.#note('accepted', slot);
  }

  connected(slot: number): void {
    this.#note('connected', slot);
  }

  sent(slot: number, bytes: number): void {
    this.#note('sent', slot, bytes);
  }

  received(slot: number, offset: number, bytes: number): void {
    const all = this.bytes.get(slot) ?? [];
    this.bytes.set(slot, all);
    for (let i = 0; i < bytes; i++) all.push(this.end.port.bytes[offset + i]!);
    this.#note('received', slot, bytes);
  }

  ended(slot: number): void {
    this.#note('ended', slot);
  }

  failed(slot: number, errno: number): void {
    this.#note('failed', slot, errno);
  }

  #note(event: string, slot: number, bytes = -1): void {
    this.events.push(bytes < 0 ? `${event} ${slot}` : `${event} ${slot} ${bytes}`);
    this.react(event, slot, bytes);
  }
}

export interface End {
  readonly tcp: Tcp;
  readonly user: Recording;
  readonly port: MemoryWire['ports'][0];
  readonly sorter: FrameSorter;
  readonly counters: Float64Array;
}

export interface PairOptions extends WireFaults {
  readonly delayNs?: number;
  readonly isIpv6?: boolean;
  readonly vlan?: number;
  /** What the client sends, and what the server does, from the same bytes. */
  readonly payload?: Uint8Array;
  readonly mtu?: number;
  readonly firstSequence?: number;
  /** Whether the kernel has the addresses too. */
  readonly isKernels?: boolean;
}

export class TcpPair {
  readonly clock = new ManualClock(0);
  readonly wire: MemoryWire;
  readonly client: End;
  readonly server: End;
  readonly payloadBytes: number;
  closesWithReset = false;

  constructor(options: PairOptions = {}) {
    const { delayNs = 10_000, seed, loss, duplicate, reorder, corrupt } = options;
    const faults = {
      ...(seed !== undefined && { seed }),
      ...(loss !== undefined && { loss }),
      ...(duplicate !== undefined && { duplicate }),
      ...(reorder !== undefined && { reorder }),
      ...(corrupt !== undefined && { corrupt }),
    };
    this.payloadBytes = options.payload?.length ?? 0;
    this.wire = new MemoryWire({ clock: this.clock, delayNs, ...faults });
    this.wire.isRecording = true;
    this.client = this.#end(0, options);
    this.server = this.#end(1, options);
    this.server.tcp.listen(PORT, 1000);
  }

  #end(index: 0 | 1, options: PairOptions): End {
    const { isIpv6 = false, vlan = null, payload = new Uint8Array(0), mtu = 1500 } = options;
    const port = this.wire.ports[index];
    const addresses = isIpv6
      ? [runOf('2001:db8::1:fffe', 16), runOf('2001:db8::9:1')]
      : [runOf('198.18.1.250', 16), runOf('198.18.0.1')];
    const own = { ...addresses[index]!, isKernels: options.isKernels ?? false };
    const link = linkOf(index, { addresses: [own], vlan, mtu });
    const counters = countersOf(link.counters, 0);
    const user = new Recording();
    const target = isIpv6 ? '2001:db8::9:1' : '198.18.0.1';
    const remote = { family: isIpv6 ? 6 : 4, address: addressBytes(target), port: PORT } as const;
    const tcpOptions: TcpOptions = {
      port,
      clock: this.clock,
      link,
      counters,
      user,
      source: new FixedPayload(payload, port),
      capacity: 64,
      remote: index === 0 ? remote : null,
      key: [1, 2, 3, 4 + index],
      firstSequence: options.firstSequence,
    };
    const tcp = new Tcp(tcpOptions);
    const end = { tcp, user, port, counters, sorter: new FrameSorter(port, link, tcp, tcp.quotations) };
    user.tcp = tcp;
    user.end = end;
    return end;
  }

  /** Both ends take what has come until nothing more does without time going by. */
  settle(): void {
    for (let i = 0; i < 10_000; i++) {
      let moved = 0;
      for (const end of [this.client, this.server]) {
        end.tcp.turn();
        moved += end.port.receive(end.sorter);
        end.port.flush();
      }
      if (moved === 0 && this.wire.nextDueNs > this.clock.atNs) return;
    }
    throw new Error('the ends answer each other without end');
  }

  /** Lets so much time go by, in steps that no timer and no frame is missed in. */
  run(ms: number): void {
    const endNs = this.clock.atNs + ms * MS;
    for (;;) {
      this.settle();
      const nextNs = Math.min(this.wire.nextDueNs, this.client.tcp.deadlineNs, this.server.tcp.deadlineNs);
      if (nextNs > endNs) break;
      this.clock.advanceTo(Math.max(nextNs, this.clock.atNs));
      this.clock.tick();
    }
    this.clock.advanceTo(endNs);
    this.clock.tick();
    this.settle();
  }

  /** The segments that one end sent so far, in order. */
  sentBy(end: 0 | 1): TcpPacket[] {
    return this.wire.sent.filter(({ from }) => from === end).map(({ packet }) => packet as TcpPacket);
  }

  /** The last segment that one end sent. */
  lastOf(end: 0 | 1): TcpPacket {
    return this.sentBy(end).at(-1)!;
  }

  /** Sends the client a segment as if the server did: the last one that the server sent, changed. Returns what the client answers. */
  toClient(changes: Partial<TcpPacket>): TcpPacket[] {
    return this.#forge(0, changes);
  }

  toServer(changes: Partial<TcpPacket>): TcpPacket[] {
    return this.#forge(1, changes);
  }

  #forge(to: 0 | 1, changes: Partial<TcpPacket>): TcpPacket[] {
    const like = this.lastOf(to === 0 ? 1 : 0);
    const before = this.sentBy(to).length;
    this.wire.inject(to, encodeTcp({ ...like, payload: new Uint8Array(0), options: {}, ...changes }));
    this.settle();
    return this.sentBy(to).slice(before);
  }

  /** A client that sends its payload, and a server that sends as much back and closes when the client has. */
  echo(): this {
    const { client, server } = this;
    client.user.react = (event, slot) => {
      if (event === 'connected') client.tcp.send(slot, this.payloadBytes, false);
      const got = client.user.bytes.get(slot)?.length ?? 0;
      if (event === 'received' && got >= this.payloadBytes) client.tcp.close(slot, this.closesWithReset);
      if (event === 'failed') client.tcp.close(slot, false);
    };
    server.user.react = (event, slot, bytes) => {
      if (event === 'received') server.tcp.queue(slot, bytes);
      if (event === 'ended' || event === 'failed') server.tcp.close(slot, false);
    };
    return this;
  }
}
