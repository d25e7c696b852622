/** The seconds of a server: differences of what its threads have counted. */
import type { PacketCounts } from '../document/packet-evidence.ts';
import type { DatagramCounts, ServerCounts, ServerInterval } from '../document/server.ts';
import { movedBetween, packetCounts, type PacketReading } from '../judge/packet-evidence.ts';
import type { ServerSecond } from '../run/events.ts';
import { monotonicNs } from '../runtime/clock.ts';
import type { ServerTotals } from './counts.ts';

const NONE_DROPPED = { replies: 0, server_ports: 0, over_rate: 0 };

export interface ServerSecondsOptions {
  readonly read: () => ServerTotals;
  /** When the server began to listen, as `monotonicNs` has it. */
  readonly originNs: bigint;
  readonly nowNs?: () => bigint;
  /** Reads what the packet engine has counted; undefined where the connections are the kernel's sockets. */
  readonly readPacket?: (() => PacketReading) | undefined;
}

/** Reads the totals once a second and tells what each second added. Its own work is on the main thread: listeners only count. */
export class ServerSeconds {
  readonly #read: () => ServerTotals;
  readonly #nowNs: () => bigint;
  readonly #originNs: bigint;
  readonly #readPacket: (() => PacketReading) | undefined;
  readonly #firstPacket: PacketReading | undefined;
  #lastPacket: PacketReading | undefined;
  #last: ServerCounts | undefined;
  #lastNs = 0;
  #second = 0;

  constructor({ read, originNs, nowNs = monotonicNs, readPacket }: ServerSecondsOptions) {
    this.#read = read;
    this.#originNs = originNs;
    this.#nowNs = nowNs;
    this.#readPacket = readPacket;
    this.#firstPacket = readPacket?.();
    this.#lastPacket = this.#firstPacket;
  }

  /** What the packet engine counted as of the last second; undefined where it is not in use. */
  get packet(): PacketCounts | undefined {
    return this.#firstPacket === undefined || this.#lastPacket === undefined
      ? undefined
      : packetCounts(this.#firstPacket, this.#lastPacket);
  }

  /** What was counted as of the last second. */
  get total(): ServerCounts {
    return this.#last ?? this.#read().counts;
  }

  /** What was counted since the second before. */
  next(): ServerSecond {
    const nowNs = Number(this.#nowNs() - this.#originNs);
    const { counts, open } = this.#read();
    const startNs = this.#lastNs;
    const second = this.#second;
    const added = addedTo(this.#last, counts);
    this.#last = counts;
    this.#lastNs = nowNs;
    this.#second += 1;
    const seconds = (ns: number): number => Math.round(ns / 1e6) / 1e3;
    const time = { start_sec: seconds(startNs), length_sec: seconds(nowNs - startNs) };
    const packet = this.#nextPacket();
    return { type: 'server-second', second, startNs, counts: { ...time, ...added, open, ...packet } };
  }

  #nextPacket(): Pick<ServerInterval, 'packet'> {
    if (this.#readPacket === undefined || this.#lastPacket === undefined) return {};
    const reading = this.#readPacket();
    const packet = movedBetween(this.#lastPacket, reading);
    this.#lastPacket = reading;
    return { packet };
  }
}

function addedTo(from: ServerCounts | undefined, to: ServerCounts): ServerCounts {
  if (from === undefined) return to;
  return {
    accepted: to.accepted - from.accepted,
    completed: to.completed - from.completed,
    rejected: to.rejected - from.rejected,
    idle_closed: to.idle_closed - from.idle_closed,
    aborted: to.aborted - from.aborted,
    listeners: to.listeners.map((each, index) => {
      const before = from.listeners[index]!;
      return {
        accepted: each.accepted - before.accepted,
        completed: each.completed - before.completed,
        rejected: each.rejected - before.rejected,
      };
    }),
    ...(to.datagrams === undefined ? {} : { datagrams: addedDatagrams(from.datagrams!, to.datagrams) }),
    bytes: { received: to.bytes.received - from.bytes.received, sent: to.bytes.sent - from.bytes.sent },
    errors: Object.fromEntries(
      Object.entries(to.errors)
        .map(([name, count]) => [name, count - (from.errors[name] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    ),
  };
}

function addedDatagrams(from: DatagramCounts, to: DatagramCounts): DatagramCounts {
  const counts = { received: to.received - from.received, sent: to.sent - from.sent };
  if (to.dropped === undefined) return counts;
  const before = from.dropped ?? NONE_DROPPED;
  const dropped = {
    replies: to.dropped.replies - before.replies,
    server_ports: to.dropped.server_ports - before.server_ports,
    over_rate: to.dropped.over_rate - before.over_rate,
  };
  return Object.values(dropped).some((count) => count > 0) ? { ...counts, dropped } : counts;
}
