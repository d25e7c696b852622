/** The intervals of a round as charts show them. */

/** What every interval has, beside what it counts. */
export interface Timed {
  readonly start_sec: number;
  readonly length_sec: number;
}

/** The shortest interval that tells a rate or a percentile. */
const WHOLE_SEC = 0.5;

/** What is as it was at the end of an interval. */
const AT_THE_END: readonly string[] = ['in_flight', 'held'];
/** Counts by name. */
const COUNTS: readonly string[] = ['outcomes', 'added'];

/**
 * Joins a short last interval to the one before: the last milliseconds of a round, in which its last exchanges end, are no rate. Counts
 * are added up; latencies are those of the whole interval.
 */
export function wholeIntervals<Interval extends Timed>(intervals: readonly Interval[]): readonly Interval[] {
  const last = intervals.at(-1);
  const before = intervals.at(-2);
  if (last === undefined || before === undefined || last.length_sec >= WHOLE_SEC) return intervals;
  return [...intervals.slice(0, -2), joined(before, last)];
}

type Keyed = Readonly<Record<string, unknown>>;

function joined<Interval extends Timed>(interval: Interval, end: Interval): Interval {
  const first = interval as unknown as Keyed;
  const then = end as unknown as Keyed;
  const entries = [...new Set([...Object.keys(first), ...Object.keys(then)])].map((key): [string, unknown] => [
    key,
    joinedValue(key, first[key], then[key]),
  ]);
  return Object.fromEntries(entries) as unknown as Interval;
}

function joinedValue(key: string, first: unknown, then: unknown): unknown {
  if (key === 'start_sec' || then === undefined) return first;
  if (AT_THE_END.includes(key)) return then;
  if (typeof first === 'number' && typeof then === 'number') return first + then;
  return COUNTS.includes(key) ? sumOf((first ?? {}) as Counts, then as Counts) : first;
}

type Counts = Readonly<Record<string, number>>;

function sumOf(one: Counts, other: Counts): Counts {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
