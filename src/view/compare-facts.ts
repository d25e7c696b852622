/** What a comparison tells, apart from its looks. */
import type {
  CompareFigure,
  CompareResult,
  CompareRun,
  CompareSide,
  CompareThreshold,
  CompareVerdict,
  ShiftFunction,
} from '../document/compare.ts';
import { formatCountOf, formatLatency, formatSeconds } from '../units/format.ts';
import type { Fact, Rows } from './facts.ts';
import type { Colour } from './layout.ts';
import { formatFigure } from './text/thresholds.ts';

const VERDICTS: readonly (readonly [CompareVerdict, Colour])[] = [
  ['slower', 'red'],
  ['faster', 'green'],
  ['same', 'dim'],
  ['unclear', 'yellow'],
];

/** The first line: what was compared with what. */
export function compareTitle({ of, sides }: CompareResult): string {
  const kind = /^conngen\.(\w+)\//.exec(of)?.[1] ?? of;
  return `conngen compare: ${sideCount(sides.base, kind)} (base) and ${sideCount(sides.new, kind)} (new)`;
}

function sideCount({ runs }: CompareSide, kind: string): string {
  return formatCountOf(runs.length, `${kind} run`);
}

/** The verdicts of the tested figures, the worst first. */
export function verdictFacts(result: CompareResult): Fact[] {
  const tested = result.figures.filter(({ tested: isTested }) => isTested);
  return VERDICTS.flatMap(([verdict, colour]): Fact[] => {
    const figures = tested.filter((figure) => figure.verdict === verdict);
    if (figures.length === 0) return [];
    return [[verdict, figures.map((figure) => figureWords(figure, result)).join('; '), colour]];
  });
}

/** `p99(total) +8.1 % (+6.0 to +9.9 %)`, in a comparison of several rounds with the load. */
function figureWords(figure: CompareFigure, { rounds }: CompareResult): string {
  const load = rounds.length > 1 ? ` at ${rounds[figure.round]?.load ?? '?'}` : '';
  const interval = figure.low === null && figure.high === null ? '' : ` (${intervalText(figure)})`;
  return `${figure.name}${load} ${changeText(figure)}${interval}`;
}

/** The change in per cent, or in percentage points: `+8.1 %`, `-0.02 points`, `-`. */
export function changeText({ change, ratio, difference }: CompareFigure): string {
  if (change === 'difference') return typeof difference === 'number' ? `${signed(difference)} points` : '-';
  return ratio === null ? '-' : `${ofRatio(ratio)} %`;
}

/** The interval of a change: `+6.0 to +9.9 %`, `more than +2.0 %`, `-`. */
export function intervalText({ change, low, high }: Pick<CompareFigure, 'change' | 'low' | 'high'>): string {
  const shown = change === 'difference' ? signed : ofRatio;
  const unit = change === 'difference' ? 'points' : '%';
  if (low === null) return high === null ? '-' : `${shown(high)} ${unit} or less`;
  return high === null ? `${shown(low)} ${unit} or more` : `${shown(low)} to ${shown(high)} ${unit}`;
}

/** A ratio of 1.081 as `+8.1`; what is 100 % or more with fewer digits. */
function ofRatio(ratio: number): string {
  return signed((ratio - 1) * 100);
}

function signed(value: number): string {
  const magnitude = Math.abs(value);
  const text = magnitude.toFixed(magnitude >= 99.95 ? 0 : magnitude >= 0.95 ? 1 : 2);
  if (Number(text) === 0) return '0';
  return `${value < 0 ? '-' : '+'}${text}`;
}

/** The figures of a round as rows, those that are tested first. */
export function figureRows(result: CompareResult, round: number): Rows {
  const figures = result.figures.filter((figure) => figure.round === round);
  const ordered = [...figures.filter(({ tested }) => tested), ...figures.filter(({ tested }) => !tested)];
  const header = ['figure', 'base', 'new', 'change', 'interval', 'p', 'verdict'];
  return [header, ...ordered.map((figure) => figureRow(figure))];
}

function figureRow(figure: CompareFigure): string[] {
  const { name, unit, p_adjusted: adjusted, verdict, tested } = figure;
  const shown = (value: number | null): string => (value === null ? '-' : formatFigure({ value, unit }));
  return [
    name,
    shown(figure.base),
    shown(figure.new),
    changeText(figure),
    intervalText(figure),
    typeof adjusted === 'number' ? formatP(adjusted) : '-',
    tested ? verdict : 'not tested',
  ];
}

