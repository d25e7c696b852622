/** Percentiles of the last second, and of the round so far. */
import type { LatencySummary } from '../../../../document/common.ts';
import { formatLatency } from '../../../../units/format.ts';
import type { LiveRun } from '../live-run.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { cell, span, type Line } from '../spans.ts';

const NAMES: readonly (readonly [clock: string, name: string])[] = [
  ['connect', 'connect'],
  ['first_byte', 'first byte'],
  ['total', 'total'],
  ['corrected_total', 'corrected'],
  ['probe', 'probe'],
  ['rtt', 'round trip'],
  ['corrected_rtt', 'corrected'],
];

type Figure = Exclude<keyof LatencySummary, 'count'>;

const LABELS: Readonly<Record<Figure, string>> = {
  min: 'min',
  mean: 'mean',
  p50: 'p50',
  p75: 'p75',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  p99_9: 'p99.9',
  max: 'max',
};

const NAME_CELLS = 12;
const FIGURE_CELLS = 8;
/** `last 1 s p50` is the longest head. */
const FIRST_CELLS = 13;

/** The columns of both halves, by the cells that they need. */
const COLUMNS: readonly { readonly last: readonly Figure[]; readonly whole: readonly Figure[] }[] = [
  { last: ['p50', 'p90', 'p99', 'p99_9', 'max'], whole: ['p50', 'p90', 'p99', 'p99_9', 'max'] },
  { last: ['p50', 'p99', 'max'], whole: ['p50', 'p99', 'p99_9', 'max'] },
  { last: ['p50', 'p99'], whole: ['p99', 'max'] },
  { last: ['p99'], whole: ['p99'] },
];

export function latencyPanel(setup: PanelSetup): Line[] {
  const { run, width } = setup;
  const columns =
    COLUMNS.find(({ last, whole }) => NAME_CELLS + widthOf(last) + widthOf(whole) <= width) ?? COLUMNS.at(-1)!;
  const { last, whole } = columns;
  const rows = NAMES.filter(([clock]) => (run.whole.latency[clock]?.count ?? 0) > 0);
  if (rows.length === 0) return [];
  // Not "whole": a warm-up and a trial have figures of their own.
  const of = run.isOfWarmup ? 'warm-up' : roundText(run);
  return [
    [...heading('latency', { ...setup, width: NAME_CELLS }), span(heads(last, 'last 1 s') + heads(whole, of), 'dim')],
    ...rows.map(([clock, name]): Line => {
      return [
        span(` ${name.padEnd(NAME_CELLS - 1)}`, 'dim'),
        span(figuresText(run.lastLatency[clock], last)),
        span(figuresText(run.whole.latency[clock], whole), 'bold'),
      ];
    }),
  ];
}

/** `round 3` where there are several. */
function roundText({ figuresName, noun }: LiveRun): string {
  return figuresName === '' || figuresName.length > FIRST_CELLS - ' p50 '.length ? noun : figuresName;
}

/** The first column of a half says what the half is of. */
function heads(figures: readonly Figure[], of: string): string {
  return figures
    .map((figure, index) => cell(index === 0 ? `${of} ${LABELS[figure]}` : LABELS[figure], cellsOf(index)))
    .join('');
}

function cellsOf(index: number): number {
  return index === 0 ? FIRST_CELLS : FIGURE_CELLS;
}

function widthOf(figures: readonly Figure[]): number {
  return FIRST_CELLS + FIGURE_CELLS * (figures.length - 1);
}

function figuresText(summary: LatencySummary | undefined, figures: readonly Figure[]): string {
  return figures
    .map((figure, index) =>
      cell(summary === undefined || summary.count === 0 ? '-' : formatLatency(summary[figure]), cellsOf(index)),
    )
    .join('');
}
