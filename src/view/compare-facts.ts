/** What a comparison tells, apart from its looks. */
import type {
  CompareFigure,
  CompareResult,
  CompareRun,
  CompareSide,
  CompareTaking,
  CompareThreshold,
  CompareVerdict,
  ShiftFunction,
  ShiftPoint,
} from '../document/compare.ts';
import { runsIn } from '../units/file-list.ts';
import { formatCountOf, formatLatency, formatSeconds } from '../units/format.ts';
import type { Fact, Rows } from './facts.ts';
import type { Colour } from './layout.ts';
import { formatFigure } from './text/thresholds.ts';

const VERDICTS: readonly (readonly [CompareVerdict, Colour])[] = [
  ['slower', 'red'],
  ['faster', 'green'],
  ['unclear', 'yellow'],
  ['same', 'dim'],
];

/** The first line: what was compared with what. */
export function compareTitle({ of, sides }: CompareResult): string {
  const kind = /^conngen\.(\w+)\//.exec(of)?.[1] ?? of;
  return `conngen compare: ${sideCount(sides.base, kind)} (base) and ${sideCount(sides.new, kind)} (new)`;
}

function sideCount({ runs }: CompareSide, kind: string): string {
  return formatCountOf(runs.length, `${kind} run`);
}

/** The verdicts of the tested figures, the worst first, and what is not known before what is the same. */
export function verdictFacts(result: CompareResult): Fact[] {
  return VERDICTS.flatMap(([verdict, colour]): Fact[] => {
    const figures = testedAs(result, verdict);
    if (figures.length === 0) return [];
    // Forced figures may be those of this machine: good news of them is none.
    const shown = verdict === 'faster' && isForced(result) ? 'yellow' : colour;
    return [[verdict, figures.map((figure) => figureWords(figure, result)).join('; '), shown]];
  });
}

function testedAs({ figures }: CompareResult, verdict: CompareVerdict): CompareFigure[] {
  return figures.filter((figure) => figure.tested && figure.verdict === verdict);
}

export function isForced({ forced = [] }: CompareResult): boolean {
  return forced.length > 0;
}

/** Whether nothing is worse, and nothing unknown: every tested figure is faster or the same, no threshold is open, nothing was forced. */
export function isGoodNews(result: CompareResult): boolean {
  const { figures, thresholds = [] } = result;
  const tested = figures.filter((figure) => figure.tested);
  const isGood = ({ verdict }: CompareFigure): boolean => verdict === 'faster' || verdict === 'same';
  return (
    tested.length > 0 &&
    tested.every(isGood) &&
    thresholds.every(({ status }) => status === 'pass') &&
    !isForced(result)
  );
}

/** The answer: what was forced, then a sentence with every verdict and its figures. */
export function headline(result: CompareResult): string {
  const count = result.figures.filter(({ tested }) => tested).length;
  if (count === 0) return 'Nothing was tested.';
  const verdicts = VERDICTS.flatMap(([verdict]) => {
    const figures = testedAs(result, verdict);
    if (figures.length === 0) return [];
    if (figures.length === count && count > 1) return [`${verdict}: all ${count} tested figures`];
    const isChange = verdict === 'slower' || verdict === 'faster';
    const names = figures.map((each) => `${figureName(each, result)}${isChange ? ` ${changeText(each)}` : ''}`);
    return [`${verdict}: ${shortList(names)}`];
  });
  const sentence = verdicts.join('; ');
  return [...forcedHead(result), `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`, ...fewHead(result)].join(
    ' ',
  );
}

/** Where runs are too few for a verdict of every tested figure. */
function fewHead({ basis, figures, sides, runs_needed: needed }: CompareResult): string[] {
  const fewest = Math.min(sides.base.runs.length, sides.new.runs.length);
  const isOpen = figures.some(({ tested, verdict, method }) => tested && verdict === 'unclear' && method !== 'answer');
  if (basis !== 'runs' || fewest >= needed || !isOpen) return [];
  return [`Too few runs for every verdict: the smaller side has ${fewest}, and it takes ${needed}.`];
}

const HEAD_NAMES = 5;

function shortList(names: readonly string[]): string {
  if (names.length <= HEAD_NAMES) return names.join(', ');
  return `${names.slice(0, HEAD_NAMES - 1).join(', ')} and ${names.length - HEAD_NAMES + 1} more`;
}

