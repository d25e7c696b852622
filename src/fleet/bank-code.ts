/**
 * A bank as bytes: sparse, exact, and with its times relative to the end of the warm-up. At 1 000 connections/s a bank of one second has
 * at most 11 KB, where no two latencies share a bucket; in memory it has 700 KB.
 *
 * A list of figures is a number of entries and, for each figure that is not 0, how far its index is from the one before and its value.
 */
import { END_NS, ERRNOS, FIRST_SUM, START_NS, type Bank, type BankLayout } from '../count/bank.ts';
import { BUCKETS, STATS, STAT_COUNT, STAT_MAX, STAT_MIN, bucketOf, type FilledBuckets } from '../count/histogram.ts';
import { OUTCOMES } from '../document/outcome.ts';

type Figures = Float64Array | Uint32Array;

/** What a bucket can count up to. */
const COUNT_MAX = 2 ** 32 - 1;

/** Returns an empty bank that is not shared. */
export function makeBank(layout: BankLayout): Bank {
  return {
    counters: new Float64Array(layout.counters),
    outcomes: new Float64Array(OUTCOMES.length),
    errnos: new Float64Array(ERRNOS),
    responses: new Float64Array(layout.responses),
    stats: layout.clocks.map(() => new Float64Array(STATS)),
    counts: layout.clocks.map(() => new Uint32Array(BUCKETS)),
  };
}

/** A bank to decode others into. It knows which of its buckets are filled, so that sums take only these. */
export type ReceivedBank = Bank & Required<Pick<Bank, 'filled'>>;

export function makeReceivedBank(layout: BankLayout): ReceivedBank {
  const filled = layout.clocks.map(() => ({ buckets: new Uint16Array(BUCKETS), length: 0 }));
  return { ...makeBank(layout), filled };
}

/** Empties a bank. Only buckets in which its statistics say that there is something are touched. */
export function clearBank(bank: Bank): void {
  bank.counters.fill(0);
  bank.outcomes.fill(0);
  bank.errnos.fill(0);
  bank.responses.fill(0);
  for (const [clock, stats] of bank.stats.entries()) {
    if (stats[STAT_COUNT] !== 0) bank.counts[clock]!.fill(0, ...filledRange(stats));
    stats.fill(0);
    emptyList(bank.filled?.[clock]);
  }
}

function emptyList(filled: FilledBuckets | undefined): void {
  if (filled !== undefined) filled.length = 0;
}

/** Returns the bytes of a bank. `measureNs`: the end of the warm-up, on the clock of the bank. */
export function encodeBank(bank: Bank, measureNs: number): Uint8Array {
  const out = new Writer();
  const { counters } = bank;
  out.double(counters[START_NS]! - measureNs);
  // A round that is stopped before its base has banks that end before they begin.
  out.double(Math.max(counters[START_NS]!, counters[END_NS]!) - measureNs);
  out.figures(counters, END_NS + 1, counters.length);
  for (const list of [bank.outcomes, bank.errnos, bank.responses]) out.figures(list, 0, list.length);
  for (const [clock, stats] of bank.stats.entries()) {
    out.figures(stats, 0, STATS);
    const [from, to] = stats[STAT_COUNT] === 0 ? [0, 0] : filledRange(stats);
    out.figures(bank.counts[clock]!, from, to);
  }
  return out.bytes();
}

/** Reads bytes into a bank of the layout, whatever it held before. Returns false for what is no bank of it; `into` is then empty. */
export function decodeBank(data: Uint8Array, layout: BankLayout, into: Bank): boolean {
  clearBank(into);
  try {
    read(new Reader(data), layout, into);
    return true;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    // Buckets may be filled that no statistics tell of.
    for (const [clock, counts] of into.counts.entries()) {
      counts.fill(0);
      into.stats[clock]!.fill(0);
    }
    clearBank(into);
    return false;
  }
}

function read(from: Reader, layout: BankLayout, into: Bank): void {
  const { counters } = into;
  counters[START_NS] = from.double();
  counters[END_NS] = from.double();
  if (counters[END_NS] < counters[START_NS]) throw new Malformed();
  from.figures(counters, END_NS + 1, layout.counters);
  if (counters.length < FIRST_SUM) throw new Malformed();
  for (const list of [into.outcomes, into.errnos, into.responses]) from.figures(list, 0, list.length);
  for (const [clock, stats] of into.stats.entries()) {
    from.figures(stats, 0, STATS);
    if (stats[STAT_COUNT] !== 0 && stats[STAT_MIN]! > stats[STAT_MAX]!) throw new Malformed();
    const [first, end] = stats[STAT_COUNT] === 0 ? [0, 0] : filledRange(stats);
    from.figures(into.counts[clock]!, first, end, { max: COUNT_MAX, filled: into.filled?.[clock] });
  }
  from.end();
}

/** The buckets between the smallest and the largest value: the first, and the one after the last. */
function filledRange(stats: Float64Array): [number, number] {
  return [bucketOf(stats[STAT_MIN]!), bucketOf(stats[STAT_MAX]!) + 1];
}

/** The bytes are not those of a bank. */
class Malformed extends Error {}

const FIRST_BYTES = 8192;
const DOUBLE_BYTES = 8;
/** 53 bits, 7 in each byte. */
const WHOLE_BYTES = 8;

class Writer {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  double(value: number): void {
    this.#reserve(DOUBLE_BYTES);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += DOUBLE_BYTES;
  }

  /** The figures in [`from`, `to`) that are not 0. The low bit of a distance says that a double follows in place of a whole number. */
  figures(list: Figures, from: number, to: number): void {
    let filled = 0;
    for (let index = from; index < to; index++) if (list[index] !== 0) filled++;
    this.#whole(filled);
    let last = from;
    for (let index = from; index < to; index++) {
      const value = list[index]!;
      if (value === 0) continue;
      const isWhole = value > 0 && Number.isSafeInteger(value);
      this.#whole(2 * (index - last) + (isWhole ? 0 : 1));
      if (isWhole) this.#whole(value);
      else this.double(value);
      last = index;
    }
  }

  /** 7 bits a byte, the lowest first; the high bit says that more follow. */
  #whole(value: number): void {
    this.#reserve(WHOLE_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

interface FigureOptions {
  readonly max: number;
  /** Told the index of each. */
  readonly filled: FilledBuckets | undefined;
}

const ANY_FIGURES: FigureOptions = { max: Number.MAX_VALUE, filled: undefined };

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A finite one. */
  double(): number {
    if (this.#at + DOUBLE_BYTES > this.#bytes.length) throw new Malformed();
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += DOUBLE_BYTES;
    if (!Number.isFinite(value)) throw new Malformed();
    return value;
  }

  /** Figures are not negative, and none is larger than `max`. */
  figures(into: Figures, from: number, to: number, { max, filled }: FigureOptions = ANY_FIGURES): void {
    const entries = this.#whole();
    let index = from;
    for (let each = 0; each < entries; each++) {
      const head = this.#whole();
      const distance = Math.floor(head / 2);
      index += distance;
      // Two entries for one figure would hide one of them.
      if (index >= to || (each > 0 && distance === 0)) throw new Malformed();
      const value = head % 2 === 0 ? this.#whole() : this.double();
      if (value <= 0 || value > max || (into instanceof Uint32Array && !Number.isInteger(value))) throw new Malformed();
      into[index] = value;
      if (filled !== undefined) filled.buckets[filled.length++] = index;
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new Malformed();
  }

  #whole(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < WHOLE_BYTES; length++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Malformed();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw new Malformed();
        return value;
      }
      scale *= 0x80;
    }
    throw new Malformed();
  }
}
