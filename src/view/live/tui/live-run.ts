/** What the live view knows of a run at a moment: plain data that events make. */
import type { SaturateStepResult, TrialResult } from '../../../document/limit.ts';
import type { CellResult } from '../../../document/lab.ts';
import type { WorkerResult } from '../../../document/client.ts';
import type { Verdict } from '../../../document/common.ts';
import { evaluateCriterion, type Criterion } from '../../../judge/criterion.ts';
import type { Estimate, Health, RoundEnded, RoundStarted, RunEvent, SecondEvent } from '../../../run/events.ts';
import type { LivePlan } from './plan.ts';
import { summariesOf, WholeRound, type Summaries } from './whole.ts';

/** The seconds that charts show at most. */
export const HISTORY_SEC = 60;
/** The rest of a round after its last whole second is no column of a chart if it is shorter than this. */
const SHORTEST_SHOWN_SEC = 0.1;

/** One second of a chart. */
export interface Point {
  readonly startedPerSec: number;
  readonly completedPerSec: number;
  readonly failedPerSec: number;
  /** Connections whose ports rest from then on. */
  readonly released: number;
}

/** A threshold as things stand. `none`: nothing was measured yet. */
export interface ThresholdState {
  readonly criterion: Criterion;
  readonly value: number | null;
  readonly status: 'ok' | 'fails' | 'none';
}

export interface TrialState {
  readonly trial: number;
  readonly result: TrialResult;
  readonly reason: string | null;
}

export interface StepState {
  readonly trial: number;
  readonly result: SaturateStepResult;
  readonly note: string;
}

/** What garbage collection took of the pacing threads in the last round. */
export interface Collector {
  readonly pauses: number;
  readonly longestUsec: number;
}

export class LiveRun {
  readonly plan: LivePlan;
  target: string;
  engine: string | null = null;
  /** How many rounds there are to be; null where trials decide. */
  rounds: number | null = null;
  /** The round, trial or step that runs; null before the first and between them. */
  place: { readonly round: number; readonly trial: number | null } | null = null;
  isWarmup = false;
  isEnded = false;
  /** Whether a signal or a key has ended the run. */
  isInterrupted = false;
  whole = new WholeRound(null);
  /** The last second; null before the first of a round. */
  last: SecondEvent['counts'] | null = null;
  lastLatency: Summaries = {};
  readonly history: Point[] = [];
  health: Health | null = null;
  collector: Collector | null = null;
  /** Of the last round that ended; null before there is one. */
  verdict: Verdict | null = null;
  readonly trials: TrialState[] = [];
  readonly steps: StepState[] = [];
  readonly cells: CellResult[] = [];
  /** The cell that is measured. */
  cell: { readonly name: string; readonly sinceSec: number } | null = null;
  estimate: (Estimate & { readonly atSec: number }) | null = null;
  /** When the round began, or its warm-up. */
  #roundAtSec = 0;
  readonly #nowSec: () => number;

  constructor(plan: LivePlan, nowSec: () => number = () => performance.now() / 1000) {
    this.plan = plan;
    this.target = plan.target;
    this.#nowSec = nowSec;
  }

  on(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.target = event.target;
        this.engine = event.engine;
        this.rounds = event.rounds;
        return;
      case 'round-started':
        this.#startRound(event);
        return;
      case 'second':
        this.#second(event);
        return;
      case 'health':
        this.#machine(event);
        return;
      case 'round-ended':
        this.#endRound(event);
        return;
      case 'trial-ended':
        this.trials.push(event);
        return;
      case 'step-ended':
        this.steps.push(event);
        return;
      case 'cell-started':
        this.cell = { name: event.cell, sinceSec: this.#nowSec() };
        return;
      case 'cell-ended':
        this.cell = null;
        this.cells.push(event.result);
        return;
      case 'estimate':
        this.estimate = { ...event, atSec: this.#nowSec() };
        return;
      case 'run-ended':
        this.isEnded = true;
        this.isInterrupted = 'interrupted' in event.result && event.result.interrupted;
        this.place = null;
        return;
      default:
        return;
    }
  }

  #startRound({ round, trial, offeredRatePerSec }: RoundStarted): void {
    this.place = { round, trial: trial ?? null };
    this.whole = new WholeRound(offeredRatePerSec);
    this.isWarmup = this.plan.warmupSec > 0;
    this.last = null;
    this.lastLatency = {};
    this.health = null;
    this.#roundAtSec = this.#nowSec();
  }

  #second(event: SecondEvent): void {
    const { counts, latency, warmup } = event;
    if (this.isWarmup !== warmup) {
      this.isWarmup = warmup;
      this.whole = new WholeRound(this.whole.offeredPerSec);
    }
    this.whole.add(event);
    if (counts.length_sec < SHORTEST_SHOWN_SEC) return;
    this.last = counts;
    this.lastLatency = summariesOf(latency);
    this.history.push(pointOf(event));
    if (this.history.length > HISTORY_SEC) this.history.shift();
  }

  #machine(event: Health): void {
    this.health = event;
    this.whole.addKernel(event.added);
    this.whole.cpuUsec += event.cpuUsec;
    this.whole.cpuStarted = this.whole.started;
  }

  #endRound({ result }: RoundEnded): void {
    this.place = null;
    this.verdict = result.verdict;
    if ('workers' in result) this.collector = collectorOf(result.workers);
  }

  /** Seconds since the round, its warm-up included, or the cell began. */
  get elapsedSec(): number {
    return this.#nowSec() - (this.cell?.sinceSec ?? this.#roundAtSec);
  }

  /** Seconds until the expected end of the run; null where it cannot be told. */
  get leftSec(): number | null {
    if (this.estimate === null) return null;
    return Math.max(0, this.estimate.leftSec - (this.#nowSec() - this.estimate.atSec));
  }

  /** The thresholds, held against the round so far. */
  get thresholds(): ThresholdState[] {
    const round = this.whole.forCriteria();
    return this.plan.thresholds.map((criterion) => {
      const { value, met } = evaluateCriterion(criterion, round);
      const isMeasured = value !== null && this.whole.seconds > 0 && !this.isWarmup;
      return { criterion, value, status: !isMeasured ? 'none' : met ? 'fails' : 'ok' };
    });
  }

  /** Source ports that are free by what this run has used; null where that is unknown. */
  get freePorts(): number | null {
    const { ports } = this.plan;
    if (ports === null || this.last === null) return null;
    const resting = this.history.slice(-Math.ceil(ports.restSec)).reduce((sum, { released }) => sum + released, 0);
    return Math.max(0, ports.total - this.last.in_flight - (ports.restSec > 0 ? resting : 0));
  }
}

function pointOf({ of, counts }: SecondEvent): Point {
  const perSec = (count: number): number => count / counts.length_sec;
  if (of === 'pings') {
    return {
      startedPerSec: perSec(counts.sent),
      completedPerSec: perSec(counts.received),
      failedPerSec: perSec(counts.lost),
      released: 0,
    };
  }
  return {
    startedPerSec: perSec(counts.started),
    completedPerSec: perSec(counts.ok),
    failedPerSec: perSec(counts.failed),
    released: counts.ok,
  };
}

/** Null where no thread told. */
function collectorOf(workers: readonly WorkerResult[]): Collector | null {
  const told = workers.filter(({ gc_pauses: pauses }) => pauses !== undefined);
  if (told.length === 0) return null;
  return {
    pauses: told.reduce((sum, { gc_pauses: pauses = 0 }) => sum + pauses, 0),
    longestUsec: told.reduce((longest, { gc_longest_usec: usec = 0 }) => Math.max(longest, usec), 0),
  };
}
