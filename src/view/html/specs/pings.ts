/** The charts of round trips that rounds of connections do not have. */
import type { RttRound, RttSamples } from '../../../document/rtt.ts';
import type { ChartSeries, ChartSpec } from '../chart/spec.ts';
import { wholeIntervals } from './intervals.ts';
import { timeAxis } from './percentiles.ts';
import { perSec } from './round.ts';

/** Pings sent and answered, and those that were lost or missed. */
export function pingRateChart(id: string, group: string, round: RttRound): ChartSpec {
  const intervals = wholeIntervals(round.intervals);
  const rates = (of: (interval: RttRound['intervals'][number]) => number): (number | null)[] =>
    intervals.map((interval) => perSec(interval, of(interval)));
  const failures: readonly ChartSeries[] = [
    { label: 'lost', role: 'network', values: rates(({ lost }) => lost), kind: 'area', stacked: true },
    { label: 'missed', role: 'generator', values: rates(({ missed }) => missed), kind: 'area', stacked: true },
  ];
  return {
    id,
    title: 'Pings per second',
    description: 'Pings that came back, that were lost and that were not sent, per second.',
    group,
    x: timeAxis(intervals),
    y: { label: 'per second', unit: 'per_sec', scale: 'linear' },
    series: [
      { label: 'received', role: 'ok', values: rates(({ received }) => received), kind: 'area', stacked: true },
      ...failures.filter(({ values }) => values.some((value) => (value ?? 0) > 0)),
      { label: 'due', role: 'offered', values: rates(({ scheduled }) => scheduled), kind: 'line' },
    ],
  };
}

/** The most single round trips in a chart. */
const SAMPLES_MAX = 600;

/** Single round trips; of very many, the longest of each run of neighbours, so that no peak is lost. */
export function samplesChart(id: string, { every, at_sec: atSec, rtt_ns: rttNs }: RttSamples): ChartSpec {
  const width = Math.ceil(rttNs.length / SAMPLES_MAX);
  const points: [number, number][] = [];
  for (let start = 0; start < rttNs.length; start += width) {
    let longest = start;
    for (let at = start; at < Math.min(start + width, rttNs.length); at++)
      if (rttNs[at]! > rttNs[longest]!) longest = at;
    points.push([atSec[longest]!, rttNs[longest]!]);
  }
  // Replies are in the order in which they came, and their times are rounded.
  points.sort(([one], [other]) => one - other);
  const which = width > 1 ? ` The longest of each ${width} is shown.` : '';
  return {
    id,
    title: 'Single round trips',
    description: `Single round trips, one of ${every} in the order of the replies.${which}`,
    x: { label: 'time', unit: 'sec', scale: 'linear', values: points.map(([time]) => time) },
    y: { label: 'round trip', unit: 'ns', scale: 'log' },
    series: [{ label: 'round trip', role: 'run0', values: points.map(([, rtt]) => rtt), kind: 'points' }],
  };
}
