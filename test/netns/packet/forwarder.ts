/**
 * Joins two interfaces of its network namespace like a cable, and drops, doubles and reorders TCP packets by a seed. A program of its own:
 * see lossy-wire.ts. Frames keep what the sender's kernel left undone (checksums, segmentation), as they carry the header of virtio
 * (PACKET_VNET_HDR in packet(7)).
 */
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadLibc, type Libc, type NativeMemory } from '../../../src/kernel/libc.ts';
import { random } from '../../engine/conformance/random.ts';

export interface ForwarderArgs {
  readonly interfaces: readonly [string, string];
  readonly seed: number;
  /** Shares of the TCP packets, from 0 to 1. */
  readonly drop: number;
  readonly double: number;
  readonly reorder: number;
}

/**
 * Most packets of one connection and direction that are dropped in a row. A SYN that is lost k times costs 2^k - 1 seconds (RFC 6298): without a bound
 * the last of some thousand connections would take minutes.
 */
const DROPS_IN_A_ROW_MAX = 2;

/** What became of TCP packets; other frames go through and are not counted. */
export interface ForwarderCounts {
  received: number;
  dropped: number;
  doubled: number;
  reordered: number;
  sent: number;
  /** That the forwarder was too slow for, or that would not leave. */
  lost: number;
}

// linux/if_packet.h, asm-generic/socket.h, linux/if_ether.h
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
const ETH_P_ALL = 0x0003;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_TCP = 6;
const SOCKADDR_LL_BYTES = 20;
/** sizeof(struct virtio_net_hdr) of linux/virtio_net.h */
const VNET_BYTES = 10;
const MSG_DONTWAIT = 0x40;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;

/** A frame of 64 KiB that is not segmented yet, and its headers. */
const FRAME_BYTES = 70_000;
const RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024;
/** Frames that are taken from one side before the other has its turn. */
const BATCH = 64;
/** A reordered frame leaves after one to four others of its direction, or after this long. */
const BEHIND_MAX = 4;
const HELD_MS = 3;
const IDLE_MS = 20;

interface Held {
  readonly frame: Uint8Array;
  readonly overdueMs: number;
  after: number;
}

class Side {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #scratch: NativeMemory;
  /** Frames to be sent here that wait for others to overtake them. */
  held: Held[] = [];

