import { EMFILE, ENFILE, ENOMEM } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { FD_EXHAUSTED, OK, SINK_FAILED, TOO_LONG, VERIFY_FAILED } from '../../document/outcome.ts';
import type { BodyPlan } from '../../plan/plan.ts';
import {
  JOB_OWNER,
  JOB_TICKET,
  JOB_TURN,
  type AsyncJobRunner,
  type Executor,
  type JobHandler,
  type JobRunner,
} from '../../work/executor.ts';
import {
  FINISH,
  JOB_CHUNK,
  JOB_FD,
  JOB_KIND,
  NOT_AS_EXPECTED,
  WRITE_CHUNK,
  asyncBodyRunner,
  bodyRunner,
  nativeViews,
  setBytes,
  type BodyJobs,
  type ChunkViews,
} from './body-jobs.ts';
import { ChunkChains } from './chunk-chains.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ChunkTable, NO_CHUNK } from './chunk-table.ts';
import { TempFiles, closeFile } from './temp-file.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const NO_FILE = -1;

/** Returned by `complete`: the response is whole, and `bodyDone` will say what has become of it. */
export const PENDING = -1;

/** What a slot's response is at. */
const COMING = 0;
/** Whole; its chunks are being written. */
const WRITING = 1;
/** The last job of it is under way. */
const FINISHING = 2;

/** Who asks for the responses of a round. */
export interface BodyListener {
  /** What `complete` left pending has ended with `outcome`, as if it had returned it. */
  bodyDone(slot: number, outcome: number): void;
  /** What `release` had to wait for is over: the slot may be used again. */
  bodyReleased(slot: number): void;
}

export interface ResponseBodiesOptions {
  readonly plan: BodyPlan;
  readonly capacity: number;
  /** Undefined for an engine that works without native memory. */
  readonly libc: Libc | undefined;
  /** The number of the worker, and what all of them share. */
  readonly owner: number;
  readonly jobs: BodyJobs;
  /** Makes what does the jobs, for the loop that asks for them. */
  readonly createExecutor: (handler: JobHandler, run: JobRunner, runAsync: AsyncJobRunner) => Executor;
}

/** Whether the plan asks for more than counting bytes. */
export function watchesBodies({ sink, maxBodyBytes, verification }: BodyPlan): boolean {
  return sink.kind !== 'null' || maxBodyBytes !== null || verification !== null;
}

/**
 * The responses of one worker: checked, kept in memory, gathered, written to files. Only there where a plan
 * asks for it. What may block is a job of an executor; while one is under way, its memory and its file are its own.
 */
export class ResponseBodies implements JobHandler {
  /** The places that the engine writes to; undefined where the bytes are not looked at. */
  readonly places: ChunkChains | undefined;
  /** Whether bodies are kept at all. */
  readonly keeps: boolean;
  /** The Linux error number of the last outcome that was returned, or 0. */
  errno = 0;
  readonly #owner: number;
  readonly #jobs: BodyJobs;
  readonly #maxBodyBytes: number;
  readonly #maxMemoryBytes: number;
  readonly #table: ChunkTable;
  readonly #pool: ChunkPool | undefined;
  readonly #chains: ChunkChains | undefined;
  /** The state of responses that are verified as they come. */
  readonly #verifier: Verifier | undefined;
  readonly #files: TempFiles;
  readonly #executor: Executor;
  readonly #fds: Int32Array;
  /** Bytes that were handed over to be written. */
  readonly #writtenBytes: Float64Array;
  readonly #spilled: Uint8Array;
  readonly #stages: Uint8Array;
  readonly #wholeBytes: Float64Array;
  /** Jobs under way. */
  readonly #outstanding: Int32Array;
  /** The slot is being dealt with: what its jobs bring is seen to there. */
  readonly #isInside: Uint8Array;
  readonly #isReleasing: Uint8Array;
  /** The first that went wrong with the response: `OK`, or the outcome and its error number. */
  readonly #failures: Int32Array;
  readonly #failureErrnos: Int32Array;
  #listener!: BodyListener;

