/** The words before the samples: how many there are, and how many pings each stands for. */
const COUNT = 0;
const EVERY = 1;
const HEAD = 2;
/** The words of one sample: when the reply came, and the round trip. */
const FIELDS = 2;

/**
 * Single round trips, evenly over a round whose number of pings is not known beforehand: every k-th is kept, and where the memory is
 * full every other one of those goes and k doubles. Written by the thread that pings, read when its round is over.
 */
export class PingSamples {
  readonly #values: Float64Array;
  readonly #limit: number;
  #until = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#values = new Float64Array(memory);
    this.#limit = (this.#values.length - HEAD) / FIELDS;
  }

  /** The memory for at most `limit` samples; a round with more pings fills at least half of it. */
  static createMemory(limit: number): SharedArrayBuffer {
    return new SharedArrayBuffer((HEAD + FIELDS * limit) * Float64Array.BYTES_PER_ELEMENT);
  }

  /** Forgets the round before. */
  begin(): void {
    this.#values[COUNT] = 0;
    this.#values[EVERY] = 1;
    this.#until = 0;
  }

  /** A ping came back at `atNs` after `rttNs`. */
  add(atNs: number, rttNs: number): void {
    if (this.#until-- > 0) return;
    const values = this.#values;
    if (values[COUNT] === this.#limit && !this.#thinOut()) return;
    const at = HEAD + FIELDS * values[COUNT]!;
    values[at] = atNs;
    values[at + 1] = rttNs;
    values[COUNT]! += 1;
    this.#until = values[EVERY]! - 1;
  }

  /** Makes room. False where the ping at hand is not one of those that are kept from now on. */
  #thinOut(): boolean {
    const values = this.#values;
    const ping = this.#limit * values[EVERY]!;
    const kept = Math.ceil(this.#limit / 2);
    for (let sample = 1; sample < kept; sample++) {
      values.copyWithin(HEAD + FIELDS * sample, HEAD + 2 * FIELDS * sample, HEAD + (2 * sample + 1) * FIELDS);
    }
    values[COUNT] = kept;
    values[EVERY]! *= 2;
    const nextPing = kept * values[EVERY]!;
    this.#until = nextPing - ping - 1;
    return nextPing === ping;
  }

  /** How many pings each sample stands for. */
  get every(): number {
    return this.#values[EVERY]!;
  }

  /** The samples in the order in which the replies came. */
  read(): { readonly atNs: number; readonly rttNs: number }[] {
    return Array.from({ length: this.#values[COUNT]! }, (_, sample) => ({
      atNs: this.#values[HEAD + FIELDS * sample]!,
      rttNs: this.#values[HEAD + FIELDS * sample + 1]!,
    }));
  }
}
