/** Rounds or trials side by side, a row each, with the columns that RFC 3511 sections 5.2.5 and 5.3.5 ask for. */
import { countByOwner } from '../../document/outcome.ts';
import type { IntervalResult, RoundResult } from '../../document/client.ts';
import type { Verdict } from '../../document/common.ts';
import type { FleetUse } from '../../document/fleet.ts';
import { LATENCIES_MIN, leavesFloorAt } from '../../judge/floor.ts';
import { formatCount, formatLatency, formatPerSec, formatShare } from '../../units/format.ts';
import { printable } from '../../units/printable.ts';
import { GAP, paint, table, type TextStyle, wrap } from '../layout.ts';

/** One column: its heading, a cell for each row, and how early it is left out where the width is short (0: never). */
export interface Column {
  readonly header: string;
  readonly cells: readonly string[];
  readonly dropRank: number;
}

/**
 * The width of cells that are usual, by heading. What is left out follows from these, so that a table has the same columns whatever its figures
 * are, unless one of them is wider.
 */
const USUAL_WIDTHS: Readonly<Record<string, number>> = {
  offered: '25,000/s'.length,
  load: '25,000/s'.length,
  min: '31.2 µs'.length,
  mean: '31.2 µs'.length,
  max: '31.2 µs'.length,
  verdict: 'invalid'.length,
  goal: 'inconclusive'.length,
};

const VERDICT_WORDS: Readonly<Record<Verdict['status'], string>> = {
  valid: 'valid',
  generator_limited: 'limited',
  invalid: 'invalid',
};

/** Whether the figures are this machine's limit, and must not be read as the target's. */
export function isLimited(round: RoundResult): boolean {
  return round.verdict.status === 'generator_limited';
}

/** Up to this share of what was due, or of what was started, a shortfall is no limit of anything. */
const SHORT_MIN = 0.01;

/**
 * Whether the rate achieved is this machine's limit and nothing else's, by the counts of this round: so much was not started, or
 * failed on this machine, and hardly anything was lost at the target or on the way. A rate that was kept up is no limit, however late
 * its single starts were; what is short on both sides is not put down to one of them.
 */
export function isRateLimited(round: RoundResult): boolean {
  if (!isLimited(round)) return false;
  const { attempts, outcomes, offered_rate_per_sec: offeredPerSec } = round;
  const owners = countByOwner(outcomes, attempts.missed);
  const lost = owners.target + owners.network + owners.unattributed;
  if (lost > attempts.started * SHORT_MIN) return false;
  return offeredPerSec === null || owners.generator > attempts.scheduled * SHORT_MIN;
}

/** What a round offered: `1,000/s`, `100 to 5,000/s`, `max`. */
export function offeredText(round: RoundResult): string {
  if (round.ramp !== undefined) {
    return `${formatCount(round.ramp.from_per_sec)} to ${formatPerSec(round.ramp.to_per_sec)}`;
  }
  return round.offered_rate_per_sec === null ? 'max' : formatPerSec(round.offered_rate_per_sec);
}

/** The columns of rounds. Establishment is `connect`: from the SYN to the SYN-ACK as this machine saw them. */
export function roundColumns(rounds: readonly RoundResult[]): Column[] {
  const column = (header: string, dropRank: number, cell: (round: RoundResult) => string): Column => ({
    header,
    dropRank,
    cells: rounds.map(cell),
  });
  const connect = (statistic: 'min' | 'mean' | 'max') => (round: RoundResult) =>
    latencyCell(round.latency_ns.connect, statistic);
  return [
    column('offered', 0, offeredText),
    column('attempted', 0, (round) => formatCount(round.attempts.started)),
    // What this machine did not start in time is no attempt, and no failure of the target's.
    column('missed', 0, (round) => formatCount(round.attempts.missed)),
    column('completed', 0, (round) => formatCount(round.outcomes.ok) + (isRateLimited(round) ? '*' : '')),
    column('per cent', 5, (round) => formatShare(round.outcomes.ok, round.attempts.started)),
    column('min', 3, connect('min')),
    column('mean', 4, connect('mean')),
    column('max', 2, connect('max')),
    column('p99 total', 1, (round) => latencyCell(round.latency_ns.total, 'p99')),
    column('verdict', 0, (round) => VERDICT_WORDS[round.verdict.status]),
  ];
}

/** What runs that look for a limit show of a trial: the columns of rounds, with what was searched in place of the rate offered. */
export function trialRoundColumns(loads: readonly string[], rounds: readonly RoundResult[]): Column[] {
  const [, ...rest] = roundColumns(rounds);
  return [{ header: 'load', cells: loads, dropRank: 0 }, ...rest];
}

function latencyCell<T extends string>(latency: Readonly<Record<T | 'count', number>>, statistic: T): string {
  return latency.count === 0 ? '-' : formatLatency(latency[statistic]);
}

/** The columns as lines, the heading first; columns are left out until the lines fit. */
export function fittingTable(columns: readonly Column[], style: TextStyle): string[] {
  const rows = (columns[0]?.cells ?? []).map((_, row) => columns.map((column) => column.cells[row] ?? ''));
  const widths = columns.map(({ header, cells }) =>
    Math.max(USUAL_WIDTHS[header] ?? 0, header.length, ...cells.map((cell) => printable(cell).length)),
  );
  const width = widths.reduce((sum, each) => sum + each + GAP, -GAP);
  const firstToGo = Math.min(...columns.map(({ dropRank }) => dropRank).filter((rank) => rank > 0));
  if (width > style.columns && firstToGo !== Infinity) {
    return fittingTable(
      columns.filter(({ dropRank }) => dropRank !== firstToGo),
      style,
    );
  }
  const [first = '', ...rest] = table([columns.map((column) => column.header), ...rows], 0);
  return [paint(style, 'bold', first), ...rest];
}

