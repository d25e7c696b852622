/** What the live view knows of a run at a moment: plain data that events make. */
import type { SaturateStepResult, TrialResult } from '../../../document/limit.ts';
import type { CellResult } from '../../../document/lab.ts';
import type { WorkerResult } from '../../../document/client.ts';
import type { Verdict } from '../../../document/common.ts';
import { evaluateCriterion, type Criterion } from '../../../judge/criterion.ts';
import type {
  Estimate,
  Health,
  RoundEnded,
  RoundStarted,
  RunEvent,
  SecondEvent,
  ThreadUse,
} from '../../../run/events.ts';
import { LiveAgents } from '../live-agents.ts';
import { SHORTEST_RATE_SEC } from '../second-lines.ts';
import type { LivePlan } from './plan.ts';
import { summariesOf, WholeRound, type Summaries } from './whole.ts';

/** The seconds that charts show at most. */
export const HISTORY_SEC = 60;

/** One second of a chart. */
export interface Point {
  readonly startedPerSec: number;
  readonly completedPerSec: number;
  readonly failedPerSec: number;
  /** Connections whose ports rest from then on. */
  readonly released: number;
}

/** A threshold, held against what was measured so far. `none`: nothing was measured yet. */
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

/** A round, trial or step. */
interface Place {
  readonly round: number;
  readonly trial: number | null;
  /** The mean of a ramp; null for `max`. */
  readonly offeredPerSec: number | null;
}

/**
 * The state of a run. The figures of a round stay until the first second of the next is over: rounds of a second would show nothing
 * otherwise.
 */
export class LiveRun {
  readonly plan: LivePlan;
  target: string;
  engine: string | null = null;
  /** How many rounds there are to be; null where trials decide. */
  rounds: number | null = null;
  /** The round, trial or step that runs; null before the first and between them. */
  place: Place | null = null;
  isWarmup = false;
  /** What the figures are of, `whole` to `threads`. */
  figuresOf: Place | null = null;
  isOfWarmup = false;
  isEnded = false;
  /** Whether a signal or a key has ended the run. */
  isInterrupted = false;
  whole = new WholeRound(null);
  /** The last second; null before the first of a round. */
  last: SecondEvent['counts'] | null = null;
  lastPoint: Point | null = null;
  lastLatency: Summaries = {};
  readonly history: Point[] = [];
  health: Health | null = null;
  /** Of the last second; of the whole round where it was too short for a reading. */
  threads: readonly ThreadUse[] = [];
  /** Connections that were open when the last second, or part of one, ended. */
  inFlight: number | null = null;
  collector: Collector | null = null;
  /** Of the last round that ended; null before there is one. */
  verdict: Verdict | null = null;
  readonly trials: TrialState[] = [];
  readonly steps: StepState[] = [];
  readonly cells: CellResult[] = [];
  /** The agents of a fleet; none where this machine measures. */
  readonly agents = new LiveAgents();
  /** The cell that is measured. */
  cell: { readonly name: string; readonly sinceSec: number } | null = null;
  estimate: (Estimate & { readonly atSec: number }) | null = null;
  /** When the round began, or its warm-up. */
  #roundAtSec = 0;
  /** Readings of a round whose first second is not over. */
  #early: Health[] = [];
  /** Connections that ended in parts of seconds that are no point. */
  #released = 0;
  readonly #nowSec: () => number;

