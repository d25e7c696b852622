import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Verification } from '../../plan/plan.ts';

/** Compares responses with what they should be while they come. */
export interface Verifier {
  /** The bytes of `view` from `from` up to `to` follow the first `before` ones. False: this is not the expected response. */
  follows(slot: number, before: number, view: Buffer, from: number, to: number): boolean;
  /** Whether `bytes` bytes were all. */
  isWhole(slot: number, bytes: number): boolean;
  /** The slot's next response is another. */
  forget(slot: number): void;
}

export function createVerifier(verification: Verification, capacity: number): Verifier {
  return verification.kind === 'bytes'
    ? new BytesVerifier(verification.expected)
    : new DigestVerifier(verification.sha256, capacity);
}

class BytesVerifier implements Verifier {
  readonly #expected: Buffer;

  constructor(expected: Uint8Array<SharedArrayBuffer>) {
    this.#expected = Buffer.from(expected.buffer, expected.byteOffset, expected.length);
  }

  follows(_slot: number, before: number, view: Buffer, from: number, to: number): boolean {
    const end = before + to - from;
    return end <= this.#expected.length && this.#expected.compare(view, from, to, before, end) === 0;
  }

  isWhole(_slot: number, bytes: number): boolean {
    return bytes === this.#expected.length;
  }

  forget(): void {
    // Nothing is kept for a slot.
  }
}

/** Costs a hash object for each response, and about 2 GiB/s where the processor has instructions for it. */
class DigestVerifier implements Verifier {
  readonly #sha256: string;
  readonly #hashes: (Hash | undefined)[];

  constructor(sha256: string, capacity: number) {
    this.#sha256 = sha256;
    this.#hashes = new Array<Hash | undefined>(capacity).fill(undefined);
  }

  follows(slot: number, _before: number, view: Buffer, from: number, to: number): boolean {
    (this.#hashes[slot] ??= createHash('sha256')).update(view.subarray(from, to));
    return true;
  }

  isWhole(slot: number): boolean {
    return (this.#hashes[slot] ?? createHash('sha256')).digest('hex') === this.#sha256;
  }

  forget(slot: number): void {
    this.#hashes[slot] = undefined;
  }
}
