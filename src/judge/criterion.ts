/**
 * Criteria: what a round must, or must not, be like, as `--fail-if` and the goals of a search have them.
 *
 *     criterion  = metric comparison value
 *     metric     = statistic "(" clock ")" | "rate" "(" rate ")" | counted | "cpu"
 *     statistic  = "p50" | "p75" | "p90" | "p95" | "p99" | "p99.9" | "min" | "mean" | "max"
 *     counted    = "failures" | "loss" | "missed" | "empty" | "held_lost" | the name of an outcome
 *     comparison = "<" | "<=" | ">" | ">="
 *     value      = a duration with its unit | a count | a share with "%" | a rate, as the metric has it
 */
import { accept, type Given, type Parsed, type Problem, problemOf, refuse } from '../units/problem.ts';
import { staysOpen, type Finish } from '../plan/exchange/finish.ts';
import { durationParser, NS_PER_DAY, parseNumericRate } from '../units/quantity.ts';
import { meantMetric } from './criterion-words.ts';
import { type OutcomeName, OUTCOMES } from '../document/outcome.ts';
import { CLOCKS, type CriterionUnit, type RoundResult } from '../document/client.ts';
import type { LatencySummary } from '../document/common.ts';

export type Comparison = '<' | '<=' | '>' | '>=';

type Statistic = Exclude<keyof LatencySummary, 'count'>;

/** A clock of an attempt, or of the connection of `--probe`. */
const TIMED = [...CLOCKS, 'probe'] as const;
type Timed = (typeof TIMED)[number];

const RATES = ['started', 'established', 'completed'] as const;

/**
 * Attempts as criteria count them. `failures`: started and not ok, whoever the owner; the verdict tells. `loss`: the same, in
 * thresholds and in goals. `missed`: due and never started, which is this machine's doing and no loss. `empty`: ended without a byte
 * of answer where a payload was sent, whatever the outcome. `held_lost`: ended by the peer while they were kept open.
 */
const SUMS = ['failures', 'loss', 'missed', 'empty', 'held_lost'] as const;
type Counted = (typeof SUMS)[number] | OutcomeName;

export type Metric =
  | { readonly kind: 'latency'; readonly statistic: Statistic; readonly clock: Timed }
  | { readonly kind: 'rate'; readonly rate: (typeof RATES)[number] }
  | { readonly kind: 'attempts'; readonly counted: Counted }
  /** Processor time a connection. */
  | { readonly kind: 'cpu' };

/** Plain data: it can be sent to a thread and printed as JSON. */
export interface Criterion {
  /** The text that the user wrote. */
  readonly expression: string;
  readonly metric: Metric;
  readonly comparison: Comparison;
  readonly limit: number;
  readonly unit: CriterionUnit;
}

/** What a criterion needs to know of a round. */
export type CriterionRound = Pick<
  RoundResult,
  | 'offered_rate_per_sec'
  | 'duration_sec'
  | 'attempts'
  | 'outcomes'
  | 'empty_responses'
  | 'held'
  | 'rate_per_sec'
  | 'latency_ns'
  | 'cpu'
  | 'probe'
>;

/** The options on which it depends whether a criterion can be measured at all. */
export interface MeasuredInput {
  readonly probe?: Given<number> | undefined;
  readonly payload?: Given<string> | readonly Given<string>[] | undefined;
  readonly 'payload-size'?: Given<number> | undefined;
  readonly finish: Given<Finish>;
  readonly hold?: Given<number> | undefined;
  /** Of a search: connections are kept open too where their number is searched for, or given. */
  readonly quantity?: readonly Given<string>[] | undefined;
  readonly connections?: Given<number> | undefined;
}

