import type { ResponseBodies } from '../../src/client/body/response-bodies.ts';
import { AttemptTable } from '../../src/client/attempts.ts';
import { exchangeOf } from '../../src/client/exchange.ts';
import { Generator } from '../../src/client/generator.ts';
import { Pacer } from '../../src/schedule/pacer.ts';
import { SourcePortAllocator } from '../../src/client/source-ports.ts';
import { CONTROL_WORDS, Stages } from '../../src/client/stages.ts';
import { createRecorderMemory } from '../../src/count/bank.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import type { ClockName, IntervalResult } from '../../src/document/client.ts';
import type { LatencySummary } from '../../src/document/common.ts';
import { LoadRound, LOAD_BANK } from '../../src/count/load.ts';
import type { LoadTally } from '../../src/count/load.ts';
import type { Finish } from '../../src/plan/exchange/finish.ts';
import type { Share } from '../../src/plan/fleet/share.ts';
import { ConstantRate } from '../../src/schedule/schedule.ts';
import { Turns } from '../../src/schedule/turns.ts';
import { FakeClientEngine } from '../support/fake-engine.ts';
import { ManualClock } from '../support/manual-clock.ts';

export const MS = 1e6;
export const SEC = 1e9;
/** Not 0, so that a time that was not taken from the base shows. */
export const BASE_NS = 100 * SEC;
/** A step that asks to be called again at once, this often without time going on, is in a loop. */
const SPINS = 2000;

export interface BenchOptions {
  /** Null is closed loop. */
  readonly ratePerSec?: number | null;
  readonly durationNs?: number;
  readonly warmupNs?: number;
  readonly worker?: number;
  readonly workers?: number;
  readonly share?: Share;
  readonly batchNs?: number;
  readonly maxLagNs?: number;
  readonly capacity?: number;
  readonly finish?: Finish;
  readonly payloadBytes?: number;
  readonly close?: 'fin' | 'rst';
  readonly holdNs?: number;
  readonly timeoutNs?: number;
  readonly firstByteTimeoutNs?: number;
  readonly bodies?: ResponseBodies;
  /** The ports that each source has; without them the kernel chooses. */
  readonly ports?: readonly number[];
  readonly sources?: number;
  readonly reuseDelayNs?: number;
  /** How long before the base the clock begins. */
  readonly leadNs?: number;
  readonly tickNs?: number;
  /** The engine reads the clock before it reports: see `ClientEngine.timesEvents`. */
  readonly timesEvents?: true;
  /** In stages: exchanges begun a second. */
  readonly exchangePerSec?: number;
}

export interface HandOver {
  readonly atNs: number;
  /** The phase that begins. */
  readonly warmup: boolean;
  /** The worker waits until the bank has come back. */
  readonly waits: boolean;
}

/** A recorder that notes when intervals are handed over. */
class NotingRecorder extends Recorder {
  readonly handOvers: HandOver[] = [];

  override handOver(nowNs: number, inFlight: number, held: number, warmup: boolean): void {
    this.handOvers.push({ atNs: nowNs - BASE_NS, warmup, waits: false });
    super.handOver(nowNs, inFlight, held, warmup);
  }

  override handOverAndWait(nowNs: number, inFlight: number, held: number, warmup: boolean): void {
    this.handOvers.push({ atNs: nowNs - BASE_NS, warmup, waits: true });
    super.handOverAndWait(nowNs, inFlight, held, warmup);
  }
}

/** One worker's round on a fake engine and a manual clock, merged as the main thread does it. */
export class RoundBench {
  readonly clock: ManualClock;
  readonly engine: FakeClientEngine;
  readonly attempts: AttemptTable;
  readonly control = new Int32Array(CONTROL_WORDS);
  /** What the live view was told. */
  readonly told: { readonly interval: IntervalResult; readonly warmup: boolean }[] = [];
  generator!: Generator;
  pacer!: Pacer;
  merger!: LoadRound;
  /** `step` of the generator has returned false. */
  hasEnded = false;
  /** Called after each step: the peer's part. */
  peer: (() => void) | undefined;
  readonly #options: BenchOptions;
  readonly #recorder: NotingRecorder;
  readonly #reader: RecorderReader;
  readonly #ports: SourcePortAllocator | undefined;

