import type { AddressRun } from '../../seam/link.ts';
import type { Tuple } from '../tcp/tuple.ts';

/** What an address is to us. */
export const FOREIGN = 0;
/** Ours alone: we answer for it in every way. */
export const OURS = 1;
/** The kernel has it too, and answers for it; only our ports are ours. */
export const SHARED_WITH_KERNEL = 2;

/** A sign bit turned makes int32 comparisons those of unsigned numbers. */
const SIGN = 0x8000_0000 | 0;
const HIGH_SHIFT = 32n;
const LOW_BITS = 0xffff_ffffn;

/**
 * OwnAddresses are the addresses of a link: it gives them by their indices, and says whether an address in a packet is one of them.
 * Addresses are runs, so that a /8 costs what a single one costs: a binary search over the runs.
 */
export class OwnAddresses {
  readonly count: number;
  readonly hasIpv6: boolean;
  /** By run, in the order of the indices: the index of its first address, how many it has, its family, and its first address in words. */
  readonly #starts: Int32Array;
  readonly #counts: Int32Array;
  readonly #isIpv6: Uint8Array;
  readonly #words: Int32Array;
  /** The run of the last answer. */
  #last = 0;
  /** Of IPv4, by their first address: first and last, the sign bit turned. */
  readonly #first4: Int32Array;
  readonly #last4: Int32Array;
  readonly #kind4: Uint8Array;
  /** Of IPv6: the upper 64 bits in two words, then first and last of the lower 64 bits in two words each, the sign bits turned. */
  readonly #words6: Int32Array;
  readonly #kind6: Uint8Array;

  constructor(runs: readonly AddressRun[]) {
    this.#starts = new Int32Array(runs.length);
    this.#counts = Int32Array.from(runs, ({ count }) => count);
    this.#isIpv6 = Uint8Array.from(runs, ({ family }) => (family === 6 ? 1 : 0));
    this.#words = Int32Array.from(
      runs.flatMap(({ high, low }) => [high >> HIGH_SHIFT, high, low >> HIGH_SHIFT, low].map(wordOf)),
    );
    let start = 0;
    runs.forEach(({ count }, run) => {
      this.#starts[run] = start;
      start += count;
    });
    this.count = start;
    const of4 = sorted(runs.filter(({ family }) => family === 4));
    this.#first4 = Int32Array.from(of4, ({ low }) => turned(low));
    this.#last4 = Int32Array.from(of4, ({ low, count }) => turned(low + BigInt(count - 1)));
    this.#kind4 = Uint8Array.from(of4, kindOfRun);
    const of6 = sorted(runs.filter(({ family }) => family === 6));
    this.hasIpv6 = of6.length > 0;
    this.#words6 = Int32Array.from(
      of6.flatMap(({ high, low, count }) => {
        const last = low + BigInt(count - 1);
        return [high >> HIGH_SHIFT, high, low >> HIGH_SHIFT, low, last >> HIGH_SHIFT, last].map(turned);
      }),
    );
    this.#kind6 = Uint8Array.from(of6, kindOfRun);
  }

  /** Sets family and local address of the tuple to the address with this index. False where there is none. */
  load(index: number, tuple: Tuple): boolean {
    if (!(index >= 0 && index < this.count)) return false;
    const run = this.#runOf(index);
    const at = run * 4;
    const offset = index - this.#starts[run]!;
    const low = (this.#words[at + 3]! + offset) | 0;
    if (this.#isIpv6[run] === 0) {
      tuple.family = 4;
      tuple.local = low;
      return true;
    }
    tuple.family = 6;
    tuple.words[0] = this.#words[at]!;
    tuple.words[1] = this.#words[at + 1]!;
    // A carry: the sum is below the summand. A run never crosses a border of 2^64.
    const carry = low >>> 0 < this.#words[at + 3]! >>> 0 ? 1 : 0;
    tuple.words[2] = this.#words[at + 2]! + carry;
    tuple.words[3] = low;
    return true;
  }

  #runOf(index: number): number {
    const last = this.#last;
    if (index >= this.#starts[last]! && index - this.#starts[last]! < this.#counts[last]!) return last;
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    this.#last = low;
    return low;
  }

  /** Whether the local address of the tuple is ours, alone or with the kernel. */
  has(tuple: Tuple): boolean {
    return this.kindOf(tuple) !== FOREIGN;
  }

  /** What the local address of the tuple is to us. */
  kindOf(tuple: Tuple): number {
    if (tuple.family === 4) return this.kindOf4(tuple.local);
    const { words } = tuple;
    return this.#kindOfWords(words[0]!, words[1]!, words[2]!, words[3]!);
  }

  /** What an IPv4 address is to us; `address` is the number in network order, as DataView.getInt32 gives it. */
  kindOf4(address: number): number {
    const wanted = address ^ SIGN;
    const first = this.#first4;
    let low = 0;
    let high = first.length - 1;
    // The last run that begins at or below the address.
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (first[middle]! <= wanted) low = middle;
      else high = middle - 1;
    }
    return high >= 0 && first[low]! <= wanted && wanted <= this.#last4[low]! ? this.#kind4[low]! : FOREIGN;
  }

  /** What the IPv6 address is to us whose 16 bytes lie at `offset`. */
  kindOf6(view: DataView, offset: number): number {
    const upper = view.getInt32(offset + 8);
    return this.#kindOfWords(view.getInt32(offset), view.getInt32(offset + 4), upper, view.getInt32(offset + 12));
  }

  #kindOfWords(first: number, second: number, third: number, fourth: number): number {
    const a = first ^ SIGN;
    const b = second ^ SIGN;
    const c = third ^ SIGN;
    const d = fourth ^ SIGN;
    let low = 0;
    let high = this.#kind6.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#isAtOrBelow(middle, a, b, c, d)) low = middle;
      else high = middle - 1;
    }
    if (high < 0 || !this.#isAtOrBelow(low, a, b, c, d)) return FOREIGN;
    const words = this.#words6;
    const at = low * 6;
    if (a !== words[at] || b !== words[at + 1]) return FOREIGN;
    const isWithin = c < words[at + 4]! || (c === words[at + 4]! && d <= words[at + 5]!);
    return isWithin ? this.#kind6[low]! : FOREIGN;
  }

  /** Whether the run begins at or below the address, over all 128 bits, the sign bits turned. */
  #isAtOrBelow(run: number, a: number, b: number, c: number, d: number): boolean {
    const words = this.#words6;
    const at = run * 6;
    if (words[at] !== a) return words[at]! < a;
    if (words[at + 1] !== b) return words[at + 1]! < b;
    if (words[at + 2] !== c) return words[at + 2]! < c;
    return words[at + 3]! <= d;
  }
}

function kindOfRun({ isKernels }: AddressRun): number {
  return isKernels ? SHARED_WITH_KERNEL : OURS;
}

/** The lower 32 bits. */
function wordOf(value: bigint): number {
  return Number(value & LOW_BITS) | 0;
}

/** The lower 32 bits, the sign bit turned. */
function turned(value: bigint): number {
  return wordOf(value) ^ SIGN;
}

function sorted(runs: readonly AddressRun[]): AddressRun[] {
  return [...runs].sort((a, b) => (a.high !== b.high ? (a.high < b.high ? -1 : 1) : a.low < b.low ? -1 : 1));
}
