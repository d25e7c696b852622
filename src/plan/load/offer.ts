/** What a run offers, round by round: `--rate`, `--ramp` and `--steps`. */
import {
  isExplicit,
  ORIGINS,
  accept,
  problemOf,
  refuse,
  type Given,
  type Parsed,
  type Problem,
} from '../../units/problem.ts';
import type { Ramp, RoundRate } from '../plan.ts';
import type { Rate } from '../../units/quantity.ts';
import {
  NS_PER_DAY,
  NS_PER_MS,
  NS_PER_SEC,
  RATE_DECIMALS,
  RATE_RESOLUTION_PER_SEC,
  durationParser,
  formatRate,
  parseNumericRate,
} from '../../units/quantity.ts';

/** One round in which the rate changes. */
export interface RampSpec extends Ramp {
  readonly durationNs: number;
}

/** Rounds of the same length at rising rates. */
export interface StepsSpec {
  readonly ratesPerSec: readonly number[];
  readonly durationNs: number;
}

const EXPECTED_RAMP = 'FROM..TO/TIME, such as 100..5k/30s';
const EXPECTED_STEPS = 'FROM..TO*FACTOR/TIME or FROM..TO+N/TIME, such as 50..5k*1.25/5s or 1k..5k+500/5s';
const STEPS_MAX = 1000;

const ROUND_MAX_NS = 30 * NS_PER_DAY;

const parseRoundDuration = durationParser({ min: NS_PER_MS, max: ROUND_MAX_NS });

/** `100..5k/30s`: from 100/s to 5000/s in 30 s; falling ramps too, and one end may be 0. */
export function parseRamp(text: string): Parsed<RampSpec> {
  // The text after the last slash is the time, because a rate may have one of its own (5k/s).
  const parts = partsOf(text);
  if (parts === null) return refuse(EXPECTED_RAMP);
  const { fromText, toText, durationText } = parts;
  const from = parseEnd(fromText);
  const to = parseEnd(toText);
  const duration = parseRoundDuration(durationText);
  if (!from.ok) return refuse(`${from.expected} as FROM of ${EXPECTED_RAMP}`);
  if (!to.ok) return refuse(`${to.expected} as TO of ${EXPECTED_RAMP}`);
  if (!duration.ok) return refuse(`${duration.expected} as TIME of ${EXPECTED_RAMP}`);
  if (from.value === to.value) return refuse('two different rates; for a constant one there are --rate and --duration');
  return accept({ fromPerSec: from.value, toPerSec: to.value, durationNs: duration.value });
}

/**
 * `FROM..TO/TIME` apart: searched for, not matched, because a pattern with two open ends takes quadratic time. Null where a part is
 * missing. The first `..` counts.
 */
function partsOf(text: string): { fromText: string; toText: string; durationText: string } | null {
  const trimmed = text.trim();
  const dots = trimmed.indexOf('..', 1);
  const slash = trimmed.lastIndexOf('/');
  if (dots === -1 || slash <= dots + 2 || slash === trimmed.length - 1) return null;
  return {
    fromText: trimmed.slice(0, dots),
    toText: trimmed.slice(dots + 2, slash),
    durationText: trimmed.slice(slash + 1),
  };
}

/** The end of a ramp may be no load at all. */
function parseEnd(text: string): Parsed<number> {
  return /^0(?:\.0*)?(?:\/[smh])?$/.test(text.trim()) ? accept(0) : parseNumericRate(text);
}