  constructor(options: BenchOptions = {}) {
    const { ports, sources = ports === undefined ? 0 : 1, capacity = 100 } = options;
    this.#options = { ...options, sources };
    this.clock = new ManualClock(BASE_NS - (options.leadNs ?? 0), options.tickNs ?? 0);
    this.engine = new FakeClientEngine(capacity, this.clock);
    this.attempts = new AttemptTable(capacity);
    const memory = createRecorderMemory(LOAD_BANK);
    this.#recorder = new NotingRecorder(memory, this.clock, LOAD_BANK);
    this.#reader = new RecorderReader(memory, LOAD_BANK);
    if (ports !== undefined)
      this.#ports = new SourcePortAllocator({
        sources,
        ports: Uint16Array.from(ports),
        offset: 0,
        clock: this.clock,
        restNs: options.reuseDelayNs ?? SEC,
      });
    this.begin(BASE_NS);
  }

  /** A round with the options of the bench, as the worker makes it. */
  begin(baseNs: number): void {
    const options = this.#options;
    const { finish = { kind: 'half-close' }, payloadBytes = 0, ratePerSec = 1000 } = options;
    this.pacer = new Pacer({
      schedule: ratePerSec === null ? null : new ConstantRate(ratePerSec),
      turns: new Turns({ worker: options.worker ?? 0, workers: options.workers ?? 1, ...options.share }),
      baseNs,
      warmupNs: options.warmupNs ?? 0,
      durationNs: options.durationNs ?? SEC,
      batchNs: options.batchNs ?? 0,
      maxLagNs: options.maxLagNs ?? Infinity,
    });
    this.merger = new LoadRound(1, this.pacer.measureNs, (interval, warmup) => this.told.push({ interval, warmup }));
    this.hasEnded = false;
    this.generator = new Generator({
      engine:
        options.timesEvents === undefined ? this.engine : Object.assign(this.engine, { timesEvents: true as const }),
      clock: this.clock,
      recorder: this.#recorder,
      attempts: this.attempts,
      pacer: this.pacer,
      ports: this.#ports,
      sources: options.sources ?? 0,
      exchange: exchangeOf(finish, payloadBytes),
      halfClose: finish.kind === 'half-close',
      plan: {
        close: options.close ?? 'fin',
        holdNs: options.holdNs ?? 0,
        timeoutNs: options.timeoutNs ?? 5 * SEC,
      },
      firstByteTimeoutNs: options.firstByteTimeoutNs ?? Infinity,
      bodies: options.bodies,
      control: this.control,
      stages: this.#stages(),
    });
    this.engine.run(this.generator);
  }

  #stages(): Stages | undefined {
    const { exchangePerSec: ratePerSec, worker = 0, workers = 1, holdNs = 0 } = this.#options;
    return ratePerSec === undefined
      ? undefined
      : new Stages({ control: this.control, worker, workers, ratePerSec, holdNs });
  }

  /** One step, then the peer's part. Returns the deadline of the step. */
  step(): number {
    const goesOn = this.generator.step();
    this.#reader.drain((bank) => this.merger.add(bank));
    if (!goesOn) {
      this.hasEnded = true;
      this.merger.finish();
    }
    this.peer?.();
    return this.generator.deadlineNs;
  }

  /**
   * Steps when the generator asks for it and after each event, up to and including `atNs` after the base, or to the end of
   * the round.
   */
  runTo(atNs: number): void {
    const untilNs = BASE_NS + atNs;
    for (let spins = 0; spins < SPINS; spins++) {
      const { eventCount } = this.engine;
      const deadlineNs = this.step();
      if (this.hasEnded) return;
      if (deadlineNs <= this.clock.atNs || this.engine.eventCount > eventCount) continue;
      if (this.clock.atNs >= untilNs) return;
      spins = 0;
      this.clock.advanceTo(Math.min(deadlineNs, untilNs));
    }
    throw new Error(`the generator spins at ${this.clock.atNs - BASE_NS} ns after the base`);
  }

  /** Runs until the round has ended. */
  runOut(): void {
    this.runTo(1000 * SEC);
    if (!this.hasEnded) throw new Error('the round does not end');
  }

  /** Moves the clock to this time after the base without a step: what an engine that was busy does. */
  jumpTo(atNs: number): void {
    this.clock.advanceTo(BASE_NS + atNs);
  }

  stop(): void {
    this.control[0] = 1;
  }

  get total(): LoadTally {
    return this.merger.total;
  }

  /** The outcomes that happened. */
  get outcomes(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.total.outcomeCounts()).filter(([, count]) => count > 0));
  }

  latency(clock: ClockName): LatencySummary {
    return this.total.latencySummaries()[clock];
  }

  get handOvers(): readonly HandOver[] {
    return this.#recorder.handOvers;
  }

  /** How often each clock ran. */
  get latencyCounts(): Record<ClockName, number> {
    const summaries = Object.entries(this.total.latencySummaries()).map(([name, { count }]) => [name, count] as const);
    return Object.fromEntries(summaries) as Record<ClockName, number>;
  }

  get counts(): { scheduled: number; started: number; missed: number; established: number } {
    const { scheduled, started, missed, established } = this.total;
    return { scheduled, started, missed, established };
  }

  /** The times of all opens after the base, in ns. */
  get openTimesNs(): number[] {
    return this.engine.opens.map(({ atNs }) => atNs - BASE_NS);
  }
}

/** A bench whose round has one attempt, started at the base and opened on `slot`. */
export function benchOfOne(options: BenchOptions = {}): {
  bench: RoundBench;
  engine: FakeClientEngine;
  slot: number;
} {
  const bench = new RoundBench({ durationNs: MS, ...options });
  bench.step();
  const [open] = bench.engine.opens;
  if (open === undefined) throw new Error('nothing was opened');
  return { bench, engine: bench.engine, slot: open.slot };
}