function forcedHead(result: CompareResult): string[] {
  if (!isForced(result)) return [];
  const runs = [...result.sides.base.runs, ...result.sides.new.runs];
  const limited = runs.filter(({ verdict }) => verdict !== null && verdict !== 'valid').length;
  if (limited === 0) return ['Forced, in spite of the reasons below.'];
  const figures = 'figures that are not those of the target';
  return [`Forced: ${limited} of ${runs.length} runs ${limited === 1 ? 'has' : 'have'} ${figures}.`];
}

/** `p99(total)`, in a comparison of several rounds with the load. */
export function figureName({ name, round }: CompareFigure, { rounds }: CompareResult): string {
  return rounds.length > 1 ? `${name} at ${rounds[round]?.load ?? '?'}` : name;
}

/** `p99(total) +8.1 % (+6.0 to +9.9 %)`, in a comparison of several rounds with the load. */
function figureWords(figure: CompareFigure, result: CompareResult): string {
  return `${figureName(figure, result)} ${changeWords(figure)}`;
}

/** `+8.1 % (+6.0 to +9.9 %)`. */
export function changeWords(figure: CompareFigure): string {
  const interval = figure.low === null && figure.high === null ? '' : ` (${intervalText(figure)})`;
  return `${changeText(figure)}${interval}`;
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

/** The figures of a round as rows, those that are tested first, without the columns in which nothing stands. */
export function figureRows(result: CompareResult, round: number): Rows {
  const figures = result.figures.filter((figure) => figure.round === round);
  const ordered = [...figures.filter(({ tested }) => tested), ...figures.filter(({ tested }) => !tested)];
  const header = ['figure', 'base', 'new', 'change', 'interval', 'p', 'verdict'];
  return withoutEmpty([header, ...ordered.map((figure) => figureRow(figure))], ['interval', 'p']);
}

/** Leaves out columns of these names where every cell is a dash. */
function withoutEmpty([header = [], ...rows]: Rows, names: readonly string[]): Rows {
  const isKept = (_: string, column: number): boolean =>
    !names.includes(header[column]!) || rows.some((row) => row[column] !== '-');
  return [header, ...rows].map((row) => row.filter(isKept));
}

function figureRow(figure: CompareFigure): string[] {
  const { name, unit, p_adjusted: adjusted } = figure;
  const shown = (value: number | null): string => (value === null ? '-' : formatFigure({ value, unit }));
  return [
    name,
    shown(figure.base),
    shown(figure.new),
    `${changeText(figure)}${isApart(figure) ? APART_MARK : ''}`,
    intervalText(figure),
    typeof adjusted === 'number' ? formatP(adjusted) : '-',
    verdictText(figure),
  ];
}

/** The verdict of a figure, where it has one. */
export function verdictText({ tested, verdict }: CompareFigure): string {
  return tested ? verdict : 'not tested';
}

const APART_MARK = '*';
const APART_NOTE =
  '* The change is not new divided by base. base and new are the medians of each side, the change is the median of all ratios of a new run to a ' +
  'base run, and the two differ where the runs of a side differ much.';
/** Of a ratio: about 10 % apart. */
const APART_LOG = Math.log(1.1);
/** Changes below half a per cent either way have no direction. */
const DIRECTION_LOG = 0.005;
/** What two digits of percentage points show. */
const APART_POINTS = 0.01;

/** Whether the change looks wrong beside the two medians: in the other direction, or far from their ratio. */
function isApart({
  base,
  new: next,
  ratio,
  difference,
}: Pick<CompareFigure, 'base' | 'new' | 'ratio' | 'difference'>): boolean {
  if (base === null || next === null) return false;
  if (typeof difference === 'number') return Math.abs(next - base - difference) > APART_POINTS;
  if (ratio === null || ratio <= 0 || base <= 0 || next <= 0) return false;
  const [shown, estimated] = [Math.log(next / base), Math.log(ratio)];
  const isOpposite = shown * estimated < 0 && Math.min(Math.abs(shown), Math.abs(estimated)) > DIRECTION_LOG;
  return isOpposite || Math.abs(shown - estimated) > APART_LOG;
}

/** `0.012`, `< 0.001`. */
function formatP(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(p < 0.1 ? 3 : 2);
}

/** What a reader has to know of the tables: of tested figures, each sentence once, and of marks in cells. */
export function figureNotes(result: CompareResult): string[] {
  const names = new Map<string, string[]>();
  for (const figure of result.figures) {
    const { note, tested, verdict } = figure;
    // What is the same needs no remark.
    if (note === undefined || !tested || verdict === 'same') continue;
    names.set(note, [...(names.get(note) ?? []), figureName(figure, result)]);
  }
  const hasMark =
    result.figures.some(isApart) ||
    result.rounds.some((_, round) => shownShifts(result, round).some(({ points }) => points.some(isPointApart)));
  return [...(hasMark ? [APART_NOTE] : []), ...[...names].map(([note, of]) => `${of.join(', ')}: ${note}`)];
}

function isPointApart({ base_ns: base, new_ns: next, ratio }: ShiftPoint): boolean {
  return isApart({ base, new: next, ratio });
}

/** A shift function as rows. */
export function shiftRows({ points }: ShiftFunction): Rows {
  const rows = points.map((point) => [
    `p${Number((point.quantile * 100).toFixed(3))}`,
    formatLatency(point.base_ns),
    formatLatency(point.new_ns),
    point.ratio === null ? '-' : `${ofRatio(point.ratio)} %${isPointApart(point) ? APART_MARK : ''}`,
    intervalText({ change: 'ratio', low: point.low, high: point.high }),
  ]);
  return withoutEmpty([['quantile', 'base', 'new', 'change', 'interval'], ...rows], ['interval']);
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
  return [...facts, ...leftOutFacts(taking)];
}

/** The runs that were left out, a line for each reason. */
function leftOutFacts({ left_out: leftOut }: CompareTaking): Fact[] {
  const reasons = [...new Set(leftOut.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const files = leftOut.filter((each) => each.reason === reason).map(({ file }) => file ?? 'a run without a result');
    return ['left out', `${runsIn(files)}: ${reason}`];
  });
}

/** Each `--fail-if`: the limit is in the expression, so the table has the change and its interval beside it. */
export function thresholdRows({ thresholds = [], figures, rounds }: CompareResult): Rows {
  const rows = thresholds.map(({ expression, figure: name, round, status }) => {
    const figure = figures.find((each) => each.name === name && each.round === round);
    return [
      expression,
      rounds[round]?.load ?? '-',
      figure === undefined ? '-' : changeText(figure),
      figure === undefined ? '-' : intervalText(figure),
      STATUS_WORDS[status],
    ];
  });
  return [['fail if', 'load', 'change', 'interval', 'result'], ...rows];
}

const STATUS_WORDS: Readonly<Record<CompareThreshold['status'], string>> = {
  pass: 'passed',
  fail: 'failed',
  not_proven: 'not proven',
  not_measured: 'no interval: failed',
};

const STATUS_NOTES: Readonly<Record<CompareThreshold['status'], string>> = {
  fail: 'failed: the whole interval is beyond the limit.',
  not_measured: 'no interval: nothing is known of the change, and that fails.',
  not_proven:
    'not proven: the limit is inside the interval, so the change may be on either side of it. That does not fail; more runs can narrow the interval.',
  pass: 'passed: the whole interval is within the limit.',
};

/** What the results of `--fail-if` that occur mean. */
export function thresholdNotes({ thresholds = [] }: CompareResult): string[] {
  const statuses = Object.keys(STATUS_NOTES) as CompareThreshold['status'][];
  return statuses
    .filter((status) => thresholds.some((each) => each.status === status))
    .map((each) => STATUS_NOTES[each]);
}

/** A sentence about all thresholds; undefined where there are none. */
export function thresholdsSentence({ thresholds = [], thresholds_met: met }: CompareResult): string | undefined {
  if (met === undefined) return undefined;
  if (!met) return 'A threshold was not met.';
  const open = thresholds.filter(({ status }) => status === 'not_proven').length;
  if (open === 0) return 'Every threshold was met.';
  if (thresholds.length === 1) return 'The threshold did not fail, but it is not proven to be met.';
  return `No threshold failed, but ${open} of ${thresholds.length} ${open === 1 ? 'is' : 'are'} not proven.`;
}

/** What the sentence about all thresholds is: bad, good, or neither. */
export function thresholdsColour(result: CompareResult): Colour {
  if (result.thresholds_met === false) return 'red';
  const isProven = (result.thresholds ?? []).every(({ status }) => status === 'pass');
  return isProven && !isForced(result) ? 'green' : 'yellow';
}

/** What was compared in spite of reasons against it. Stands before the verdicts. */
export function forcedFacts({ forced = [] }: CompareResult): Fact[] {
  return forced.map((reason): Fact => ['forced', reason, 'yellow']);
}

/** What else a reader should know: what differs, and whether the runs were ended early. */
export function careFacts({ warnings, interrupted }: CompareResult): Fact[] {
  return [
    ...warnings.map((warning): Fact => ['warning', warning, 'yellow']),
    ...(interrupted === true ? [['stopped', 'A signal ended the taking of runs early.', 'yellow'] as const] : []),
  ];
}