/** What the table has no room for: why a round is not valid, each sentence once. */
export function roundReasons(rounds: readonly RoundResult[]): string[] {
  return rounds.flatMap(({ verdict }, index) => verdict.reasons.map(({ message }) => `Round ${index + 1}: ${message}`));
}

/** What the columns min, mean and max of rounds are. */
export function establishmentNote({ fleet }: { readonly fleet?: FleetUse }): string {
  const who = fleet === undefined ? 'this machine' : 'the agents';
  return `min, mean and max: establishment, from SYN to SYN-ACK, as ${who} saw it.`;
}

/** What an asterisk in the columns of these rounds means; null where there is none. */
export function asteriskMeaning(rounds: readonly RoundResult[]): string | null {
  return rounds.some(isRateLimited) ? "the generator's limit, not the target's" : null;
}

/** A table of rounds in lines, with what its asterisks mean below it. */
export function roundLines(columns: readonly Column[], rounds: readonly RoundResult[], style: TextStyle): string[] {
  const lines = fittingTable(columns, style);
  const meaning = asteriskMeaning(rounds);
  return meaning === null ? lines : [...lines, `* ${meaning}`];
}

/** Several rounds in a table; min, mean and max are of `connect`. */
export function roundsTable(rounds: readonly RoundResult[], style: TextStyle): string {
  return roundLines(numberedColumns(rounds), rounds, style).join('\n');
}

export function numberedColumns(rounds: readonly RoundResult[]): Column[] {
  const numbers: Column = { header: 'round', cells: rounds.map((_, index) => String(index + 1)), dropRank: 0 };
  return [numbers, ...roundColumns(rounds)];
}

/** The most intervals that are shown; of more, only every n-th is. */
const SERIES_ROWS = 24;
const SLOWDOWN = 2;

/** The seconds of a ramp in a table, and where latency leaves the floor. */
export function seriesText(round: RoundResult, style: TextStyle): string {
  const { columns, notes } = seriesOf(round);
  return [...fittingTable(columns, style), ...notes.map((note) => wrap(note, style.columns, 0))].join('\n');
}

/** The seconds of a ramp as columns, and what is to be said below them. */
export function seriesOf(round: RoundResult): {
  readonly columns: readonly Column[];
  readonly notes: readonly string[];
} {
  // What happens after the ramp is the rest of its connections. An interval of several seconds may have begun before that.
  const intervals = round.intervals.filter(
    ({ start_sec: startSec, length_sec: lengthSec }) =>
      startSec < round.duration_sec && startSec + Math.round(lengthSec) < round.duration_sec + 1,
  );
  const every = Math.ceil(intervals.length / SERIES_ROWS);
  const shown = intervals.filter((_, index) => index % every === 0);
  const column = (header: string, dropRank: number, cell: (interval: IntervalResult) => string): Column => ({
    header,
    dropRank,
    cells: shown.map(cell),
  });
  const total = (statistic: 'p50' | 'p90' | 'p99') => (interval: IntervalResult) =>
    latencyCell(interval.latency_ns.total, statistic);
  const columns = [
    column('second', 0, (interval) => String(interval.start_sec)),
    column('offered', 0, (interval) => formatPerSec(Math.round(perSec(interval, interval.scheduled)))),
    column('completed', 0, (interval) => formatCount(interval.ok)),
    column('failed', 0, (interval) => formatCount(interval.failed)),
    column('in flight', 2, (interval) => formatCount(interval.in_flight)),
    column('p50 total', 1, total('p50')),
    column('p90 total', 0, total('p90')),
    column('p99 total', 0, total('p99')),
  ];
  const unit = intervals.some(({ length_sec: lengthSec }) => Math.round(lengthSec) > 1) ? 'interval' : 'second';
  const note = every > 1 ? [`One ${unit} in ${every} is shown; the JSON has all.`] : [];
  return { columns, notes: [...note, floorText(intervals)] };
}

function floorText(intervals: readonly IntervalResult[]): string {
  const p90sNs = intervals.map(({ latency_ns: { total } }) => (total.count < LATENCIES_MIN ? null : total.p90));
  const index = leavesFloorAt(p90sNs, SLOWDOWN);
  const interval = index === null ? undefined : intervals[index];
  if (index === null || interval === undefined) {
    return `The p90 of total never stayed above ${SLOWDOWN} times the lowest before it: latency did not climb.`;
  }
  const floorNs = Math.min(...p90sNs.slice(0, index).filter((p90Ns) => p90Ns !== null));
  return (
    `Latency starts to climb in second ${interval.start_sec}, at about ${formatPerSec(Math.round(perSec(interval, interval.scheduled)))}: ` +
    `a p90 of ${formatLatency(p90sNs[index] ?? 0)} where the lowest before was ${formatLatency(floorNs)}.`
  );
}

function perSec(interval: IntervalResult, count: number): number {
  return interval.length_sec > 0 ? count / interval.length_sec : 0;
}
