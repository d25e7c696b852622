/** Charts of several rounds along the rate that was offered. */
import type { RoundResult } from '../../../document/client.ts';
import type { LatencySummary } from '../../../document/common.ts';
import type { ChartRole, ChartSeries, ChartSpec } from '../chart/spec.ts';

type Rated = Pick<RoundResult, 'offered_rate_per_sec' | 'ramp' | 'rate_per_sec' | 'latency_ns'>;

interface Placed<Round> {
  readonly offered: number;
  readonly round: Round;
}

/** Rounds at a constant rate, ascending. */
function placed<Round extends Rated>(rounds: readonly Round[]): Placed<Round>[] {
  return rounds
    .flatMap((round) =>
      round.offered_rate_per_sec === null || round.ramp !== undefined
        ? []
        : [{ offered: round.offered_rate_per_sec, round }],
    )
    .sort((one, other) => one.offered - other.offered);
}

function axisOf(list: readonly Placed<Rated>[]): ChartSpec['x'] {
  return {
    label: 'offered rate',
    unit: 'per_sec',
    scale: scaleFor(list.map(({ offered }) => offered)),
    values: list.map(({ offered }) => offered),
  };
}

/** Rates that span more than a decade are told apart on a logarithmic axis. */
export function scaleFor(values: readonly number[]): 'linear' | 'log' {
  const positive = values.filter((value) => value > 0);
  return positive.length > 0 && Math.max(...positive) > 10 * Math.min(...positive) ? 'log' : 'linear';
}

/** A line from one round to another at the same rate would mean nothing. */
function kindFor(list: readonly Placed<Rated>[]): 'line' | 'points' {
  return list.some(({ offered }, index) => offered === list[index - 1]?.offered) ? 'points' : 'line';
}

/** What was achieved of what was offered. */
export function rateByRateChart(id: string, rounds: readonly Rated[]): ChartSpec {
  const list = placed(rounds);
  const x = axisOf(list);
  return {
    id,
    title: 'Achieved by offered rate',
    description: 'Rates that rounds achieved, along the rate that they were asked for.',
    group: 'by-rate',
    x,
    y: { label: 'per second', unit: 'per_sec', scale: x.scale },
    series: [
      { label: 'offered', role: 'offered', values: list.map(({ offered }) => offered), kind: 'line' },
      {
        label: 'completed',
        role: 'ok',
        values: list.map(({ round }) => round.rate_per_sec.completed),
        kind: kindFor(list),
      },
    ],
  };
}

const DRAWN = [
  ['p50', 'p50', 'p50'],
  ['p90', 'p90', 'p90'],
  ['p99', 'p99', 'p99'],
  ['max', 'max', 'max'],
] as const satisfies readonly (readonly [string, keyof LatencySummary, ChartRole])[];

/** Latency along the rate that was offered. */
export function latencyByRateChart(id: string, rounds: readonly Rated[]): ChartSpec {
  const list = placed(rounds);
  return {
    id,
    title: 'Latency by offered rate',
    description:
      'Percentiles of total, from the start to the end of the exchange, along the rate that rounds were asked for.',
    group: 'by-rate',
    x: axisOf(list),
    y: { label: 'total', unit: 'ns', scale: 'log' },
    series: DRAWN.map(([label, name, role]): ChartSeries => ({
      label,
      role,
      values: list.map(
        ({
          round: {
            latency_ns: { total },
          },
        }) => (total.count === 0 ? null : total[name]),
      ),
      kind: kindFor(list),
    })),
  };
}
