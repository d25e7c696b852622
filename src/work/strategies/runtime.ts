import { CALLER_RUNS, JOBS, QUEUE_FULL } from '../counters.ts';
import { deliver, runHere, type ExecutorParts } from './direct.ts';
import { JOB_TICKET, JOB_TURN, JOB_WORDS, JobFifo, type AsyncJobRunner, type Executor } from '../executor.ts';

/** The most jobs that the runtime has at a time; koffi takes at most 256 calls. */
const LANES = 128;
/** Jobs that wait for one of these. One more, and the loop does the oldest itself. */
const WAITING_MAX = 128;

/**
 * Has jobs done on the runtime's own threads (libuv's pool, UV_THREADPOOL_SIZE of them, shared by the whole process). Its
 * completions come through the event loop, so only loops that return to it can use this. The runtime makes objects for each.
 */
export class RuntimeExecutor implements Executor {
  readonly job = new Int32Array(JOB_WORDS);
  readonly #parts: ExecutorParts;
  readonly #start: AsyncJobRunner;
  readonly #waiting = new JobFifo(WAITING_MAX);
  readonly #next = new Int32Array(JOB_WORDS);
  /** What each lane is at, and what it calls when that is done: made once. */
  readonly #tickets = new Int32Array(LANES);
  readonly #turns = new Int32Array(LANES);
  readonly #done: readonly ((result: number) => void)[];
  readonly #free = Array.from({ length: LANES }, (_, lane) => lane);

  constructor(parts: ExecutorParts, start: AsyncJobRunner) {
    this.#parts = parts;
    this.#start = start;
    this.#done = this.#free.map((lane) => (result) => this.#laneDone(lane, result));
  }

  submit(): void {
    const { counters } = this.#parts;
    counters.add(JOBS, 1);
    const lane = this.#free.pop();
    if (lane !== undefined) {
      this.#startOn(lane, this.job);
      return;
    }
    if (!this.#waiting.isFull) {
      this.#waiting.push(this.job);
      return;
    }
    counters.add(QUEUE_FULL, 1);
    counters.add(CALLER_RUNS, 1);
    this.#waiting.shift(this.#next);
    this.#waiting.push(this.job);
    const ticket = this.#next[JOB_TICKET]!;
    const turn = this.#next[JOB_TURN]!;
    deliver(this.#parts, ticket, turn, runHere(this.#parts, this.#next));
  }

  #startOn(lane: number, job: Int32Array): void {
    this.#tickets[lane] = job[JOB_TICKET]!;
    this.#turns[lane] = job[JOB_TURN]!;
    this.#start(job, this.#done[lane]!);
  }

  #laneDone(lane: number, result: number): void {
    const ticket = this.#tickets[lane]!;
    const turn = this.#turns[lane]!;
    if (this.#waiting.length > 0) {
      this.#waiting.shift(this.#next);
      this.#startOn(lane, this.#next);
    } else this.#free.push(lane);
    deliver(this.#parts, ticket, turn, result);
  }

  step(): void {
    // Results come by themselves, through the event loop.
  }

  maySleep(): boolean {
    return true;
  }
}