/** The problems of criteria about something that the run does not measure: such a criterion is never met. */
export function unmeasured(criteria: readonly Given<Criterion>[], input: MeasuredInput): Problem[] {
  const problems: Problem[] = [];
  const sends = [input.payload ?? []].flat().length > 0 || (input['payload-size']?.value ?? 0) > 0;
  const expectsAnswers = sends && input.finish.value.kind !== 'connect';
  for (const given of criteria) {
    if (input.probe === undefined && isAboutProbe(given)) {
      problems.push(problemOf(given, 'a --probe beside it, such as --probe 100/s'));
    }
    if (isAboutHeld(given) && !keepsOpen(input)) {
      problems.push(
        problemOf(given, 'a --hold beside it, and a --finish that leaves connections open (echo, bytes:N, connect)'),
      );
    }
    if (!expectsAnswers && isAboutEmpty(given)) {
      problems.push(problemOf(given, 'a --payload beside it, and a --finish that waits for an answer'));
    }
  }
  return problems;
}

function isAboutEmpty({ value: { metric } }: Given<Criterion>): boolean {
  return metric.kind === 'attempts' && metric.counted === 'empty';
}

function isAboutHeld({ value: { metric } }: Given<Criterion>): boolean {
  return metric.kind === 'attempts' && metric.counted === 'held_lost';
}

/** Whether connections are kept open after their exchange. */
function keepsOpen({ hold, finish, quantity = [], connections }: MeasuredInput): boolean {
  const isInStages =
    quantity.length > 0 && (connections !== undefined || quantity.some(({ value }) => value !== 'rate'));
  return isInStages || ((hold?.value ?? 0) > 0 && staysOpen(finish.value));
}

function isAboutProbe({ value: { metric } }: Given<Criterion>): boolean {
  return metric.kind === 'latency' && metric.clock === 'probe';
}

export interface Evaluation {
  /** The figure in the criterion's unit; null where the round did not measure it. */
  readonly value: number | null;
  /** Whether what the criterion says is so. Of what was not measured nothing is. */
  readonly met: boolean;
}

/** The percentiles, by their name in an expression. JSON results spell p99.9 as p99_9. */
const STATISTICS: Readonly<Record<string, Statistic>> = {
  p50: 'p50',
  p75: 'p75',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  'p99.9': 'p99_9',
  p99_9: 'p99_9',
  min: 'min',
  mean: 'mean',
  max: 'max',
};

const STATISTIC_NAMES = 'p50, p75, p90, p95, p99, p99.9, min, mean or max';

/** Finer than any count of attempts can tell. */
const SHARE_DIGITS = 9;
const SHARE = new RegExp(`^(\\d+(?:\\.\\d{1,${SHARE_DIGITS}})?)\\s*%$`);
const COUNT = /^\d{1,15}$/;
const UNITLESS = /^\d+(?:\.\d+)?$/;

const parseDuration = durationParser({ min: 0, max: 30 * NS_PER_DAY });

/** Reads a text from left to right; positions in messages count characters from 1. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token if it is of that form, without the white space before it. */
  take(form: RegExp): string | null {
    this.#skipSpace();
    const found = new RegExp(form.source, 'y');
    found.lastIndex = this.#at;
    const token = found.exec(this.#text)?.[0] ?? null;
    this.#at += token?.length ?? 0;
    return token;
  }

  /** Everything that is left, without white space around it. */
  rest(): string {
    this.#skipSpace();
    return this.#text.slice(this.#at).trimEnd();
  }

  /** Refuses what comes next, or `token` if it was taken already. */
  refuse(what: string, choices: string | null, token = ''): { readonly ok: false; readonly expected: string } {
    if (token === '') this.#skipSpace();
    const where = `${what} at character ${this.#at - token.length + 1}`;
    return refuse(choices === null ? where : `${where}: ${choices}`);
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
  }
}

/** Such as `p99(total)>20ms`, `failures>0.1%`, `rate(completed) < 9900`. What is wrong is named with its place. */
export function parseCriterion(text: string): Parsed<Criterion> {
  const scanner = new Scanner(text);
  const metric = parseMetric(scanner);
  if (!metric.ok) return metric;
  const comparison = scanner.take(/<=|>=|<|>/);
  if (comparison === null) return scanner.refuse('a comparison', '<, <=, > or >=');
  const limit = parseLimit(scanner, metric.value);
  if (!limit.ok) return limit;
  return accept({
    expression: text.trim(),
    metric: metric.value,
    comparison: comparison as Comparison,
    ...limit.value,
  });
}

