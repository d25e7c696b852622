/** Histograms from plain values, counted as a pacing thread counts them. */
import {
  LatencyHistogram,
  BUCKETS,
  STATS,
  STAT_COUNT,
  STAT_MAX,
  STAT_MIN,
  STAT_SUM,
  bucketOf,
} from '../../src/count/histogram.ts';

/** Each value `times` times, where a pair is given. */
export function histogramOf(values: readonly (number | readonly [valueNs: number, times: number])[]): LatencyHistogram {
  const counts = new Uint32Array(BUCKETS);
  const stats = new Float64Array(STATS);
  for (const entry of values) {
    const [valueNs, times] = typeof entry === 'number' ? [entry, 1] : entry;
    counts[bucketOf(valueNs)]! += times;
    stats[STAT_MIN] = stats[STAT_COUNT] === 0 ? valueNs : Math.min(stats[STAT_MIN]!, valueNs);
    stats[STAT_MAX] = Math.max(stats[STAT_MAX]!, valueNs);
    stats[STAT_COUNT]! += times;
    stats[STAT_SUM]! += valueNs * times;
  }
  const histogram = new LatencyHistogram();
  histogram.add(counts, stats);
  return histogram;
}