  constructor({ plan, capacity, libc, owner, jobs, createExecutor }: ResponseBodiesOptions) {
    const { kind } = plan.sink;
    this.keeps = kind !== 'null';
    this.#owner = owner;
    this.#jobs = jobs;
    this.#maxBodyBytes = plan.maxBodyBytes ?? Infinity;
    this.#maxMemoryBytes = kind === 'file' ? 0 : (plan.maxMemoryBytes ?? Infinity);
    this.#table = new ChunkTable(jobs.tables[owner]!);
    if (this.keeps || plan.verification !== null) {
      this.#pool = new ChunkPool(libc, this.#table);
      this.places = this.#chains = new ChunkChains(this.#pool, this.#table, capacity);
    }
    const comes = jobs.verification === null ? plan.verification : null;
    this.#verifier = comes === null ? undefined : createVerifier(comes, capacity);
    this.#files = new TempFiles(plan.directory ?? '');
    const views = this.#views(libc);
    this.#executor = createExecutor(this, bodyRunner(jobs, views, libc), asyncBodyRunner(jobs, views));
    this.#fds = new Int32Array(capacity).fill(NO_FILE);
    this.#writtenBytes = new Float64Array(capacity);
    this.#spilled = new Uint8Array(capacity);
    this.#stages = new Uint8Array(capacity);
    this.#wholeBytes = new Float64Array(capacity);
    this.#outstanding = new Int32Array(capacity);
    this.#isInside = new Uint8Array(capacity);
    this.#isReleasing = new Uint8Array(capacity);
    this.#failures = new Int32Array(capacity).fill(OK);
    this.#failureErrnos = new Int32Array(capacity);
  }

  /** When the queue is full the loop runs the oldest job, which may belong to another connection. */
  #views(libc: Libc | undefined): ChunkViews {
    const foreign = libc === undefined ? undefined : nativeViews(this.#jobs, libc);
    return (owner, chunk) => (owner === this.#owner ? this.#pool!.viewOf(chunk) : foreign!(owner, chunk));
  }

  /** Ends what is left between rounds, when no job is under way. */
  listen(listener: BodyListener): void {
    this.#listener = listener;
  }

  /** Steps the executor; see `Executor`. */
  step(): void {
    this.#executor.step();
  }

  maySleep(): boolean {
    return this.#executor.maySleep();
  }

  /** `bytes` more came where `places` said, after `before` bytes of the same response. Returns `OK` or how the attempt ends. */
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
      if (!this.#openFile(slot)) return this.#endFailed(slot);
    }
    this.#writeUp(slot, chains, false);
    return this.#endFailed(slot);
  }

