const DIFFERS = -1;

/** Compares the beginning of each slot's response with what is expected, as the bytes come. */
export class PrefixMatcher {
  readonly #expected: Uint8Array;
  /** How many bytes have come and are as expected, or `DIFFERS`. */
  readonly #matched: Int32Array;

  constructor(expected: Uint8Array, capacity: number) {
    this.#expected = expected;
    this.#matched = new Int32Array(capacity);
  }

  /** The slot's next response is another. */
  begin(slot: number): void {
    this.#matched[slot] = 0;
  }

  /** Whether more bytes would change nothing. */
  isSettled(slot: number): boolean {
    const matched = this.#matched[slot]!;
    return matched === DIFFERS || matched === this.#expected.length;
  }

  /** Whether all of it has come. */
  isMatch(slot: number): boolean {
    return this.#matched[slot] === this.#expected.length;
  }

  /** The bytes from `from` up to `to` follow what came before. */
  read(slot: number, bytes: Uint8Array, from: number, to: number): void {
    const expected = this.#expected;
    let matched = this.#matched[slot]!;
    if (matched === DIFFERS) return;
    for (let at = from; at < to && matched < expected.length; at++) {
      if (bytes[at] !== expected[matched]) {
        this.#matched[slot] = DIFFERS;
        return;
      }
      matched++;
    }
    this.#matched[slot] = matched;
  }
}
