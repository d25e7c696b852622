import { JOBS, JOBS_DONE, JOBS_RUN, type RunningGauge, type WorkCounters } from '../counters.ts';
import { JOB_TICKET, JOB_TURN, JOB_WORDS, type Executor, type JobHandler, type JobRunner } from '../executor.ts';

/** What every executor is made of. */
export interface ExecutorParts {
  /** The number of its loop. */
  readonly owner: number;
  readonly run: JobRunner;
  readonly handler: JobHandler;
  readonly counters: WorkCounters;
  readonly gauge: RunningGauge;
}

/** Runs a job on this thread, and counts it. */
export function runHere({ run, counters, gauge }: ExecutorParts, job: Int32Array): number {
  gauge.enter();
  const result = run(job);
  gauge.leave();
  counters.add(JOBS_RUN, 1);
  return result;
}

/** Tells the loop that its job is done. */
export function deliver({ handler, counters }: ExecutorParts, ticket: number, turn: number, result: number): void {
  counters.add(JOBS_DONE, 1);
  handler.jobDone(ticket, turn, result);
}

/** Does every job on the loop, immediately. */
export class DirectExecutor implements Executor {
  readonly job = new Int32Array(JOB_WORDS);
  readonly #parts: ExecutorParts;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  submit(): void {
    const ticket = this.job[JOB_TICKET]!;
    const turn = this.job[JOB_TURN]!;
    this.#parts.counters.add(JOBS, 1);
    deliver(this.#parts, ticket, turn, runHere(this.#parts, this.job));
  }

  step(): void {
    // Nothing is ever left to be done.
  }

  maySleep(): boolean {
    return true;
  }
}
