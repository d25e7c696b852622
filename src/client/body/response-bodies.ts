import type { BodyPlaces } from '../../engine/engine.ts';
import { EMFILE, ENFILE, ENOMEM } from '../../linux/errno.ts';
import type { Libc } from '../../linux/libc.ts';
import { FD_EXHAUSTED, OK, SINK_FAILED, TOO_LONG, VERIFY_FAILED } from '../../measure/outcome.ts';
import type { BodyPlan } from '../../plan/plan.ts';
import { BlockPool } from './block-pool.ts';
import type { Block } from './block-pool.ts';
import { ChunkChains } from './chunk-chains.ts';
import { ChunkPool } from './chunk-pool.ts';
import { TempFiles } from './temp-file.ts';
import { createVerifier } from './verifier.ts';
import type { Verifier } from './verifier.ts';

const NO_FILE = -1;

export interface ResponseBodiesOptions {
  readonly plan: BodyPlan;
  readonly capacity: number;
  /** Undefined for an engine that works without native memory. */
  readonly libc: Libc | undefined;
  /** Memory for responses, over all slots. */
  readonly limitBytes: number;
}

/** Whether the plan asks for more than counting bytes. */
export function watchesBodies({ sink, maxBodyBytes, verification }: BodyPlan): boolean {
  return sink.kind !== 'null' || maxBodyBytes !== null || verification !== null;
}

/**
 * What becomes of the responses of one worker: checked, kept in memory, gathered, written to files. Only there where a plan
 * asks for it.
 */
export class ResponseBodies {
  /** For the engine; undefined where nobody looks at the bytes. */
  readonly places: BodyPlaces | undefined;
  /** Whether bodies are kept at all. */
  readonly keeps: boolean;
  /** With the outcome that was returned last: the Linux error number, or 0. */
  errno = 0;
  readonly #gathers: boolean;
  readonly #maxBodyBytes: number;
  readonly #maxMemoryBytes: number;
  readonly #pool: ChunkPool | undefined;
  readonly #chains: ChunkChains | undefined;
  readonly #blocks: BlockPool;
  readonly #verifier: Verifier | undefined;
  readonly #files: TempFiles;
  readonly #fds: Int32Array;
  readonly #spilled: Uint8Array;

  constructor({ plan, capacity, libc, limitBytes }: ResponseBodiesOptions) {
    const { kind } = plan.sink;
    this.keeps = kind !== 'null';
    this.#gathers = kind === 'gather';
    this.#maxBodyBytes = plan.maxBodyBytes ?? Infinity;
    this.#maxMemoryBytes = kind === 'file' ? 0 : (plan.maxMemoryBytes ?? Infinity);
    // What is gathered is there twice for a moment.
    const shareBytes = this.#gathers ? limitBytes / 2 : limitBytes;
    if (this.keeps || plan.verification !== null) {
      this.#pool = new ChunkPool(libc, shareBytes);
      this.places = this.#chains = new ChunkChains(this.#pool, capacity);
    }
    this.#blocks = new BlockPool(libc, shareBytes);
    this.#verifier = plan.verification === null ? undefined : createVerifier(plan.verification, capacity);
    this.#files = new TempFiles(plan.directory ?? '');
    this.#fds = new Int32Array(capacity).fill(NO_FILE);
    this.#spilled = new Uint8Array(capacity);
  }

  /** `bytes` more came where `places` said, behind `before` of the same response. Returns `OK` or how the attempt ends. */
  received(slot: number, before: number, bytes: number): number {
    const total = before + bytes;
    if (total > this.#maxBodyBytes) return this.#end(TOO_LONG, 0);
    const chains = this.#chains;
    if (chains === undefined) return OK;
    if (chains.isWasting(slot)) return this.#end(SINK_FAILED, ENOMEM);
    const last = chains.lastOf(slot);
    const from = chains.lengthOf(last);
    if (this.#verifier?.follows(slot, before, this.#pool!.viewOf(last), from, from + bytes) === false) {
      return this.#end(VERIFY_FAILED, 0);
    }
    if (!this.keeps) return OK;
    chains.add(slot, bytes);
    if (this.#fds[slot] === NO_FILE) {
      if (total <= this.#maxMemoryBytes) return OK;
      const fd = this.#files.open();
      if (fd < 0) return this.#endUnstored();
      this.#fds[slot] = fd;
      this.#spilled[slot] = this.#maxMemoryBytes > 0 ? 1 : 0;
    }
    return this.#writeUp(slot, chains, false);
  }

  /** The response of `bytes` bytes is complete. Returns `OK`, or how the attempt ends. */
  complete(slot: number, bytes: number): number {
    if (this.#verifier?.isWhole(slot, bytes) === false) return this.#end(VERIFY_FAILED, 0);
    const chains = this.#chains;
    if (!this.keeps || chains === undefined) return OK;
    let outcome = OK;
    if (this.#fds[slot] !== NO_FILE) outcome = this.#writeUp(slot, chains, true);
    else if (this.#gathers) outcome = this.#gather(slot, chains, bytes);
    if (outcome === OK) this.#drop(slot);
    return outcome;
  }

  /** Writes the chunks that are full, or all of them. */
  #writeUp(slot: number, chains: ChunkChains, isAll: boolean): number {
    const fd = this.#fds[slot]!;
    for (;;) {
      const chunk = chains.firstOf(slot);
      const length = chains.lengthOf(chunk);
      if (length === 0 || !(isAll || chains.isLong(slot) || chains.isFull(slot))) return OK;
      if (!this.#files.write(fd, this.#pool!.viewOf(chunk), length)) return this.#endUnstored();
      chains.dropFirst(slot);
    }
  }

  #gather(slot: number, chains: ChunkChains, bytes: number): number {
    const block = this.#blocks.take(bytes);
    if (block === undefined) return this.#end(SINK_FAILED, ENOMEM);
    this.#copyInto(block, slot, chains, bytes);
    this.#blocks.give(block);
    return OK;
  }

  #copyInto(block: Block, slot: number, chains: ChunkChains, bytes: number): void {
    for (let done = 0; done < bytes;) {
      const chunk = chains.firstOf(slot);
      done += this.#pool!.viewOf(chunk).copy(block.view, done, 0, chains.lengthOf(chunk));
      chains.dropFirst(slot);
    }
  }

  /** Ends with what the files say. Out of descriptors is what it is also elsewhere. */
  #endUnstored(): number {
    const { errno } = this.#files;
    return this.#end(errno === EMFILE || errno === ENFILE ? FD_EXHAUSTED : SINK_FAILED, errno);
  }

  #end(outcome: number, errno: number): number {
    this.errno = errno;
    return outcome;
  }

  /** Whether the slot's response was moved from memory to a file. */
  isSpilled(slot: number): boolean {
    return this.#spilled[slot] === 1;
  }

  /** Lets go of the slot's response; its file, if any, is gone with it. */
  #drop(slot: number): void {
    if (this.#fds[slot] !== NO_FILE) {
      this.#files.close(this.#fds[slot]!);
      this.#fds[slot] = NO_FILE;
    }
    this.#chains?.clear(slot);
  }

  /** The engine has released the slot. */
  release(slot: number): void {
    this.#drop(slot);
    this.#verifier?.forget(slot);
    this.#spilled[slot] = 0;
  }

  /** When the engine is disposed of. */
  dispose(): void {
    for (const fd of this.#fds) if (fd !== NO_FILE) this.#files.close(fd);
    this.#fds.fill(NO_FILE);
    this.#pool?.dispose();
    this.#blocks.dispose();
  }
}