/** The same of a goal: what a good round is like. One that only a bad round meets is refused, with the goal that was probably meant. */
export function parseGoal(text: string): Parsed<Criterion> {
  const parsed = parseCriterion(text);
  if (!parsed.ok) return parsed;
  const { expression, metric, comparison } = parsed.value;
  const good = goodComparison(metric);
  if (good === null || comparison.startsWith(good.charAt(0))) return parsed;
  return refuse(`what is good, such as '${expression.replace(comparison, good)}'; --fail-if says what is bad`);
}

/** Null of an outcome: a firewall that must refuse every connection is tested with `refused>=99%`. */
function goodComparison(metric: Metric): '<=' | '>=' | null {
  if (metric.kind === 'rate') return '>=';
  const isOutcome = metric.kind === 'attempts' && !SUMS.some((sum) => sum === metric.counted);
  return isOutcome ? null : '<=';
}

function parseMetric(scanner: Scanner): Parsed<Metric> {
  const word = scanner.take(/[A-Za-z][\w.]*/) ?? '';
  const name = word.toLowerCase();
  if (Object.hasOwn(STATISTICS, name)) {
    const clock = parseArgument(scanner, { what: 'a clock', names: TIMED, of: word, usual: 'total' });
    return clock.ok ? accept({ kind: 'latency', statistic: STATISTICS[name]!, clock: clock.value }) : clock;
  }
  if (name === 'rate') {
    const rate = parseArgument(scanner, { what: 'a rate', names: RATES, of: word, usual: 'completed' });
    return rate.ok ? accept({ kind: 'rate', rate: rate.value }) : rate;
  }
  if (name === 'cpu') return accept({ kind: 'cpu' });
  const counted = [...SUMS, ...OUTCOMES].find((each) => each === name);
  if (counted !== undefined) return accept({ kind: 'attempts', counted });
  const choices = `${STATISTIC_NAMES} of a clock as in p99(total), rate(completed), ${SUMS.join(', ')}, cpu, or an outcome such as refused${meantMetric(word)}`;
  return scanner.refuse('a metric', choices, word);
}

/** What stands in parentheses. */
interface Argument<T extends string> {
  readonly what: string;
  readonly names: readonly T[];
  /** What stands before the parentheses, and the name to show in an example. */
  readonly of: string;
  readonly usual: T;
}