  constructor(libc: Libc, name: string) {
    this.#libc = libc;
    this.#scratch = libc.alloc(4096);
    this.fd = libc.socket(AF_PACKET, SOCK_RAW, 0);
    this.#set(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
    this.#set(SOL_PACKET, PACKET_VNET_HDR, 1);
    this.#set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    const address = new DataView(this.#scratch.bytes.buffer, this.#scratch.bytes.byteOffset, SOCKADDR_LL_BYTES);
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, ETH_P_ALL);
    address.setInt32(4, Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), true);
    if (libc.bind(this.fd, this.#scratch.address, SOCKADDR_LL_BYTES) !== 0)
      throw new Error(`bind to ${name}: errno ${libc.errno()}`);
  }

  #set(level: number, name: number, value: number): void {
    new DataView(this.#scratch.bytes.buffer, this.#scratch.bytes.byteOffset).setInt32(0, value, true);
    if (this.#libc.setsockopt(this.fd, level, name, this.#scratch.address, 4) !== 0)
      throw new Error(`setsockopt ${name}: errno ${this.#libc.errno()}`);
  }

  /** Packets that did not fit the receive buffer since the last call. */
  overflowed(): number {
    const view = new DataView(this.#scratch.bytes.buffer, this.#scratch.bytes.byteOffset);
    view.setUint32(64, 12, true);
    this.#libc.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, this.#scratch.address, this.#scratch.address + 64);
    return view.getUint32(4, true);
  }
}

class Forwarder {
  readonly counts: ForwarderCounts = { received: 0, dropped: 0, doubled: 0, reordered: 0, sent: 0, lost: 0 };
  readonly #libc = loadLibc();
  readonly #args: ForwarderArgs;
  readonly #random: () => number;
  readonly #sides: readonly [Side, Side];
  readonly #frame = this.#libc.alloc(FRAME_BYTES);
  readonly #copy = this.#libc.alloc(FRAME_BYTES);
  #isSparing = false;
  readonly #events = this.#libc.alloc(64);
  readonly #dropsInARow = new Map<string, number>();
  readonly #epoll = this.#libc.epoll_create1(0);

  constructor(args: ForwarderArgs) {
    this.#args = args;
    this.#random = random(args.seed);
    this.#sides = [new Side(this.#libc, args.interfaces[0]), new Side(this.#libc, args.interfaces[1])];
    const event = new DataView(this.#events.bytes.buffer, this.#events.bytes.byteOffset);
    event.setUint32(0, EPOLLIN, true);
    for (const { fd } of this.#sides) this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#events.address);
  }

  /** From now on nothing is done to packets. */
  spare(): void {
    this.#isSparing = true;
  }

  async run(isOver: () => boolean): Promise<void> {
    const [a, b] = this.#sides;
    while (!isOver()) {
      const moved = this.#move(a, b) + this.#move(b, a);
      this.#letGo(a);
      this.#letGo(b);
      if (moved === 0) {
        const waitMs = a.held.length + b.held.length > 0 ? 1 : IDLE_MS;
        this.#libc.epoll_wait(this.#epoll, this.#events.address, 4, waitMs);
      }
      await nextTurn();
    }
    this.counts.lost += a.overflowed() + b.overflowed();
  }

  /** Takes some frames from one side to the other. Returns how many there were. */
  #move(from: Side, to: Side): number {
    for (let taken = 0; taken < BATCH; taken++) {
      const bytes = this.#libc.recv(from.fd, this.#frame.address, FRAME_BYTES, MSG_DONTWAIT);
      if (bytes <= 0) return taken;
      if (this.#isTcp() && !this.#isSparing) this.#treat(to, bytes);
      else this.#libc.send(to.fd, this.#frame.address, bytes, 0);
    }
    return BATCH;
  }

  #isTcp(): boolean {
    const { bytes } = this.#frame;
    const type = bytes[VNET_BYTES + 12]! * 256 + bytes[VNET_BYTES + 13]!;
    if (type === ETH_P_IP) return bytes[VNET_BYTES + 14 + 9] === IPPROTO_TCP;
    return type === ETH_P_IPV6 && bytes[VNET_BYTES + 14 + 6] === IPPROTO_TCP;
  }

  /** The connection that the packet is of, and its direction: both addresses and ports. */
  #flow(): string {
    const { bytes } = this.#frame;
    const ip = VNET_BYTES + 14;
    const isIpv6 = bytes[ip]! >> 4 === 6;
    const tcp = isIpv6 ? ip + 40 : ip + 4 * (bytes[ip]! & 15);
    const addresses = isIpv6 ? bytes.subarray(ip + 8, ip + 40) : bytes.subarray(ip + 12, ip + 20);
    return Buffer.concat([addresses, bytes.subarray(tcp, tcp + 4)]).toString('latin1');
  }

  #treat(to: Side, bytes: number): void {
    const { counts } = this;
    const { drop, double, reorder } = this.#args;
    counts.received++;
    // Always three numbers, so that one share does not change what the others choose.
    const [isDropped, isDoubled, isReordered] = [
      this.#random() < drop,
      this.#random() < double,
      this.#random() < reorder,
    ];
    const flow = this.#flow();
    const dropsInARow = this.#dropsInARow.get(flow) ?? 0;
    if (isDropped && dropsInARow < DROPS_IN_A_ROW_MAX) {
      this.#dropsInARow.set(flow, dropsInARow + 1);
      counts.dropped++;
      return;
    }
    this.#dropsInARow.delete(flow);
    if (isDoubled) {
      counts.doubled++;
      this.#send(to, this.#frame.address, bytes);
    }
    if (isReordered) {
      counts.reordered++;
      const after = 1 + Math.floor(this.#random() * BEHIND_MAX);
      to.held.push({ frame: this.#frame.bytes.slice(0, bytes), overdueMs: performance.now() + HELD_MS, after });
      return;
    }
    this.#send(to, this.#frame.address, bytes);
    for (const held of to.held) held.after--;
    if (to.held.length > 0) this.#letGo(to);
  }

  #letGo(side: Side): void {
    if (side.held.length === 0) return;
    const nowMs = performance.now();
    const isDue = (held: Held): boolean => held.after <= 0 || held.overdueMs <= nowMs;
    for (const { frame } of side.held.filter(isDue)) {
      this.#copy.bytes.set(frame);
      this.#send(side, this.#copy.address, frame.length);
    }
    side.held = side.held.filter((held) => !isDue(held));
  }

  #send(to: Side, address: number, bytes: number): void {
    if (this.#libc.send(to.fd, address, bytes, 0) === bytes) this.counts.sent++;
    else this.counts.lost++;
  }
}

const forwarder = new Forwarder(JSON.parse(process.argv[2]!) as ForwarderArgs);
let isOver = false;
process.on('message', (message) => {
  if (message === 'spare') forwarder.spare();
  else isOver = true;
});
process.once('disconnect', () => (isOver = true));
process.send!('ready');
await forwarder.run(() => isOver);
process.send!(forwarder.counts);
process.disconnect();
