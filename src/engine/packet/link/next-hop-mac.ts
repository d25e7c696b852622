/** The hardware address of the next hop, which may change while a run goes on: all threads share it. */
import type { NextHopMemory } from '../../seam/link.ts';

/** The address as one number, then two counters. */
const BYTES = 16;
const CHANGES = 2;
const ANSWERS = 3;

/** Makes the memory of a next hop at `mac`. */
export function createNextHopMemory(address: string, mac: Uint8Array): NextHopMemory {
  const memory = new SharedArrayBuffer(BYTES);
  new BigInt64Array(memory)[0] = numberOf(mac, 0);
  return { address, memory };
}

/** NextHopMac is one thread's access to that memory. Any thread may write; every thread looks once a millisecond whether one has. */
export class NextHopMac {
  readonly #mac: BigInt64Array;
  readonly #counts: Int32Array;

  constructor({ memory }: NextHopMemory) {
    this.#mac = new BigInt64Array(memory);
    this.#counts = new Int32Array(memory);
  }

  /** How often it has changed. */
  get changes(): number {
    return Atomics.load(this.#counts, CHANGES);
  }

  /** How often the next hop has said where it is. */
  get answers(): number {
    return Atomics.load(this.#counts, ANSWERS);
  }

  /** The next hop says that it is at the address of 6 bytes at `offset`. What is no address of one interface is not believed. */
  told(bytes: Uint8Array, offset: number): void {
    const mac = numberOf(bytes, offset);
    if (mac === 0n || (bytes[offset]! & 1) !== 0) return;
    Atomics.add(this.#counts, ANSWERS, 1);
    if (Atomics.exchange(this.#mac, 0, mac) !== mac) Atomics.add(this.#counts, CHANGES, 1);
  }

  read(): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, Atomics.load(this.#mac, 0));
    return new Uint8Array(view.buffer, 2);
  }
}

function numberOf(bytes: Uint8Array, offset: number): bigint {
  let number = 0n;
  for (let i = 0; i < 6; i++) number = (number << 8n) | BigInt(bytes[offset + i]!);
  return number;
}
