import { LOAD_BANK } from '../count/load.ts';
import { engineHas } from '../plan/engines.ts';
import { RunError } from '../units/run-error.ts';
import { ThreadHost, moduleBeside, type ThreadFailure } from '../runtime/thread-host.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { loadLibc, type MemoryBlock } from '../kernel/libc.ts';
import { STOP, leaseStarts, shiftRound } from '../runtime/round-control.ts';
import { configureCollector, configureForPackets } from '../runtime/v8.ts';
import { RecorderReader } from '../count/recorder.ts';
import { createRecorderMemory } from '../count/bank.ts';
import type { GcUse } from './gc-watch.ts';
import { CONTROL_WORDS, beginStage, openStages, resetStages, stagesEnded } from './stages.ts';
import type { FromWorker, RoundOrder, ToWorker, WorkerInit } from './worker-protocol.ts';

const WORKER_URL = moduleBeside(import.meta.url, 'worker');

/** How a worker ended before its time. */
export interface WorkerFailure extends ThreadFailure {
  readonly worker: number;
  /** As `monotonicNs` has it. */
  readonly diedNs: bigint;
}

interface Member {
  readonly thread: ThreadHost<ToWorker, FromWorker>;
  readonly reader: RecorderReader;
  /** Resolves what the pool waits for from this worker: ready, prepared, or the end of a round. */
  settle: () => void;
  threadId: number | null;
  gc: GcUse | undefined;
  endedNs: number;
  failure: WorkerFailure | undefined;
  memory: readonly MemoryBlock[];
}

/** The pacing threads of a run. A worker that dies leaves its figures in shared memory, and the pool goes on without it. */
export class WorkerPool {
  readonly #members: Member[];
  readonly #control = new SharedArrayBuffer(4 * CONTROL_WORDS);
  readonly #resetV8: () => void;

  constructor(inits: readonly Omit<WorkerInit, 'recorderMemory' | 'control'>[]) {
    const hasPackets = inits.some(({ engine }) => engineHas(engine, 'hasOwnConnections'));
    this.#resetV8 = hasPackets ? configureForPackets() : configureCollector();
    this.#members = inits.map((init) => this.#spawn(init));
  }

  #spawn(init: Omit<WorkerInit, 'recorderMemory' | 'control'>): Member {
    const recorderMemory = createRecorderMemory(LOAD_BANK);
    const workerData: WorkerInit = { ...init, recorderMemory, control: this.#control };
    const member: Member = {
      thread: new ThreadHost({
        url: WORKER_URL,
        workerData,
        name: `worker ${init.worker}`,
        onMessage: (message) => {
          if (message.type === 'ready') member.threadId = message.threadId;
          if (message.type === 'done') {
            member.gc = message.gc;
            member.endedNs = message.endedNs;
          }
          if (message.type === 'left') member.memory = message.memory;
          member.settle();
        },
        onFailure: (failure) => {
          member.failure = { worker: init.worker, diedNs: monotonicNs(), ...failure };
          openStages(new Int32Array(this.#control));
          member.settle();
        },
      }),
      reader: new RecorderReader(recorderMemory, LOAD_BANK),
      settle: () => undefined,
      threadId: null,
      gc: undefined,
      endedNs: -Infinity,
      failure: undefined,
      memory: [],
    };
    return member;
  }

  get size(): number {
    return this.#members.length;
  }

  get failures(): readonly WorkerFailure[] {
    return this.#members.flatMap((member) => member.failure ?? []);
  }

  /** The kernel's numbers of the threads, by worker, once they are ready; null where they cannot be had. */
  get threadIds(): readonly (number | null)[] {
    return this.#members.map((member) => member.threadId);
  }

  /** What garbage collection took of each in the last round; undefined of one that died. */
  get gc(): readonly (GcUse | undefined)[] {
    return this.#members.map((member) => member.gc);
  }

  /** When the last exchange of the last round had ended, on the run's clock; -Infinity where no worker lived to tell. */
  get endedNs(): number {
    return Math.max(...this.#members.map((member) => member.endedNs));
  }

  /** The readers of the workers' figures, by worker. */
  get readers(): readonly RecorderReader[] {
    return this.#members.map((member) => member.reader);
  }

  /** Resolves when every worker can start a round. Rejects with the reason of the first that cannot. */
  async ready(): Promise<void> {
    await this.#settled();
    const failure = this.failures[0];
    if (failure !== undefined) throw new RunError(failure.code, failure.message, failure.hint);
  }

  /**
   * Has all workers that live do what would disturb a round, such as collecting garbage; resolves when each has, or died. Before the
   * base of the round is set: it takes as long as it takes, and nothing of it is measured.
   */
  async prepare(): Promise<void> {
    await this.#ask({ type: 'prepare' });
  }

  /** Runs one round on all workers that live; resolves when each has ended it, or died. */
  async round(order: RoundOrder): Promise<void> {
    const control = new Int32Array(this.#control);
    resetStages(control);
    shiftRound(control, 0);
    for (const member of this.#members) {
      member.gc = undefined;
      member.endedNs = -Infinity;
    }
    await this.#ask({ type: 'round', ...order });
  }

  async #ask(message: ToWorker): Promise<void> {
    const settled = this.#settled();
    for (const { failure, thread } of this.#members) if (failure === undefined) thread.post(message);
    await settled;
  }

  async #settled(): Promise<void> {
    const living = this.#members.filter((member) => member.failure === undefined);
    await Promise.all(
      living.map(async (member) => {
        await new Promise<void>((resolve) => (member.settle = resolve));
      }),
    );
  }

  /** Shifts the due times of the round under way by `shiftNs` since its begin. */
  shift(shiftNs: number): void {
    shiftRound(new Int32Array(this.#control), shiftNs);
  }

  /** Has the workers start nothing from `untilNs` on, on the run's clock. */
  lease(untilNs: number): void {
    leaseStarts(new Int32Array(this.#control), untilNs);
  }

  /** How many stages of the round all workers are done with. */
  get stagesEnded(): number {
    return stagesEnded(new Int32Array(this.#control), this.size);
  }

  /** Lets the stage after `stage` begin, at `beginNs` on the run's clock, where the stages are led. */
  beginStage(stage: number, beginNs: number): void {
    beginStage(new Int32Array(this.#control), stage, beginNs);
  }

  /** The round ends as soon as what is in flight has ended. Stays in force. */
  stop(): void {
    Atomics.store(new Int32Array(this.#control), STOP, 1);
  }

  /** Ends the workers where they are, also in the midst of a round; what they have counted stands. */
  abandon(): void {
    for (const { thread } of this.#members) void thread.terminate();
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ thread }) => thread.close({ type: 'exit' })));
    // The threads are joined: what they had asked of the kernel is over (io_uring_cancel_generic in do_exit waits for it).
    const memory = this.#members.flatMap((member) => member.memory);
    for (const { address, size } of memory) loadLibc().munmap(address, size);
    this.#resetV8();
  }
}
