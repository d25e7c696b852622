import { RunError } from '../units/run-error.ts';
import { ThreadHost, moduleBeside, type FailedMessage, type ThreadFailure } from '../runtime/thread-host.ts';
import { ROUND_WORDS, STOP, leaseStarts, shiftRound } from '../runtime/round-control.ts';
import { configureForPings } from '../runtime/v8.ts';
import { PING_BANK, PingRound } from '../count/ping.ts';
import type { BusyResult } from '../document/common.ts';
import { createRecorderMemory } from '../count/bank.ts';
import { RecorderReader } from '../count/recorder.ts';
import { BUSY_SKIPPED, BUSY_TICKS, WorkCounters } from '../work/counters.ts';
import { PingSamples } from './ping-samples.ts';
import type { FromWorker, Opened, PingSetup, RoundCommand, ToWorker, WorkerInit } from './worker-protocol.ts';

/** How often finished seconds are fetched from the thread. */
const COLLECT_MS = 100;

const WORKER_URL = moduleBeside(import.meta.url, 'worker');

/** What the thread answers a command with. */
type Answer = FromWorker | FailedMessage;

/** The thread that pings, seen from the main thread. It obeys one command at a time. */
export class PingThread {
  readonly #thread: ThreadHost<ToWorker, FromWorker>;
  readonly #resetV8: () => void;
  readonly #reader: RecorderReader;
  readonly #control = new SharedArrayBuffer(4 * ROUND_WORDS);
  readonly #busyTasks: number;
  readonly #busy: WorkCounters | null;
  readonly #samples: PingSamples | null;
  #settle: (message: Answer) => void = () => undefined;
  readonly #ready: Promise<Answer>;

  /** `baseNs`: the origin of the run's clock. */
  constructor(setup: PingSetup, baseNs: bigint) {
    const recorderMemory = createRecorderMemory(PING_BANK);
    const busyMemory = setup.busyTasks > 0 ? WorkCounters.createMemory() : null;
    const samplesMemory = setup.samples > 0 ? PingSamples.createMemory(setup.samples) : null;
    const control = this.#control;
    const workerData: WorkerInit = { setup, baseNs, recorderMemory, busyMemory, samplesMemory, control };
    this.#busyTasks = setup.busyTasks;
    this.#busy = busyMemory === null ? null : new WorkCounters(busyMemory);
    this.#samples = samplesMemory === null ? null : new PingSamples(samplesMemory);
    this.#reader = new RecorderReader(recorderMemory, PING_BANK);
    this.#ready = this.#answer();
    this.#resetV8 = configureForPings();
    this.#thread = new ThreadHost({
      url: WORKER_URL,
      workerData,
      name: 'the thread',
      onMessage: (message) => this.#settle(message),
      onFailure: (failure) => this.#settle({ type: 'failed', ...failure }),
    });
  }

  get failure(): ThreadFailure | undefined {
    return this.#thread.failure;
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve) => (this.#settle = resolve));
  }

  async #ask(command: ToWorker): Promise<Answer> {
    const { failure } = this.#thread;
    if (failure !== undefined) return { type: 'failed', ...failure };
    const answer = this.#answer();
    this.#thread.post(command);
    return answer;
  }

  /** Resolves when it can ping. Rejects with the reason why it cannot. */
  async ready(): Promise<void> {
    expectSuccess(await this.#ready);
  }

  /** Opens all connections. Rejects where the thread has failed; connections that fail are in the answer. */
  async open(): Promise<Opened> {
    const answer = await this.#ask({ type: 'open' });
    expectSuccess(answer);
    return answer.type === 'opened' ? answer : { established: 0, errnos: new Map() };
  }

  /**
   * Runs a round to its end, or to that of the thread; connections are closed then. What is counted goes to `into` as it comes: a
   * thread waits where its seconds are not fetched.
   */
  async round(command: RoundCommand, into: PingRound): Promise<void> {
    this.shift(0);
    const collect = (): void => this.#reader.drain((bank) => into.add(bank));
    const collector = setInterval(collect, COLLECT_MS);
    try {
      await this.#ask({ type: 'round', ...command });
    } finally {
      clearInterval(collector);
    }
    collect();
  }

  /** Closes the connections that were opened for a round that is not to be. */
  async leave(nowNs: number): Promise<void> {
    const nothing = { rate: 1, depth: 1, baseNs: nowNs, warmupNs: 0, durationNs: 0 };
    await this.round(nothing, new PingRound(nowNs, () => undefined));
  }

  /** What became of the busy tasks in all rounds so far; null without them. */
  get busy(): BusyResult | null {
    if (this.#busy === null) return null;
    return { tasks: this.#busyTasks, ticks: this.#busy.get(BUSY_TICKS), skipped: this.#busy.get(BUSY_SKIPPED) };
  }

  /** The single round trips of the round that ended last, by the run's clock; null where none are kept. */
  get samples(): PingSamples | null {
    return this.#samples;
  }

  /** What a thread that died at `nowNs` had counted last. */
  salvage(round: PingRound, nowNs: number): void {
    this.#reader.drain((bank) => round.add(bank));
    this.#reader.salvage(nowNs, (bank) => round.addLast(bank));
  }

  /** Shifts the due times of the round under way by `shiftNs` since its begin. */
  shift(shiftNs: number): void {
    shiftRound(new Int32Array(this.#control), shiftNs);
  }

  /** Has the thread send nothing from `untilNs` on, on the run's clock. */
  lease(untilNs: number): void {
    leaseStarts(new Int32Array(this.#control), untilNs);
  }

  /** The round ends as soon as what is under way has ended. Stays in force. */
  stop(): void {
    Atomics.store(new Int32Array(this.#control), STOP, 1);
  }

  async close(): Promise<void> {
    await this.#thread.close({ type: 'exit' });
    this.#resetV8();
  }
}

function expectSuccess(answer: Answer): void {
  if (answer.type === 'failed') throw new RunError(answer.code, answer.message, answer.hint);
}
