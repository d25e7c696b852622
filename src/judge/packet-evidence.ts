/** What the packet engine counted over a round: readings in, differences out. */
import type { PacketCounts, PacketEvidence } from '../document/packet-evidence.ts';
import { PACKET_ROWS } from '../document/packet-table.ts';
import { CounterIntervals } from './counter-intervals.ts';

/** The counts since the engine began, by their paths in results. */
export type PacketReading = ReadonlyMap<string, number>;

/** Reads the counts of the packet engine when asked. Only for threads that do not pace. */
export class PacketWatch {
  readonly #read: () => PacketReading;
  #first: PacketReading | undefined;
  #last: PacketReading | undefined;
  #intervals = new CounterIntervals(0);

  constructor(read: () => PacketReading) {
    this.#read = read;
  }

  /** The first reading: what was before does not count. */
  begin(nowNs: number): void {
    this.#first = this.#read();
    this.#last = this.#first;
    this.#intervals = new CounterIntervals(nowNs);
  }

  /** One more reading. Returns what was added since the one before; null before the first. */
  sample(nowNs: number): Readonly<Record<string, number>> | null {
    if (this.#last === undefined) return null;
    const reading = this.#read();
    const added = movedBetween(this.#last, reading);
    this.#intervals.add(added, nowNs);
    this.#last = reading;
    return added;
  }

  /** The last reading, and what it all comes to. Undefined if there was no first. */
  end(nowNs: number): PacketEvidence | undefined {
    this.sample(nowNs);
    if (this.#first === undefined || this.#last === undefined) return undefined;
    return { ...packetCounts(this.#first, this.#last), intervals: this.#intervals.finish() };
  }
}

/** What moved from one reading to another. */
export function movedBetween(from: PacketReading, to: PacketReading): Record<string, number> {
  const added: Record<string, number> = {};
  for (const path of PACKET_ROWS.keys()) {
    const count = (to.get(path) ?? 0) - (from.get(path) ?? 0);
    if (count !== 0) added[path] = count;
  }
  return added;
}

/** The block of a result: the differences between two readings. */
export function packetCounts(from: PacketReading, to: PacketReading): PacketCounts {
  const counts: Record<string, number | Record<string, number>> = {};
  for (const [path, { isAlways }] of PACKET_ROWS) {
    const count = (to.get(path) ?? 0) - (from.get(path) ?? 0);
    const [group = '', key] = path.split('.');
    const isLeftOut = count === 0 && isAlways !== true;
    if (key !== undefined)
      counts[group] = { ...(counts[group] as object | undefined), ...(!isLeftOut && { [key]: count }) };
    else if (!isLeftOut) counts[group] = count;
  }
  return counts as unknown as PacketCounts;
}

/** What a count of the evidence is, by its path; 0 where it is left out. */
export function packetValue(counts: PacketCounts, path: string): number {
  const [group = '', key] = path.split('.');
  const value = (counts as unknown as Readonly<Record<string, unknown>>)[group];
  if (typeof value === 'number') return key === undefined ? value : 0;
  if (typeof value !== 'object' || value === null || key === undefined) return 0;
  return (value as Readonly<Record<string, number>>)[key] ?? 0;
}

/** Packets that were longer than a frame of the engine. What is dropped for lack of one is counted in the fill ring too. */
export function packetsTooLong({ ring }: PacketCounts): number {
  return Math.max(0, ring.rx_dropped - ring.fill_ring_empty);
}

/** Packets that this machine lost because it was too slow: dropped on the way in, and those that could not be sent. */
export function packetsLostHere({ ring, no_frame: noFrame = 0 }: PacketCounts): number {
  // A packet for which there is no frame is counted by both (xsk_rcv, xp_alloc in net/xdp).
  return Math.max(ring.rx_dropped, ring.fill_ring_empty) + ring.rx_ring_full + noFrame;
}
