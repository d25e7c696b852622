import { JOBS, JOBS_WAITED } from '../counters.ts';
import { deliver, runHere, type ExecutorParts } from './direct.ts';
import { JOB_TICKET, JOB_TURN, JOB_WORDS, JobFifo, type Executor } from '../executor.ts';
import type { SharedSemaphore } from '../../runtime/shared/semaphore.ts';
import type { Wakers } from '../../runtime/shared/wakers.ts';

/** Jobs that wait for a permit on one loop. One more, and the loop itself waits: then it neither accepts nor reads. */
const WAITING_MAX = 128;
/** A grant ends the wait; this only bounds it. */
const PATIENCE_MS = 50;

/**
 * Does jobs on the loop while it holds a permit of those that all loops share. Where none is free the job waits in a list and the loop
 * goes on; it is woken when its turn has come.
 */
export class PermitExecutor implements Executor {
  readonly job = new Int32Array(JOB_WORDS);
  readonly #parts: ExecutorParts;
  readonly #semaphore: SharedSemaphore;
  readonly #wakers: Wakers;
  readonly #waiting = new JobFifo(WAITING_MAX);
  readonly #oldest = new Int32Array(JOB_WORDS);

  constructor(parts: ExecutorParts, semaphore: SharedSemaphore, wakers: Wakers) {
    this.#parts = parts;
    this.#semaphore = semaphore;
    this.#wakers = wakers;
  }

  submit(): void {
    const { counters, owner } = this.#parts;
    counters.add(JOBS, 1);
    if (this.#waiting.length === 0 && this.#semaphore.tryAcquire(owner)) {
      this.#run(this.job);
      return;
    }
    counters.add(JOBS_WAITED, 1);
    if (this.#waiting.isFull) {
      this.#runOldestAndPush();
      return;
    }
    this.#waiting.push(this.job);
    this.#semaphore.want(owner, true);
    // A permit may have become free before anybody knew that one was wanted.
    this.#runWaiting();
  }

  /** Waits for a permit, loop and all. The list takes the new job before `jobDone` may write the next one into `job`. */
  #runOldestAndPush(): void {
    const { owner } = this.#parts;
    while (!this.#semaphore.tryAcquire(owner)) this.#semaphore.waitForGrant(owner, PATIENCE_MS);
    this.#waiting.shift(this.#oldest);
    this.#waiting.push(this.job);
    this.#run(this.#oldest);
  }

  #run(job: Int32Array): void {
    const ticket = job[JOB_TICKET]!;
    const turn = job[JOB_TURN]!;
    const result = runHere(this.#parts, job);
    this.#semaphore.release();
    deliver(this.#parts, ticket, turn, result);
  }

  #runWaiting(): void {
    const { owner } = this.#parts;
    while (this.#waiting.length > 0 && this.#semaphore.tryAcquire(owner)) {
      this.#waiting.shift(this.#oldest);
      if (this.#waiting.length === 0) this.#semaphore.want(owner, false);
      this.#run(this.#oldest);
    }
  }

  step(): void {
    const { owner } = this.#parts;
    this.#wakers.awake(owner);
    this.#runWaiting();
    if (this.#waiting.length === 0 && this.#semaphore.hasGrant(owner)) this.#semaphore.returnGrants(owner);
  }

  maySleep(): boolean {
    const { owner } = this.#parts;
    this.#wakers.asleep(owner);
    if (!this.#semaphore.hasGrant(owner)) return true;
    this.#wakers.awake(owner);
    return false;
  }
}