/** `50..5k*1.25/5s`: 50/s, 62.5/s … each for 5 s; `1k..5k+500/5s`: 1000/s, 1500/s … The last step is TO itself. */
export function parseSteps(text: string): Parsed<StepsSpec> {
  const parts = partsOf(text);
  const signAt = parts?.toText.search(/[*+]/) ?? -1;
  if (parts === null || signAt < 1) return refuse(EXPECTED_STEPS);
  const { fromText, durationText } = parts;
  const toText = parts.toText.slice(0, signAt);
  const sign = parts.toText.charAt(signAt);
  const byText = parts.toText.slice(signAt + 1);
  const from = parseNumericRate(fromText);
  const to = parseNumericRate(toText);
  const duration = parseRoundDuration(durationText);
  if (!from.ok) return refuse(`${from.expected} as FROM of ${EXPECTED_STEPS}`);
  if (!to.ok) return refuse(`${to.expected} as TO of ${EXPECTED_STEPS}`);
  if (!duration.ok) return refuse(`${duration.expected} as TIME of ${EXPECTED_STEPS}`);
  if (to.value <= from.value) return refuse('a TO above FROM');
  const by = sign === '*' ? parseFactor(byText) : parseNumericRate(byText);
  if (!by.ok) return refuse(`${by.expected} after ${sign}`);
  const steps = stepsBetween(
    from.value,
    to.value,
    sign === '*' ? byFactor(from.value, by.value) : bySum(from.value, by.value),
  );
  return steps.ok ? accept({ ratesPerSec: steps.value, durationNs: duration.value }) : steps;
}

function byFactor(from: number, factor: number): (index: number) => number {
  return (index) => {
    const rate = from * factor ** index;
    return roundSteppedRate(rate, rate - rate / factor);
  };
}

/** Exact: rates are whole numbers of their resolution. */
function bySum(from: number, plus: number): (index: number) => number {
  const scale = 10 ** RATE_DECIMALS;
  return (index) => (Math.round(from * scale) + Math.round(plus * scale) * index) / scale;
}

/** How much faster each step is: more than 1, at most 100. */
export function parseFactor(text: string): Parsed<number> {
  const factor = /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN;
  return factor > 1 && factor <= 100 ? accept(factor) : refuse('a factor above 1, such as 1.25');
}

/** The rates from `from` up to `to`, both included, each reached from its index so that rounding does not add up; or what was expected. */
function stepsBetween(from: number, to: number, rateAt: (index: number) => number): Parsed<number[]> {
  const steps: number[] = [];
  let rate = from;
  while (rate < to) {
    if (steps.length === STEPS_MAX - 1) return refuse(`at most ${String(STEPS_MAX)} steps`);
    steps.push(rate);
    const next = rateAt(steps.length);
    if (next <= rate) return refuse(`steps that are at least ${String(RATE_RESOLUTION_PER_SEC)}/s apart`);
    rate = next;
  }
  return accept([...steps, to]);
}

/** A hundredth is all that reports show of a rate. */
const DECIMALS = 2;
/** Rounding moves a rate by less than this share of the distance to its neighbour. */
const STEP_SHARE = 0.01;

/**
 * A rate `stepPerSec` away from its neighbour, rounded so that reports can name it exactly: to a hundredth, or as much finer as the
 * distance demands, down to the resolution of rates.
 */
export function roundSteppedRate(ratePerSec: number, stepPerSec: number): number {
  const needed = -Math.floor(Math.log10(stepPerSec * STEP_SHARE));
  const scale = 10 ** Math.min(RATE_DECIMALS, Math.max(DECIMALS, needed));
  return Math.round(ratePerSec * scale) / scale;
}

/** The options that say what to offer. */
export interface OfferInput {
  readonly rate: readonly Given<Rate>[];
  readonly ramp?: Given<RampSpec> | undefined;
  readonly steps?: Given<StepsSpec> | undefined;
  readonly duration: Given<number>;
  readonly count?: Given<number> | undefined;
}

/** The most attempts of a round that are asked for by number. */
export const COUNT_MAX = 1_000_000_000;

export interface Offer {
  readonly rates: readonly RoundRate[];
  readonly durationNs: number;
  /** Attempts of each round, instead of `durationNs`; null where the time says when a round ends. */
  readonly count: number | null;
}

