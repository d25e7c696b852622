import type { AddressRun } from '../seam/link.ts';

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
 * OwnAddresses says whether an address in a packet is one of ours. Addresses are runs, sorted, so that a /8 costs what a single one
 * costs: a binary search over the runs.
 */
export class OwnAddresses {
  /** Of IPv4, by their first address: first and last, the sign bit turned. */
  readonly #first4: Int32Array;
  readonly #last4: Int32Array;
  readonly #kind4: Uint8Array;
  /** Of IPv6: the upper 64 bits in two words, then first and last of the lower 64 bits in two words each, the sign bits turned. */
  readonly #words6: Int32Array;
  readonly #kind6: Uint8Array;

  constructor(runs: readonly AddressRun[]) {
    const of4 = sorted(runs.filter(({ family }) => family === 4));
    this.#first4 = Int32Array.from(of4, ({ low }) => turned(low));
    this.#last4 = Int32Array.from(of4, ({ low, count }) => turned(low + BigInt(count - 1)));
    this.#kind4 = Uint8Array.from(of4, kindOf);
    const of6 = sorted(runs.filter(({ family }) => family === 6));
    this.#words6 = Int32Array.from(
      of6.flatMap(({ high, low, count }) => {
        const last = low + BigInt(count - 1);
        return [high >> HIGH_SHIFT, high, low >> HIGH_SHIFT, low, last >> HIGH_SHIFT, last].map(turned);
      }),
    );
    this.#kind6 = Uint8Array.from(of6, kindOf);
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
    let low = 0;
    let high = this.#kind6.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#isAtOrBelow(view, offset, middle)) low = middle;
      else high = middle - 1;
    }
    if (high < 0 || !this.#isAtOrBelow(view, offset, low)) return FOREIGN;
    const words = this.#words6;
    const at = low * 6;
    if ((view.getInt32(offset) ^ SIGN) !== words[at] || (view.getInt32(offset + 4) ^ SIGN) !== words[at + 1])
      return FOREIGN;
    const upper = view.getInt32(offset + 8) ^ SIGN;
    const lower = view.getInt32(offset + 12) ^ SIGN;
    const isWithin = upper < words[at + 4]! || (upper === words[at + 4]! && lower <= words[at + 5]!);
    return isWithin ? this.#kind6[low]! : FOREIGN;
  }

  /** Whether the run begins at or below the address, over all 128 bits. */
  #isAtOrBelow(view: DataView, offset: number, run: number): boolean {
    const words = this.#words6;
    for (let i = 0; i < 4; i++) {
      const wanted = view.getInt32(offset + i * 4) ^ SIGN;
      const first = words[run * 6 + i]!;
      if (first !== wanted) return first < wanted;
    }
    return true;
  }
}

function kindOf({ isKernels }: AddressRun): number {
  return isKernels ? SHARED_WITH_KERNEL : OURS;
}

/** The lower 32 bits, the sign bit turned. */
function turned(value: bigint): number {
  return Number(value & LOW_BITS) ^ SIGN;
}

function sorted(runs: readonly AddressRun[]): AddressRun[] {
  return [...runs].sort((a, b) => (a.high !== b.high ? (a.high < b.high ? -1 : 1) : a.low < b.low ? -1 : 1));
}