/** `(NAME)`. */
function parseArgument<T extends string>(scanner: Scanner, { what, names, of, usual }: Argument<T>): Parsed<T> {
  const choices = `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
  if (scanner.take(/\(/) === null) {
    const example = `for example ${of}(${usual})${scanner.rest()}`;
    return scanner.refuse(`${what} in parentheses`, `${example}; ${choices}`);
  }
  const word = scanner.take(/\w+/) ?? '';
  const found = names.find((name) => name === word.toLowerCase());
  if (found === undefined) return scanner.refuse(what, choices, word);
  return scanner.take(/\)/) === null ? scanner.refuse('a closing parenthesis', null) : accept(found);
}

function parseLimit(scanner: Scanner, metric: Metric): Parsed<Pick<Criterion, 'limit' | 'unit'>> {
  const text = scanner.rest();
  switch (metric.kind) {
    case 'latency':
    case 'cpu': {
      // A bare number is seconds elsewhere; who writes p99(total)>20 has milliseconds in mind, and would never be told.
      if (UNITLESS.test(text) && Number(text) !== 0) {
        return scanner.refuse(`a unit after the time, such as ${text}ms or ${text}s,`, null);
      }
      const durationNs = parseDuration(text);
      return durationNs.ok
        ? accept({ limit: durationNs.value, unit: 'ns' })
        : scanner.refuse(durationNs.expected, null);
    }
    case 'rate': {
      const percent = parsePercent(text, Infinity);
      if (percent !== null) return accept({ limit: percent, unit: 'percent' });
      const ratePerSec = parseNumericRate(text);
      if (ratePerSec.ok) return accept({ limit: ratePerSec.value, unit: 'per_sec' });
      return scanner.refuse('a rate such as 9900 or 9.9k, or a share of the offered rate such as 99%', null);
    }
    case 'attempts': {
      const percent = parsePercent(text, 100);
      if (percent !== null) return accept({ limit: percent, unit: 'percent' });
      if (COUNT.test(text)) return accept({ limit: Number(text), unit: 'count' });
      return scanner.refuse('a whole number, or a share from 0% to 100% such as 0.1%', null);
    }
  }
}

function parsePercent(text: string, max: number): number | null {
  const percent = Number(SHARE.exec(text)?.[1] ?? Number.NaN);
  return percent <= max ? percent : null;
}

/** What a round has to say to a criterion. Percentiles are the round's own, from all its counts. */
export function evaluateCriterion(criterion: Criterion, round: CriterionRound): Evaluation {
  const value = valueOf(criterion, round);
  return { value, met: value !== null && holds(value, criterion.comparison, criterion.limit) };
}

/** Returns whether the comparison is true of the value. */
export function holds(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}

function valueOf({ metric, unit }: Criterion, round: CriterionRound): number | null {
  switch (metric.kind) {
    case 'latency': {
      const latency = metric.clock === 'probe' ? round.probe?.rtt_ns : round.latency_ns[metric.clock];
      return latency === undefined || latency.count === 0 ? null : latency[metric.statistic];
    }
    case 'cpu':
      // 0: no agent of a fleet told its time.
      return round.attempts.started === 0 || round.cpu.usec_per_connection === 0
        ? null
        : round.cpu.usec_per_connection * 1e3;
    case 'rate': {
      if (isTooShortForRate(round)) return null;
      const ratePerSec = round.rate_per_sec[metric.rate];
      return unit === 'percent' ? percentOf(ratePerSec, round.offered_rate_per_sec) : ratePerSec;
    }
    case 'attempts': {
      const { part, whole } = countOf(metric.counted, round);
      if (part === null) return null;
      return unit === 'percent' ? percentOf(part, whole) : part;
    }
  }
}

/** A round with as many starts has a rate, whatever a start more or less makes of it. */
const STARTS_FOR_A_RATE = 100;
/** The starts of a round may be off its offered rate by this share, because they are whole. */
const RATE_TOLERANCE = 0.01;

/**
 * Whether a round is too short to tell a rate: it has so few starts that rounding them to a whole number changes the rate. One start
 * in one second is 250 % of 0.4/s.
 */
export function isTooShortForRate(
  round: Pick<RoundResult, 'offered_rate_per_sec' | 'duration_sec' | 'attempts'>,
): boolean {
  const { offered_rate_per_sec: offeredPerSec, duration_sec: durationSec, attempts } = round;
  if (offeredPerSec === null || attempts.scheduled >= STARTS_FOR_A_RATE) return false;
  const due = offeredPerSec * durationSec;
  return Math.abs(attempts.scheduled - due) > due * RATE_TOLERANCE;
}

/** How many (null where that was not counted), and of how many: of those due for `missed`, otherwise of those started. */
function countOf(counted: Counted, round: CriterionRound): { part: number | null; whole: number } {
  const { attempts, outcomes } = round;
  switch (counted) {
    case 'empty':
      return { part: round.empty_responses ?? null, whole: attempts.started };
    case 'held_lost':
      return { part: round.held?.lost ?? null, whole: attempts.started };
    case 'failures':
    case 'loss':
      return { part: attempts.started - outcomes.ok, whole: attempts.started };
    case 'missed':
      return { part: attempts.missed, whole: attempts.scheduled };
    default:
      return { part: outcomes[counted], whole: attempts.started };
  }
}

/**
 * Rounded to a decimal as long as a limit may be, so that 7 of 10 000 are 0.07 % exactly and `loss<=0.07%` is met. What
 * happened at all is never rounded to nothing.
 */
function percentOf(part: number, whole: number | null): number | null {
  if (whole === null || whole === 0) return null;
  const steps = Math.round((part / whole) * 100 * 10 ** SHARE_DIGITS);
  return (part > 0 ? Math.max(1, steps) : steps) / 10 ** SHARE_DIGITS;
}