/** One of `--rate`, `--ramp`, `--steps` counts: the one from the strongest place, where only one of them may be. */
export function planOffer(input: OfferInput, problems: Problem[]): Offer {
  const { ramp, steps, duration, count } = input;
  const rates = input.rate.map((given) => given.value);
  const constant: Offer = { rates, durationNs: duration.value, count: count?.value ?? null };
  const others = [
    ...(ramp === undefined ? [] : [{ given: ramp, offer: rampOffer(ramp.value) }]),
    ...(steps === undefined ? [] : [{ given: steps, offer: stepsOffer(steps.value) }]),
  ];
  const all = [...input.rate.slice(0, 1).map((given) => ({ given, offer: constant })), ...others];
  const strength = ({ given }: { given: Given<unknown> }): number => ORIGINS.indexOf(given.origin);
  const top = Math.max(...all.map(strength));
  const [chosen, ...surplus] = all.filter((each) => strength(each) === top).reverse();
  if (chosen === undefined) return constant;
  for (const { given } of surplus) {
    problems.push(problemOf(given, `to be left out beside ${chosen.given.label} ${chosen.given.text}`));
  }
  if (chosen.offer === constant) checkCount(input, problems);
  else {
    for (const given of [duration, count]) {
      if (given === undefined || !isExplicit(given) || strength({ given }) < top) continue;
      problems.push(problemOf(given, `to be left out beside ${chosen.given.label}, which has its own time`));
    }
  }
  return chosen.offer;
}

function checkCount({ count, duration, rate }: OfferInput, problems: Problem[]): void {
  if (count === undefined) return;
  if (isExplicit(duration)) {
    problems.push(
      problemOf(count, `to be left out beside ${duration.label} ${duration.text}: one of them ends a round`),
    );
  }
  const slowest = Math.min(...rate.map(({ value }) => (value === 'max' ? Infinity : value)));
  const most = Math.floor((slowest * ROUND_MAX_NS) / NS_PER_SEC);
  if (count.value > most) {
    problems.push(problemOf(count, `at most ${String(most)} at ${formatRate(slowest)}, which take 30 days`));
  }
}

/** What goes on beside the load, and not with every kind of it. */
interface BesideOffer {
  readonly 'ramp-up': Given<number>;
  readonly 'ramp-down': Given<number>;
  readonly probe?: Given<number> | undefined;
  readonly count?: Given<number> | undefined;
}

/** Refuses ramps before and after a rate that is not constant, and a probe beside a round of unknown length. */
export function checkBesideOffer(input: BesideOffer, rates: readonly RoundRate[], problems: Problem[]): void {
  const { probe, count } = input;
  if (rates.some((rate) => typeof rate !== 'number')) {
    for (const given of [input['ramp-up'], input['ramp-down']]) {
      if (given.value > 0) problems.push(problemOf(given, 'to be left out beside --ramp and --rate max'));
    }
  }
  if (probe !== undefined && count !== undefined && rates.includes('max')) {
    problems.push(problemOf(probe, `--duration instead of ${count.label}, or a --rate that is a number, beside it`));
  }
}

/** How long a round is: as long as `--duration`, or as its attempts take. With `--rate max` that is a bound, far away. */
export function roundDurationNs({ count, durationNs }: Pick<Offer, 'count' | 'durationNs'>, rate: RoundRate): number {
  if (count === null) return durationNs;
  const perSec = meanPerSec(rate);
  return perSec === null ? ROUND_MAX_NS : (count * NS_PER_SEC) / perSec;
}

function rampOffer({ fromPerSec, toPerSec, durationNs }: RampSpec): Offer {
  return { rates: [{ fromPerSec, toPerSec }], durationNs, count: null };
}

function stepsOffer({ ratesPerSec, durationNs }: StepsSpec): Offer {
  return { rates: ratesPerSec, durationNs, count: null };
}

/** The highest rate of a round; null for `max`. */
export function peakPerSec(rate: RoundRate): number | null {
  if (rate === 'max') return null;
  return typeof rate === 'number' ? rate : Math.max(rate.fromPerSec, rate.toPerSec);
}

/** What a round offers on average; null for `max`. */
export function meanPerSec(rate: RoundRate): number | null {
  if (rate === 'max') return null;
  return typeof rate === 'number' ? rate : (rate.fromPerSec + rate.toPerSec) / 2;
}
