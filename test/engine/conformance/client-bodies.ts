/** That received bytes come where the driver wants them. */
import { createHash } from 'node:crypto';
import type { BodyPlaces } from '../../../src/engine/seam/engine.ts';
import { loadLibc } from '../../../src/kernel/libc.ts';
import { MIB, openMany, sharedPattern, stepping } from './harness.ts';
import type { Case, ClientHarness } from './harness.ts';
import { digestOf, pattern } from './pattern.ts';

const SLOT_BYTES = 50_000;

/** A piece of memory for each slot, whose bytes are taken in turn; the room is never the same twice. */
class TurningPlaces implements BodyPlaces {
  readonly #memory: { readonly address: number; readonly bytes: Uint8Array };
  readonly #offsets: number[];
  readonly #hashes = new Map<number, ReturnType<typeof createHash>>();

  constructor(capacity: number) {
    const size = capacity * SLOT_BYTES;
    // Only node:net works where there is no libc, and it needs no address.
    this.#memory = process.platform === 'linux' ? loadLibc().alloc(size) : { address: 0, bytes: new Uint8Array(size) };
    this.#offsets = new Array<number>(capacity).fill(0);
  }

  addressOf(slot: number): number {
    return this.#memory.address + slot * SLOT_BYTES + this.#offsets[slot]!;
  }

  roomOf(slot: number): number {
    return SLOT_BYTES - this.#offsets[slot]!;
  }

  viewOf(slot: number): Uint8Array {
    const from = slot * SLOT_BYTES + this.#offsets[slot]!;
    return this.#memory.bytes.subarray(from, from + this.roomOf(slot));
  }

  received(slot: number, bytes: number): void {
    if (!this.#hashes.has(slot)) this.#hashes.set(slot, createHash('sha256'));
    this.#hashes.get(slot)!.update(this.viewOf(slot).subarray(0, bytes));
    this.#offsets[slot] = (this.#offsets[slot]! + bytes) % SLOT_BYTES;
  }

  /** Of all that came on the slot since the last time. */
  digest(slot: number): string | undefined {
    const digest = this.#hashes.get(slot)?.digest('hex');
    this.#hashes.delete(slot);
    return digest;
  }
}

/** Wants the first bytes of each connection, and no more. */
class FirstBytes implements BodyPlaces {
  readonly #memory: { readonly address: number; readonly bytes: Uint8Array };
  readonly #unwanted = new Uint8Array(64 * 1024);
  readonly #wanted: number;
  readonly #taken: number[];

  constructor(capacity: number, wanted: number) {
    const size = capacity * wanted;
    this.#memory = process.platform === 'linux' ? loadLibc().alloc(size) : { address: 0, bytes: new Uint8Array(size) };
    this.#wanted = wanted;
    this.#taken = new Array<number>(capacity).fill(0);
  }

  roomOf(slot: number): number {
    return this.#wanted - this.#taken[slot]!;
  }

  addressOf(slot: number): number {
    return this.#memory.address + slot * this.#wanted + this.#taken[slot]!;
  }

  viewOf(slot: number): Uint8Array {
    const from = slot * this.#wanted + this.#taken[slot]!;
    return this.roomOf(slot) === 0 ? this.#unwanted : this.#memory.bytes.subarray(from, from + this.roomOf(slot));
  }

  received(slot: number, bytes: number): void {
    if (this.roomOf(slot) > 0) this.#taken[slot]! += bytes;
  }

  /** The first bytes of the connection; the next one begins anew. */
  take(slot: number): string {
    const from = slot * this.#wanted;
    const first = digestOf(this.#memory.bytes.slice(from, from + this.#taken[slot]!));
    this.#taken[slot] = 0;
    return first;
  }
}

export const bodyCases: readonly Case<ClientHarness>[] = [
  ...[1000, 8 * MIB].map((bytes): Case<ClientHarness> => ({
    name: `${bytes} bytes come where they shall, on two slots, twice`,
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'greet', bytes });
      const bodies = new TurningPlaces(2);
      const digests: (string | undefined)[] = [];
      const left = [1, 1];
      await h.run(
        t,
        { port, bodies, capacity: 2 },
        {
          step: stepping(
            (run) => {
              for (const slot of [0, 1]) run.open(slot);
            },
            (run) => run.totals.released === 4,
          ),
          received: (_run, slot, count) => bodies.received(slot, count),
          released: (run, slot) => {
            digests.push(bodies.digest(slot));
            if (left[slot]!-- > 0) run.open(slot);
          },
        },
      );
      t.strictSame(digests, new Array<string>(4).fill(digestOf(pattern(bytes))));
    },
  })),
  ...[100, 3000, 8 * MIB].map((bytes): Case<ClientHarness> => ({
    name: `of ${bytes} bytes the first come where they shall and the rest is dropped, on two slots, twice`,
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'greet', bytes });
      const wanted = 1000;
      const bodies = new FirstBytes(2, wanted);
      const firsts: string[] = [];
      const left = [1, 1];
      const driven = await h.run(
        t,
        { port, bodies, capacity: 2 },
        {
          step: stepping(
            (run) => {
              for (const slot of [0, 1]) run.open(slot);
            },
            (run) => run.totals.released === 4,
          ),
          received: (_run, slot, count) => bodies.received(slot, count),
          released: (run, slot) => {
            firsts.push(bodies.take(slot));
            if (left[slot]!-- > 0) run.open(slot);
          },
        },
      );
      const expected = digestOf(pattern(bytes).slice(0, wanted));
      t.strictSame(firsts, new Array<string>(4).fill(expected));
      t.equal(driven.totals.received, 4 * bytes, 'all are counted');
    },
  })),
  {
    name: 'echoes come back where they shall, with a payload that is linked to its receive and with a larger one',
    async run(t, h) {
      for (const bytes of [64, 300_000]) {
        const { port } = h.peers.serve({ behaviour: 'echo' });
        const payload = sharedPattern(h.largest(bytes));
        const bodies = new TurningPlaces(20);
        const digests: (string | undefined)[] = [];
        await h.run(
          t,
          { port, payload, bodies, halfClose: bytes > 64, capacity: 20 },
          {
            step: openMany(20),
            received: (run, slot, count) => {
              bodies.received(slot, count);
              if (bytes === 64 && run.receivedBytes[slot] === 64) run.close(slot);
            },
            released: (_run, slot) => digests.push(bodies.digest(slot)),
          },
        );
        t.strictSame(digests, new Array<string>(20).fill(digestOf(payload)), `${bytes} bytes`);
      }
    },
  },
];