  /** Whether agents measure. */
  get isFleet(): boolean {
    return this.agents.count > 0;
  }

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
      case 'agent':
        this.agents.on(event);
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
    this.place = { round, trial: trial ?? null, offeredPerSec: offeredRatePerSec };
    this.isWarmup = this.plan.warmupSec > 0;
    this.#early = [];
    this.#roundAtSec = this.#nowSec();
    if (this.figuresOf === null) this.#beginFigures(this.isWarmup);
  }

  /** The figures are from now on those of the round that runs. */
  #beginFigures(isWarmup: boolean): void {
    this.isOfWarmup = isWarmup;
    this.whole = new WholeRound(this.place?.offeredPerSec ?? null);
    if (this.figuresOf === this.place) return;
    this.figuresOf = this.place;
    this.last = null;
    this.lastPoint = null;
    this.lastLatency = {};
    this.health = null;
    this.threads = [];
  }

  #second(event: SecondEvent): void {
    const { counts, latency, warmup } = event;
    this.isWarmup = warmup;
    if (this.figuresOf !== this.place || this.isOfWarmup !== warmup) this.#beginFigures(warmup);
    this.whole.add(event);
    if (!warmup) for (const reading of this.#early.splice(0)) this.#addHealth(reading);
    this.inFlight = counts.in_flight;
    this.#released += releasedIn(event);
    if (counts.length_sec < SHORTEST_RATE_SEC) return;
    this.last = counts;
    this.lastLatency = summariesOf(latency);
    this.lastPoint = pointOf(event, this.#released);
    this.#released = 0;
    this.history.push(this.lastPoint);
    if (this.history.length > HISTORY_SEC) this.history.shift();
  }

  #machine(event: Health): void {
    const isEarly = this.figuresOf !== this.place || this.isOfWarmup || this.whole.seconds === 0;
    if (isEarly) this.#early.push(event);
    else this.#addHealth(event);
  }

  #addHealth(event: Health): void {
    this.health = event;
    this.threads = event.threads;
    this.whole.addKernel(event.added);
    this.whole.addPacket(event.packet ?? {});
    this.whole.cpuUsec += event.cpuUsec;
    this.whole.cpuStarted = this.whole.started;
  }

  #endRound({ result }: RoundEnded): void {
    this.verdict = result.verdict;
    if ('workers' in result) {
      this.collector = collectorOf(result.workers);
      if (this.health === null && this.figuresOf === this.place) this.threads = result.workers;
    }
    this.place = null;
  }

  /** What a part of the run is called: a trial of a search, a step of a saturation, a round. */
  get noun(): 'round' | 'trial' | 'step' {
    if (this.plan.command === 'search') return 'trial';
    return this.plan.command === 'saturate' ? 'step' : 'round';
  }

  /** `round 3`, `trial 2`, `step 1`: what the figures are of. Empty for a run of one round. */
  get figuresName(): string {
    if (this.figuresOf === null || this.rounds === 1) return '';
    const { round, trial } = this.figuresOf;
    return `${this.noun} ${(trial ?? round) + 1}`;
  }

  /** The rate that was offered in the last second; null for `max`. */
  get offeredPerSec(): number | null {
    const { whole, last, plan, isOfWarmup } = this;
    const isRising = isOfWarmup ? plan.rampUpSec > 0 : plan.ramp !== null;
    if (whole.offeredPerSec === null || !isRising) return whole.offeredPerSec;
    return last === null ? null : last.scheduled / last.length_sec;
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
      const isMeasured = value !== null && this.whole.seconds > 0 && !this.isOfWarmup;
      return { criterion, value, status: !isMeasured ? 'none' : met ? 'fails' : 'ok' };
    });
  }

  /** Source ports that are free by what this run has used; null where that is unknown. */
  get freePorts(): number | null {
    const { ports } = this.plan;
    if (ports === null || this.inFlight === null) return null;
    const resting = this.history.slice(-Math.ceil(ports.restSec)).reduce((sum, { released }) => sum + released, 0);
    return Math.max(0, ports.total - this.inFlight - (ports.restSec > 0 ? resting : 0));
  }
}

function releasedIn({ of, counts }: SecondEvent): number {
  return of === 'pings' ? 0 : counts.ok;
}

function pointOf({ of, counts }: SecondEvent, released: number): Point {
  const perSec = (count: number): number => count / counts.length_sec;
  if (of === 'pings') {
    return {
      startedPerSec: perSec(counts.sent),
      completedPerSec: perSec(counts.received),
      failedPerSec: perSec(counts.lost),
      released,
    };
  }
  return {
    startedPerSec: perSec(counts.started),
    completedPerSec: perSec(counts.ok),
    failedPerSec: perSec(counts.failed),
    released,
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
