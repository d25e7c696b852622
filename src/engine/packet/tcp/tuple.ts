import type { Family } from '../../../plan/address/address.ts';

/** How many words of 32 bits the two addresses of IPv6 have; in a tuple the local one is first. */
export const ADDRESS_WORDS = 8;

/**
 * A 4-tuple, in fields that are set again for each packet. Of IPv4 `local` and `remote` are the addresses. Of IPv6 they are mixtures of
 * the words of the addresses, which are in `words`: what compares and hashes tuples looks at the words only where the mixtures are equal.
 */
export class Tuple {
  family: Family = 4;
  local = 0;
  remote = 0;
  /** The local port in the upper half, the remote one in the lower. */
  ports = 0;
  readonly words = new Int32Array(ADDRESS_WORDS);

  /** Sets the mixtures from the words. */
  mix(): void {
    const { words } = this;
    this.local = mixtureOf(words, 0);
    this.remote = mixtureOf(words, 4);
  }
}

/** Sets the remote address of a tuple. */
export function setRemote(tuple: Tuple, address: Uint8Array): void {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  if (address.length === 4) tuple.remote = view.getInt32(0);
  else for (let i = 0; i < 4; i++) tuple.words[ADDRESS_WORDS / 2 + i] = view.getInt32(i * 4);
}

function mixtureOf(words: Int32Array, from: number): number {
  const upper = Math.imul(words[from]!, 0x9e3779b1) ^ Math.imul(words[from + 1]!, 0x85ebca6b);
  return upper ^ Math.imul(words[from + 2]!, 0xc2b2ae35) ^ words[from + 3]!;
}

/** Keyed hashes of 4-tuples, for tables, initial sequence numbers and the offsets of timestamps. */
export class TupleHash {
  readonly #table: number;
  readonly #sequence: number;
  readonly #timestamp: number;
  readonly #fold: number;

  constructor(key: readonly [number, number, number, number]) {
    this.#table = key[0] | 0;
    this.#sequence = key[1] | 0;
    this.#timestamp = key[2] | 0;
    this.#fold = key[3] | 1;
  }

  /**
   * Eight neighbouring ports differ in the lowest bits of their hash alone, so that they have one cache line of the table: ports are
   * taken in turn, and a place far away costs a cache miss for each connection.
   */
  of(local: number, remote: number, ports: number): number {
    let hash = Math.imul(local ^ this.#table, 0x9e3779b1);
    hash = Math.imul(hash ^ remote ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (ports & ~0x70007) ^ (hash >>> 13), 0xc2b2ae35);
    // Bits of a product depend on those below them only. Without this round the local port, which is in the upper half, would choose among
    // an eighth of the places of a table, and where several addresses meet in one each look-up would pass over thousands.
    hash = Math.imul(hash ^ (hash >>> 16), 0x27d4eb2f);
    return hash ^ (hash >>> 15) ^ ((ports ^ (ports >>> 16)) & 7);
  }

  /** What is added to the clock for an initial sequence number (RFC 6528), of the hash of a tuple. */
  sequenceOf(hash: number): number {
    const mixed = Math.imul(hash ^ this.#sequence, this.#fold);
    return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  }

  /** What is added to the clock for timestamps (RFC 7323, section 5.4). */
  timestampOf(hash: number): number {
    const mixed = Math.imul(hash ^ this.#timestamp, 0x297a2d39);
    return Math.imul(mixed ^ (mixed >>> 15), this.#fold);
  }
}