/** `0.012`, `< 0.001`. */
function formatP(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(p < 0.1 ? 3 : 2);
}

/** What a reader has to know of tested figures, each sentence once. */
export function figureNotes({ figures, rounds }: CompareResult): string[] {
  const names = new Map<string, string[]>();
  for (const { name, note, round, tested, verdict } of figures) {
    // What is the same needs no remark.
    if (note === undefined || !tested || verdict === 'same') continue;
    const load = rounds.length > 1 ? ` at ${rounds[round]?.load ?? '?'}` : '';
    names.set(note, [...(names.get(note) ?? []), `${name}${load}`]);
  }
  return [...names].map(([note, of]) => `${of.join(', ')}: ${note}`);
}

/** A shift function as rows. */
export function shiftRows({ points }: ShiftFunction): Rows {
  const rows = points.map(({ quantile, base_ns: baseNs, new_ns: newNs, ratio, low, high }) => [
    `p${Number((quantile * 100).toFixed(3))}`,
    formatLatency(baseNs),
    formatLatency(newNs),
    ratio === null ? '-' : `${ofRatio(ratio)} %`,
    intervalText({ change: 'ratio', low, high }),
  ]);
  return [['quantile', 'base', 'new', 'change', 'interval'], ...rows];
}

/** The clocks whose shift functions text and Markdown show; the JSON has all. */
const SHOWN_CLOCKS: readonly string[] = ['total', 'rtt'];

/** The shift functions of a round that are shown. */
export function shownShifts({ shifts }: CompareResult, round: number): ShiftFunction[] {
  return shifts.filter((shift) => shift.round === round && SHOWN_CLOCKS.includes(shift.clock));
}

/** The runs of a side, in few words. */
export function sideText({ runs, before, config_file: configFile }: CompareSide): string {
  const [first] = runs;
  const last = runs.at(-1);
  if (first === undefined || last === undefined) return 'no run';
  const files = runs.length > 2 ? `${first.file} … ${last.file}` : runs.map(({ file }) => file).join(', ');
  const parts = [files, `from ${first.started_at}`, ...each(runs, ({ conngen }) => `conngen ${conngen}`)];
  parts.push(...each(runs, ({ system }) => `Linux ${system.kernel}`));
  if (configFile !== undefined) parts.push(`made from ${configFile}`);
  if (before !== undefined) parts.push(`before each: ${before}`);
  return parts.join(', ');
}

function each(runs: readonly CompareRun[], name: (run: CompareRun) => string): string[] {
  return [...new Set(runs.map(name))];
}

/** Both sides, and how the runs were taken. */
export function sideFacts({ sides, taking }: CompareResult): Fact[] {
  const facts: Fact[] = [
    ['base', sideText(sides.base)],
    ['new', sideText(sides.new)],
  ];
  if (taking === undefined) return facts;
  const pause = `${formatSeconds(taking.pause_sec)} between runs`;
  facts.push(['taken', `in the order ${taking.order}, ${pause}; every result is in ${taking.directory}`]);
  for (const { file, reason } of taking.left_out) facts.push(['left out', `${file ?? 'a run'}: ${reason}`]);
  return facts;
}

/** What became of each `--fail-if`. */
export function thresholdRows({ thresholds = [], rounds }: CompareResult): Rows {
  const rows = thresholds.map(({ expression, round, change, bound, status }) => [
    expression,
    rounds[round]?.load ?? '-',
    change === null ? '-' : signed(change),
    bound === null ? '-' : signed(bound),
    STATUS_WORDS[status],
  ]);
  return [['fail if', 'load', 'change', 'bound', 'result'], ...rows];
}

const STATUS_WORDS: Readonly<Record<CompareThreshold['status'], string>> = {
  pass: 'passed',
  fail: 'failed',
  not_measured: 'no interval: failed',
};

/** A sentence about all thresholds; undefined where there are none. */
export function thresholdsSentence({ thresholds_met: met }: CompareResult): string | undefined {
  if (met === undefined) return undefined;
  return met ? 'Every threshold was met.' : 'A threshold was not met.';
}

/** Why the comparison is to be read with care: what was forced, and what differs. */
export function careFacts({ forced = [], warnings, interrupted }: CompareResult): Fact[] {
  return [
    ...forced.map((reason): Fact => ['forced', reason, 'yellow']),
    ...warnings.map((warning): Fact => ['warning', warning, 'yellow']),
    ...(interrupted === true ? [['stopped', 'A signal ended the taking of runs early.', 'yellow'] as const] : []),
  ];
}