  #openFile(slot: number): boolean {
    const fd = this.#files.open();
    if (fd < 0) {
      this.#fail(slot, this.#files.errno);
      return false;
    }
    this.#fds[slot] = fd;
    this.#spilled[slot] = this.#maxMemoryBytes > 0 ? 1 : 0;
    return true;
  }

  /** The response of `bytes` bytes is complete. Returns `OK`, how the attempt ends, or `PENDING`. */
  complete(slot: number, bytes: number): number {
    if (this.#verifier?.isWhole(slot, bytes) === false) return this.#end(VERIFY_FAILED, 0);
    const chains = this.#chains;
    if (!this.keeps || chains === undefined) return OK;
    this.#stages[slot] = WRITING;
    this.#wholeBytes[slot] = bytes;
    if (this.#fds[slot] !== NO_FILE) this.#writeUp(slot, chains, true);
    return this.#goOn(slot, chains);
  }

  /** Hands over to be written the chunks that are full, or all of them. */
  #writeUp(slot: number, chains: ChunkChains, isAll: boolean): void {
    this.#isInside[slot] = 1;
    while (this.#failures[slot] === OK) {
      const chunk = chains.firstOf(slot);
      if (chunk === NO_CHUNK) break;
      const length = chains.lengthOf(chunk);
      if (length === 0 || !(isAll || chains.isLong(slot) || chains.isFull(slot))) break;
      chains.detachFirst(slot);
      this.#table.offsets[chunk] = this.#writtenBytes[slot]!;
      this.#writtenBytes[slot]! += length;
      this.#submit(slot, WRITE_CHUNK, this.#fds[slot]!, chunk, chunk);
    }
    this.#isInside[slot] = 0;
  }

  /** `turn` comes back with the result: the chunk that is then free, or none. */
  #submit(slot: number, kind: number, fd: number, chunk: number, turn: number): void {
    const { job } = this.#executor;
    this.#outstanding[slot]! += 1;
    job[JOB_OWNER] = this.#owner;
    job[JOB_TICKET] = slot;
    job[JOB_TURN] = turn;
    job[JOB_KIND] = kind;
    job[JOB_FD] = fd;
    job[JOB_CHUNK] = chunk;
    setBytes(job, this.#wholeBytes[slot]!);
    this.#executor.submit();
  }

  /** What is left to be done for a response that is whole. Returns as `complete` does. */
  #goOn(slot: number, chains: ChunkChains): number {
    if (this.#outstanding[slot]! > 0) return PENDING;
    if (this.#stages[slot] === WRITING && this.#failures[slot] === OK) {
      this.#stages[slot] = FINISHING;
      const fd = this.#fds[slot]!;
      if (fd !== NO_FILE || this.#jobs.gathers || this.#jobs.verification !== null) {
        this.#isInside[slot] = 1;
        // The job closes it.
        this.#fds[slot] = NO_FILE;
        this.#submit(slot, FINISH, fd, chains.firstOf(slot), NO_CHUNK);
        this.#isInside[slot] = 0;
        if (this.#outstanding[slot]! > 0) return PENDING;
      }
    }
    const outcome = this.#endFailed(slot);
    if (outcome === OK) this.#drop(slot);
    return outcome;
  }

  jobDone(slot: number, chunk: number, result: number): void {
    this.#outstanding[slot]! -= 1;
    if (chunk !== NO_CHUNK) this.#pool!.give(chunk);
    if (result !== 0) this.#fail(slot, result);
    if (this.#outstanding[slot]! > 0 || this.#isInside[slot] === 1) return;
    if (this.#isReleasing[slot] === 1) {
      this.#forget(slot);
      this.#listener.bodyReleased(slot);
    } else if (this.#stages[slot] !== COMING) {
      const outcome = this.#goOn(slot, this.#chains!);
      if (outcome !== PENDING) this.#listener.bodyDone(slot, outcome);
    }
  }

  /** `result` as jobs give it. Out of descriptors is what it is also elsewhere. */
  #fail(slot: number, result: number): void {
    if (this.#failures[slot] !== OK) return;
    const isExhausted = result === EMFILE || result === ENFILE;
    this.#failures[slot] = result === NOT_AS_EXPECTED ? VERIFY_FAILED : isExhausted ? FD_EXHAUSTED : SINK_FAILED;
    this.#failureErrnos[slot] = result === NOT_AS_EXPECTED ? 0 : result;
  }

  /** Ends with what went wrong with the response, if anything did. */
  #endFailed(slot: number): number {
    return this.#end(this.#failures[slot]!, this.#failureErrnos[slot]!);
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
      closeFile(this.#fds[slot]!);
      this.#fds[slot] = NO_FILE;
    }
    this.#chains?.clear(slot);
  }

  /** The engine has released the slot. False where jobs are under way: `bodyReleased` follows. */
  release(slot: number): boolean {
    this.#isReleasing[slot] = this.#outstanding[slot]! > 0 ? 1 : 0;
    if (this.#isReleasing[slot] === 1) return false;
    this.#forget(slot);
    return true;
  }

  #forget(slot: number): void {
    this.#drop(slot);
    this.#verifier?.forget(slot);
    this.#spilled[slot] = 0;
    this.#writtenBytes[slot] = 0;
    this.#stages[slot] = COMING;
    this.#isReleasing[slot] = 0;
    this.#failures[slot] = OK;
    this.#failureErrnos[slot] = 0;
  }

  /** When the engine is disposed of and no job is under way. */
  dispose(): void {
    for (const fd of this.#fds) if (fd !== NO_FILE) closeFile(fd);
    this.#fds.fill(NO_FILE);
    this.#pool?.dispose();
  }
}
