/** The table of figures that are compared, and what each is of a round. */
import type { CriterionUnit } from '../document/client.ts';
import type { CompareFigure } from '../document/compare.ts';
import type { LatencySummary } from '../document/common.ts';
import type { Measured, MeasuredRound } from './measured.ts';

/** Where a figure comes from. */
export type FigureSource =
  | { readonly kind: 'quantile'; readonly clock: string; readonly quantile: StoredQuantile }
  | { readonly kind: 'rate'; readonly counted: string }
  | { readonly kind: 'share'; readonly part: string; readonly whole: string }
  | { readonly kind: 'cpu' };

/** A figure of rounds. */
export interface FigureSpec {
  readonly name: string;
  readonly unit: CriterionUnit;
  readonly better: CompareFigure['better'];
  readonly change: CompareFigure['change'];
  /** Tested unless other figures were asked for. */
  readonly isPrimary: boolean;
  readonly source: FigureSource;
}

/** The quantiles that a result holds of every clock, by their name there. */
const STORED_QUANTILES = [
  { key: 'p50', share: 0.5 },
  { key: 'p75', share: 0.75 },
  { key: 'p90', share: 0.9 },
  { key: 'p95', share: 0.95 },
  { key: 'p99', share: 0.99 },
  { key: 'p99_9', share: 0.999 },
] as const satisfies readonly { readonly key: keyof LatencySummary; readonly share: number }[];

export type StoredQuantile = (typeof STORED_QUANTILES)[number];

export const STORED: readonly StoredQuantile[] = STORED_QUANTILES;

/** The quantiles that are figures of every clock. */
const FIGURE_QUANTILES: readonly StoredQuantile['key'][] = ['p50', 'p90', 'p99', 'p99_9'];

/**
 * The figures of each kind of result. Those that are tested are few: the p-value of each is judged by how many there are. The median and
 * p99 of the main clock, the rate, failures and processor time differ where anything that matters does.
 */
const KINDS = {
  client: {
    clocks: ['total', 'connect', 'first_byte', 'corrected_total'],
    rates: [
      { name: 'rate(completed)', counted: 'completed', isPrimary: true },
      { name: 'rate(established)', counted: 'established', isPrimary: false },
    ],
    failures: { name: 'failures', part: 'failed', whole: 'started' },
  },
  rtt: {
    clocks: ['rtt', 'corrected_rtt'],
    rates: [{ name: 'rate(received)', counted: 'received', isPrimary: true }],
    failures: { name: 'loss', part: 'lost', whole: 'sent' },
  },
} as const;

export type RoundsKind = keyof typeof KINDS;

/** Returns the clocks of a kind of result, the main one first. */
export function clocksOf(kind: RoundsKind): readonly string[] {
  return KINDS[kind].clocks;
}

/** Returns the figures of a kind of result. */
export function figuresOf(kind: RoundsKind): FigureSpec[] {
  const { rates, failures, clocks } = KINDS[kind];
  const quantiles = clocks.flatMap((clock, index) => quantileFigures(clock, index === 0));
  return [
    ...rates.map(({ name, counted, isPrimary }): FigureSpec => {
      const source = { kind: 'rate', counted } as const;
      return { name, unit: 'per_sec', better: 'higher', change: 'ratio', isPrimary, source };
    }),
    {
      name: failures.name,
      unit: 'percent',
      better: 'lower',
      change: 'difference',
      isPrimary: true,
      source: { kind: 'share', part: failures.part, whole: failures.whole },
    },
    { name: 'cpu', unit: 'ns', better: 'lower', change: 'ratio', isPrimary: true, source: { kind: 'cpu' } },
    ...quantiles,
  ];
}

function quantileFigures(clock: string, isMainClock: boolean): FigureSpec[] {
  return STORED.filter(({ key }) => FIGURE_QUANTILES.includes(key)).map((quantile) => ({
    name: `${quantile.key.replace('_', '.')}(${clock})`,
    unit: 'ns',
    better: 'lower',
    change: 'ratio',
    isPrimary: isMainClock && (quantile.key === 'p50' || quantile.key === 'p99'),
    source: { kind: 'quantile', clock, quantile },
  }));
}

/** Returns the figure of a round; null where it was not measured. */
export function valueOf(source: FigureSource, round: MeasuredRound): number | null {
  switch (source.kind) {
    case 'cpu':
      return round.cpuNs;
    case 'quantile': {
      const latency = round.latency[source.clock];
      return latency === undefined || latency.count === 0 ? null : latency[source.quantile.key];
    }
    default:
      return countedValue(source, [round], [1]);
  }
}

/** Returns a rate or a share over several spans of time, each as often as its weight says. */
export function countedValue(
  source: Extract<FigureSource, { readonly kind: 'rate' | 'share' }>,
  spans: readonly Measured[],
  weights: ArrayLike<number>,
): number | null {
  let part = 0;
  let whole = 0;
  for (const [index, { counts, lengthSec }] of spans.entries()) {
    const weight = weights[index]!;
    part += weight * (counts[source.kind === 'rate' ? source.counted : source.part] ?? 0);
    whole += weight * (source.kind === 'rate' ? lengthSec : (counts[source.whole] ?? 0));
  }
  if (whole === 0) return null;
  return source.kind === 'rate' ? part / whole : (part / whole) * 100;
}
