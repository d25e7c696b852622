import { CALLER_RUNS, JOBS, QUEUE_FULL } from '../counters.ts';
import { deliver, runHere, type ExecutorParts } from './direct.ts';
import type { DispatchQueue } from '../dispatch-queue.ts';
import { JOB_OWNER, JOB_TICKET, JOB_TURN, JOB_WORDS, type Executor } from '../executor.ts';

/** Has jobs done by the threads of a pool; where their queue is full, by this loop, the oldest first. */
export class DispatchExecutor implements Executor {
  readonly job = new Int32Array(JOB_WORDS);
  readonly #parts: ExecutorParts;
  readonly #queue: DispatchQueue;
  readonly #oldest = new Int32Array(JOB_WORDS);
  readonly #result = new Int32Array(JOB_WORDS);
  /** Jobs of this loop that are not delivered yet. */
  #outstanding = 0;
  /** `jobDone` may submit the next job: what that brings about is then delivered by the next step, not from inside. */
  #isDelivering = false;

  constructor(parts: ExecutorParts, queue: DispatchQueue) {
    this.#parts = parts;
    this.#queue = queue;
  }

  submit(): void {
    const { counters, owner } = this.#parts;
    const { job } = this;
    counters.add(JOBS, 1);
    job[JOB_OWNER] = owner;
    // A result without room would block the thread that brings it, so jobs beyond this number are not queued.
    const hasRoom = this.#outstanding++ < this.#queue.resultsOfOwner;
    if (hasRoom && this.#queue.push(job)) return;
    counters.add(QUEUE_FULL, 1);
    if (!hasRoom) {
      this.#runAsCaller(job, true);
      return;
    }
    while (this.#queue.pop(this.#oldest)) {
      // First into the queue, then to work: `jobDone` may already write the next one into `job`.
      const isQueued = this.#queue.push(job);
      if (!isQueued) counters.add(QUEUE_FULL, 1);
      this.#runAsCaller(this.#oldest, isQueued);
      if (isQueued) return;
    }
    // The threads have just taken everything that was older: now this one is the oldest.
    if (this.#queue.push(job)) return;
    counters.add(QUEUE_FULL, 1);
    this.#runAsCaller(job, true);
  }

  #runAsCaller(job: Int32Array, mayDeliver: boolean): void {
    this.#parts.counters.add(CALLER_RUNS, 1);
    const ticket = job[JOB_TICKET]!;
    const turn = job[JOB_TURN]!;
    const result = runHere(this.#parts, job);
    const isOurs = job[JOB_OWNER] === this.#parts.owner;
    const hasRoom = this.#outstanding <= this.#queue.resultsOfOwner;
    if (!isOurs || (hasRoom && (!mayDeliver || this.#isDelivering))) this.#queue.finish(job, result);
    else this.#deliver(ticket, turn, result);
  }

  #deliver(ticket: number, turn: number, result: number): void {
    this.#outstanding--;
    const wasDelivering = this.#isDelivering;
    this.#isDelivering = true;
    deliver(this.#parts, ticket, turn, result);
    this.#isDelivering = wasDelivering;
  }

  #takeResults(): void {
    const { owner } = this.#parts;
    const result = this.#result;
    for (let left = this.#queue.resultCount(owner); left > 0 && this.#queue.takeResult(owner, result); left--) {
      this.#deliver(result[JOB_TICKET]!, result[JOB_TURN]!, result[JOB_OWNER]!);
    }
  }

  step(): void {
    this.#queue.wakers.awake(this.#parts.owner);
    this.#takeResults();
  }

  maySleep(): boolean {
    const { owner } = this.#parts;
    if (this.#outstanding === 0) return true;
    this.#queue.wakers.asleep(owner);
    if (this.#queue.resultCount(owner) === 0) return true;
    this.#queue.wakers.awake(owner);
    return false;
  }
}
