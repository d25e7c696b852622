import type { AddressRun } from '../../seam/link.ts';
import { ADDRESS_WORDS, type Tuple } from './tuple.ts';

/** Our own addresses, from their indices to words and back to whether one is ours. */
export class OwnAddresses {
  readonly count: number;
  readonly hasIpv6: boolean;
  /** By run: the index of its first address, how many it has, its family, and the words of its first address. */
  readonly #starts: Int32Array;
  readonly #counts: Int32Array;
  readonly #isIpv6: Uint8Array;
  readonly #words: Int32Array;
  /** The run of the last answer. */
  #last = 0;

  constructor(runs: readonly AddressRun[]) {
    this.#starts = new Int32Array(runs.length);
    this.#counts = Int32Array.from(runs, ({ count }) => count);
    this.#isIpv6 = Uint8Array.from(runs, ({ family }) => (family === 6 ? 1 : 0));
    this.#words = new Int32Array(runs.length * 4);
    let start = 0;
    runs.forEach((run, index) => {
      this.#starts[index] = start;
      start += run.count;
      const words = [run.high >> 32n, run.high, run.low >> 32n, run.low];
      words.forEach((word, i) => (this.#words[index * 4 + i] = Number(BigInt.asIntN(32, word))));
    });
    this.count = start;
    this.hasIpv6 = runs.some(({ family }) => family === 6);
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

  /** Whether the local address of the tuple is ours. */
  has(tuple: Tuple): boolean {
    if (tuple.family === 4) return this.has4(tuple.local);
    const [a, b, c, d] = tuple.words as unknown as [number, number, number, number];
    return this.has6(a, b, c, d);
  }

  has4(address: number): boolean {
    const words = this.#words;
    for (let run = 0; run < this.#counts.length; run++) {
      if (this.#isIpv6[run] === 0 && (address - words[run * 4 + 3]!) >>> 0 < this.#counts[run]!) return true;
    }
    return false;
  }

  has6(first: number, second: number, third: number, fourth: number): boolean {
    const words = this.#words;
    for (let run = 0; run < this.#counts.length; run++) {
      const at = run * 4;
      if (this.#isIpv6[run] === 0 || words[at] !== first || words[at + 1] !== second) continue;
      const offset = (fourth - words[at + 3]!) >>> 0;
      const carry = fourth >>> 0 < words[at + 3]! >>> 0 ? 1 : 0;
      if (offset < this.#counts[run]! && third === ((words[at + 2]! + carry) | 0)) return true;
    }
    return false;
  }

  #runOf(index: number): number {
    let run = this.#last;
    if (index >= this.#starts[run]! && index - this.#starts[run]! < this.#counts[run]!) return run;
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    run = low;
    this.#last = run;
    return run;
  }
}

/** Sets the remote address of a tuple. */
export function setRemote(tuple: Tuple, address: Uint8Array): void {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  if (address.length === 4) tuple.remote = view.getInt32(0);
  else for (let i = 0; i < 4; i++) tuple.words[ADDRESS_WORDS / 2 + i] = view.getInt32(i * 4);
}
