/** What samples say: quantiles, the median with its confidence interval, the empirical distribution, its density. */

/** What samples say, in their unit. */
export interface Summary {
  /** The number of samples. */
  readonly count: number;
  /** The median. */
  readonly median: number;
  /** The lower end of the 95 % confidence interval of the median; null with fewer than six samples. */
  readonly median_lower: number | null;
  /** The upper end of the 95 % confidence interval of the median; null with fewer than six samples. */
  readonly median_upper: number | null;
  /** The smallest sample. */
  readonly min: number;
  /** The mean. */
  readonly mean: number;
  /** The 90th percentile. */
  readonly p90: number;
  /** The 95th percentile. */
  readonly p95: number;
  /** The 99th percentile. */
  readonly p99: number;
  /** The largest sample. */
  readonly max: number;
}

const CONFIDENCE = 0.95;

/** Two-sided, of the normal distribution. */
const Z = 1.959_963_985;

/** The number of samples from which the normal distribution is close enough to the binomial one for a rank. */
const NORMAL_FROM = 200;

/** Summarizes at least one sample, in any order. */
export function summarize(samples: readonly number[]): Summary {
  const sorted = Float64Array.from(samples).sort();
  const count = sorted.length;
  if (count === 0) throw new RangeError('no sample');
  const rank = medianRank(count);
  let sum = 0;
  for (const sample of sorted) sum += sample;
  return {
    count,
    median: quantile(sorted, 0.5),
    median_lower: rank === null ? null : sorted[rank - 1]!,
    median_upper: rank === null ? null : sorted[count - rank]!,
    min: sorted[0]!,
    mean: sum / count,
    p90: quantile(sorted, 0.9),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    max: sorted[count - 1]!,
  };
}

/** The quantile of ascending samples; between two of them by interpolation (type 7 of Hyndman and Fan 1996, as in R and NumPy). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/**
 * The rank r (from 1) for which the r-th smallest and the r-th largest of `count` samples hold the median between them with at
 * least 95 % confidence, whatever the distribution: the number of samples below the median is binomial with p = ½ (David and
 * Nagaraja, Order Statistics, 7.1). Null where even the smallest and the largest do not.
 */
export function medianRank(count: number): number | null {
  if (count >= NORMAL_FROM) return Math.max(1, Math.floor((count - Z * Math.sqrt(count)) / 2));
  const tail = (1 - CONFIDENCE) / 2;
  let probability = 2 ** -count;
  let below = probability;
  let rank = 0;
  // P(fewer than rank + 1 samples are below the median)
  while (below <= tail) {
    rank++;
    probability *= (count - rank + 1) / rank;
    below += probability;
  }
  return rank === 0 ? null : rank;
}

/** A step at each different value: the share of samples that are no larger. Ascending; the last share is 1. */
export function empiricalDistribution(samples: readonly number[]): (readonly [value: number, share: number])[] {
  const sorted = Float64Array.from(samples).sort();
  const steps: (readonly [number, number])[] = [];
  for (let index = 0; index < sorted.length; index++) {
    if (sorted[index] !== sorted[index + 1]) steps.push([sorted[index]!, (index + 1) / sorted.length]);
  }
  return steps;
}

/**
 * A kernel estimate of the density at each of `at`, per unit of the samples: Gaussian, its width by Silverman's rule of thumb
 * (Density Estimation, 1986, 3.31), which takes the smaller of deviation and scaled quartile range, so that a few outliers do
 * not blur the rest. Samples that are all the same have no density: then all is 0.
 */
export function density(samples: readonly number[], at: readonly number[]): number[] {
  const width = kernelWidth(samples);
  if (width === 0) return at.map(() => 0);
  const norm = 1 / (samples.length * width * Math.sqrt(2 * Math.PI));
  return at.map((x) => {
    let sum = 0;
    for (const sample of samples) sum += Math.exp(-0.5 * ((x - sample) / width) ** 2);
    return sum * norm;
  });
}

const QUARTILES_PER_DEVIATION = 1.34;

/** The bandwidth of the Gaussian kernel, in the unit of the samples; 0 where they do not differ. */
export function kernelWidth(samples: readonly number[]): number {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length < 2) return 0;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (sorted.length - 1));
  const quartiles = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / QUARTILES_PER_DEVIATION;
  const spread = quartiles > 0 ? Math.min(deviation, quartiles) : deviation;
  return 0.9 * spread * sorted.length ** -0.2;
}

/** The standard deviation as a share of the mean, in percent; null where fewer than two samples have none. */
export function deviationPercent(samples: readonly number[]): number | null {
  if (samples.length < 2) return null;
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return (Math.sqrt(squares / (samples.length - 1)) / mean) * 100;
}
