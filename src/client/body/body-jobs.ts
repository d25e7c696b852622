/** What finishing responses takes that may block, as jobs for an executor: a `JobModule`. */
import { close, readSync, write } from 'node:fs';
import { EIO, ENOMEM } from '../../kernel/errno.ts';
import { loadLibc, type Libc } from '../../kernel/libc.ts';
import type { Verification } from '../../plan/plan.ts';
import { JOB_ARGUMENTS, JOB_OWNER, type AsyncJobRunner, type JobRunner } from '../../work/executor.ts';
import { CHUNK_BYTES, ChunkTable, NO_CHUNK } from './chunk-table.ts';
import { GatherBlock } from './gather-block.ts';
import { closeFile, errnoOf, writeAt } from './temp-file.ts';
import { createVerifier, type Verifier } from './verifier.ts';

/** Arguments of a job: what to do, on which file if any, and with the chain of chunks that begins there. */
export const JOB_KIND = JOB_ARGUMENTS;
export const JOB_FD = JOB_ARGUMENTS + 1;
export const JOB_CHUNK = JOB_ARGUMENTS + 2;
/** How long the response is: the lower 32 bits, and what is above them. */
export const JOB_BYTES = JOB_ARGUMENTS + 3;
export const JOB_BYTES_ABOVE = JOB_ARGUMENTS + 4;

/** Write one chunk to where its bytes belong. */
export const WRITE_CHUNK = 0;
/** The response is whole: verify it, gather it, close its file. */
export const FINISH = 1;

/** The result of a job is 0, a Linux error number, or this. */
export const NOT_AS_EXPECTED = -1;

const WORD = 2 ** 32;

/** Plain data: goes to threads. */
export interface BodyJobs {
  /** The memory of each `ChunkTable`, by owner. */
  readonly tables: readonly SharedArrayBuffer[];
  readonly gathers: boolean;
  /** What a whole response is held against; null where that is done as it comes, or not at all. */
  readonly verification: Verification | null;
  /** Memory for one gathered response. */
  readonly gatherLimitBytes: number;
}

/** The bytes of an owner's chunk. */
export type ChunkViews = (owner: number, chunk: number) => Buffer;

export function setBytes(job: Int32Array, bytes: number): void {
  job[JOB_BYTES] = bytes % WORD;
  job[JOB_BYTES_ABOVE] = Math.floor(bytes / WORD);
}

/** Makes the runner of a thread of the pool. */
export function createRunner(data: unknown): JobRunner {
  const jobs = data as BodyJobs;
  const libc = loadLibc();
  return bodyRunner(jobs, nativeViews(jobs, libc), libc);
}

/** Chunks of any worker, by their addresses. */
export function nativeViews({ tables }: BodyJobs, libc: Libc): ChunkViews {
  const owners = tables.map((memory) => ({ table: new ChunkTable(memory), views: [] as Buffer[] }));
  return (owner, chunk) => {
    const { table, views } = owners[owner]!;
    return (views[chunk] ??= Buffer.from(libc.view(table.addresses[chunk]!, CHUNK_BYTES)));
  };
}

export function bodyRunner(jobs: BodyJobs, views: ChunkViews, libc: Libc | undefined): JobRunner {
  const runner = new BodyRunner(jobs, views, libc);
  return (job) => (job[JOB_KIND] === WRITE_CHUNK ? runner.write(job) : runner.finish(job));
}

class BodyRunner {
  readonly #views: ChunkViews;
  readonly #tables: readonly ChunkTable[];
  readonly #gathers: boolean;
  readonly #block: GatherBlock;
  readonly #verifier: Verifier | null;
  #readBack: Buffer | undefined;

  constructor(
    { tables, gathers, verification, gatherLimitBytes }: BodyJobs,
    views: ChunkViews,
    libc: Libc | undefined,
  ) {
    this.#views = views;
    this.#tables = tables.map((memory) => new ChunkTable(memory));
    this.#gathers = gathers;
    this.#block = new GatherBlock(libc, gatherLimitBytes);
    this.#verifier = verification === null ? null : createVerifier(verification, 1);
  }

  write(job: Int32Array): number {
    const owner = job[JOB_OWNER]!;
    const chunk = job[JOB_CHUNK]!;
    const { lengths, offsets } = this.#tables[owner]!;
    return writeAt(job[JOB_FD]!, this.#views(owner, chunk), lengths[chunk]!, offsets[chunk]!);
  }

  finish(job: Int32Array): number {
    const fd = job[JOB_FD]!;
    const bytes = (job[JOB_BYTES]! >>> 0) + job[JOB_BYTES_ABOVE]! * WORD;
    const result = fd < 0 ? this.#finishInMemory(job[JOB_OWNER]!, job[JOB_CHUNK]!, bytes) : this.#verifyFile(fd, bytes);
    if (fd >= 0) closeFile(fd);
    this.#verifier?.forget(0);
    return result;
  }

  #finishInMemory(owner: number, first: number, bytes: number): number {
    const verifier = this.#verifier;
    const block = this.#gathers ? this.#block.get(bytes) : null;
    if (block === undefined) return ENOMEM;
    const { lengths, next } = this.#tables[owner]!;
    let done = 0;
    for (let chunk = first; chunk !== NO_CHUNK && done < bytes; chunk = next[chunk]!) {
      const view = this.#views(owner, chunk);
      const length = lengths[chunk]!;
      if (verifier?.follows(0, done, view, 0, length) === false) return NOT_AS_EXPECTED;
      if (block !== null) view.copy(block, done, 0, length);
      done += length;
    }
    return verifier?.isWhole(0, bytes) === false ? NOT_AS_EXPECTED : 0;
  }

  /** Reads the gathered bytes again, as a program would that uses them. */
  #verifyFile(fd: number, bytes: number): number {
    const verifier = this.#verifier;
    if (verifier === null) return 0;
    const buffer = (this.#readBack ??= Buffer.allocUnsafeSlow(CHUNK_BYTES));
    try {
      for (let done = 0; done < bytes;) {
        const read = readSync(fd, buffer, 0, Math.min(CHUNK_BYTES, bytes - done), done);
        if (read === 0) return EIO;
        if (!verifier.follows(0, done, buffer, 0, read)) return NOT_AS_EXPECTED;
        done += read;
      }
    } catch (error) {
      return errnoOf(error);
    }
    return verifier.isWhole(0, bytes) ? 0 : NOT_AS_EXPECTED;
  }
}

/** The runtime's own threads write and close files; they run no JavaScript, so nothing is gathered or verified there. */
export function asyncBodyRunner({ tables }: BodyJobs, views: ChunkViews): AsyncJobRunner {
  const all = tables.map((memory) => new ChunkTable(memory));
  return (job, done) => {
    const fd = job[JOB_FD]!;
    if (job[JOB_KIND] === FINISH) {
      if (fd < 0) done(0);
      // Some file systems tell only now that a write came to nothing; the file is gone either way.
      else close(fd, () => done(0));
      return;
    }
    const owner = job[JOB_OWNER]!;
    const chunk = job[JOB_CHUNK]!;
    const { lengths, offsets } = all[owner]!;
    writeAll(fd, views(owner, chunk).subarray(0, lengths[chunk]), offsets[chunk]!, done);
  };
}

function writeAll(fd: number, bytes: Buffer, offset: number, done: (errno: number) => void): void {
  write(fd, bytes, 0, bytes.length, offset, (error, written) => {
    if (error !== null) done(errnoOf(error));
    else if (written === bytes.length) done(0);
    else writeAll(fd, bytes.subarray(written), offset + written, done);
  });
}
