/** The seconds of a server: differences of what its threads have counted. */
import type { DatagramCounts, ServerCounts } from '../document/server.ts';
import type { ServerSecond } from '../run/events.ts';
import { monotonicNs } from '../runtime/clock.ts';
import type { ServerTotals } from './counts.ts';

const NONE_DROPPED = { replies: 0, server_ports: 0, over_rate: 0 };

/** Reads the totals once a second and tells what each second added. Its own work is on the main thread: listeners only count. */
export class ServerSeconds {
  readonly #read: () => ServerTotals;
  readonly #nowNs: () => bigint;
  readonly #originNs: bigint;
  #last: ServerCounts | undefined;
  #lastNs = 0;
  #second = 0;

  /** `originNs`: when the server began to listen, as `monotonicNs` has it. */
  constructor(read: () => ServerTotals, originNs: bigint, nowNs: () => bigint = monotonicNs) {
    this.#read = read;
    this.#originNs = originNs;
    this.#nowNs = nowNs;
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
    return { type: 'server-second', second, startNs, counts: { ...time, ...added, open } };
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
