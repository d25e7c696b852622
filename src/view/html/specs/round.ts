/** The charts of a round of connections over time. */
import type { IntervalResult, RoundResult } from '../../../document/client.ts';
import { BLAMED, countByOwner, OUTCOMES, type OutcomeName, type OwnerCounts } from '../../../document/outcome.ts';
import { formatCount } from '../../../units/format.ts';
import { KERNEL_ROWS } from '../../../document/kernel-table.ts';
import type { KernelEvidence } from '../../../document/kernel-evidence.ts';
import type { PacketEvidence } from '../../../document/packet-evidence.ts';
import { PACKET_ROWS } from '../../../document/packet-table.ts';
import type { CounterInterval } from '../../../judge/counter-intervals.ts';
import type { ChartRole, ChartSeries, ChartSpec } from '../chart/spec.ts';
import { wholeIntervals } from './intervals.ts';
import { overTimeChart, timeAxis } from './percentiles.ts';

/** What is finer than this share of a rate is less than a pixel. */
const RATE_DIGITS = 5;

/** What an interval counts, per second of its length. */
export function perSec({ length_sec: lengthSec }: { readonly length_sec: number }, count: number): number | null {
  if (lengthSec <= 0) return null;
  const rate = count / lengthSec;
  return Number.isInteger(rate) ? rate : Number(rate.toPrecision(RATE_DIGITS));
}

/** Offered and completed rates, with failures on top by the side that caused them. */
export function rateChart(id: string, group: string, round: RoundResult): ChartSpec {
  const intervals = wholeIntervals(round.intervals);
  const owners = intervals.map(ownersOf);
  const stacked = (label: string, role: ChartRole, counts: readonly number[]): ChartSeries => ({
    label,
    role,
    values: counts.map((count, index) => perSec(intervals[index]!, count)),
    kind: 'area',
    stacked: true,
  });
  const blamed = BLAMED.map((owner) =>
    stacked(
      owner === 'generator' ? 'failed or missed here (generator)' : `failed (${owner})`,
      owner,
      owners.map((each) => each[owner]),
    ),
  );
  const rest = stacked(
    'failed (owner not known)',
    'neutral',
    owners.map(({ unattributed }) => unattributed),
  );
  const failed = [...blamed, rest].filter(({ values }) => values.some((value) => (value ?? 0) > 0));
  return {
    id,
    title: 'Rates, and failures by owner',
    description:
      'Attempts that were due, exchanges that ended well, and failures by the side that caused them, per second.',
    group,
    x: timeAxis(intervals),
    y: { label: 'per second', unit: 'per_sec', scale: 'linear' },
    series: [
      stacked(
        'completed',
        'ok',
        intervals.map(({ ok }) => ok),
      ),
      ...failed,
      {
        label: 'due',
        role: 'offered',
        values: intervals.map((interval) => perSec(interval, interval.scheduled)),
        kind: 'line',
      },
    ],
  };
}

/** Failures by owner. A result without outcomes by interval tells only how many there were. */
function ownersOf(interval: IntervalResult): OwnerCounts {
  const { outcomes, failed, missed } = interval;
  if (outcomes === undefined) return { generator: missed, network: 0, target: 0, unattributed: failed };
  const none = Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as Record<OutcomeName, number>;
  return countByOwner({ ...none, ...outcomes }, missed);
}

/** Connections open at the end of each interval, beside the most between: what opens and ends within a second is in none of the ends. */
export function openChart(id: string, group: string, round: RoundResult): ChartSpec {
  const intervals = wholeIntervals(round.intervals);
  const most = round.attempts.in_flight_max;
  const isHeld = intervals.some(({ held }) => held > 0);
  return {
    id,
    title: 'Connections open at the end of each second',
    description: `Connections that were open at the end of each second, and the most that were open at any time: ${formatCount(most)}.`,
    group,
    x: timeAxis(intervals),
    y: { label: 'connections', unit: 'count', scale: 'linear' },
    series: [
      { label: 'open', role: 'run0', values: intervals.map((each) => each.in_flight), kind: 'line' },
      ...(isHeld
        ? [{ label: 'held', role: 'run1' as const, values: intervals.map((each) => each.held), kind: 'line' as const }]
        : []),
    ],
    marks: [{ axis: 'y', value: most, label: `the most at any time: ${formatCount(most)}` }],
  };
}

/** How late attempts were started. */
export function lagChart(id: string, group: string, round: RoundResult): ChartSpec {
  const intervals = wholeIntervals(round.intervals);
  const chart = overTimeChart(id, group, 'schedule lag', intervals, ({ latency_ns: { schedule_lag: lag } }) => lag);
  const who = round.agents === undefined ? 'this machine' : 'the agents';
  return { ...chart, description: `How late ${who} started attempts, by percentile, in each interval.` };
}

/** The most counters in one chart. */
const COUNTERS_MAX = 6;

/** What the kernel counted in each interval: the counters that can tell of a problem. */
export function kernelChart(id: string, group: string, kernel: KernelEvidence): ChartSpec | null {
  return countersChart(id, group, 'What the kernel counted', kernel.intervals ?? [], (key) =>
    Boolean(KERNEL_ROWS.get(key)?.says),
  );
}

/** What the packet engine counted in each interval beside the packets that any run has. */
export function packetChart(id: string, group: string, { intervals }: PacketEvidence): ChartSpec | null {
  return countersChart(
    id,
    group,
    'What the packet engine counted',
    intervals,
    (key) => PACKET_ROWS.get(key)?.isUsual !== true,
  );
}

/** The counters that tell of a problem and moved, those that moved most first. */
function countersChart(
  id: string,
  group: string,
  title: string,
  all: readonly CounterInterval[],
  isProblem: (key: string) => boolean,
): ChartSpec | null {
  const intervals = wholeIntervals(all);
  const sums = new Map<string, number>();
  for (const { added } of intervals) {
    for (const [key, count] of Object.entries(added)) {
      if (isProblem(key)) sums.set(key, (sums.get(key) ?? 0) + count);
    }
  }
  const most = [...sums].sort(([, one], [, other]) => other - one).slice(0, COUNTERS_MAX);
  if (most.length === 0) return null;
  return {
    id,
    title,
    description: 'Events per second that this machine counted and that can tell of a problem.',
    group,
    x: timeAxis(intervals),
    y: { label: 'events per second', unit: 'per_sec', scale: 'linear' },
    series: most.map(([key], index) => ({
      label: key,
      role: `run${index}`,
      values: intervals.map((interval) => perSec(interval, interval.added[key] ?? 0)),
      kind: 'line',
    })),
  };
}
