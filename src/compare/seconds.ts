/** The seconds of one run, ready to be drawn anew: what the noise within a run makes of its figures. */
import { blockLength, drawBlocks, varianceOf, type Resamples } from './bootstrap.ts';
import { DistributionSum } from './distribution-sum.ts';
import { countedValue, type FigureSource } from './figures.ts';
import type { Measured, MeasuredRound } from './measured.ts';

/** Long runs are taken in at most so many pieces: their blocks have several seconds anyway. */
const PIECES_MAX = 240;

/** Neighbouring intervals taken as one. */
interface Piece extends Measured {
  readonly spans: readonly Measured[];
}

/** One round of one run. */
export class RunSeconds {
  readonly #pieces: readonly Piece[];
  readonly #sums = new Map<string, DistributionSum | null>();
  readonly #variances = new Map<string, number | null>();
  #resamples: Resamples | null = null;
  readonly #mainClock: string;
  readonly #mainRate: string;

  constructor({ intervals }: MeasuredRound, mainClock: string, mainRate: string) {
    this.#pieces = piecesOf(intervals);
    this.#mainClock = mainClock;
    this.#mainRate = mainRate;
  }

  /** The length of a block that this run asks for, in seconds; null where the run is too short. */
  get wantedBlockSec(): number | null {
    const pieceSec = this.#pieceSec;
    const series = [
      this.#pieces.map(({ latency }) => Math.log(Math.max(1, latency[this.#mainClock]?.mean ?? 1))),
      this.#pieces.map(({ counts, lengthSec }) => (counts[this.#mainRate] ?? 0) / lengthSec),
    ];
    const lengths = series.map((values) => blockLength(values, pieceSec));
    return lengths.includes(null) ? null : Math.max(...lengths.map((length) => length ?? 0)) * pieceSec;
  }

  /** Draws the blocks. Before it nothing has a variance. */
  draw(blockSec: number): void {
    const block = Math.max(1, Math.round(blockSec / this.#pieceSec));
    this.#resamples = drawBlocks(this.#pieces.length, Math.min(block, Math.floor(this.#pieces.length / 2)));
    this.#variances.clear();
  }

  get blocks(): number {
    return this.#resamples?.blocks ?? 0;
  }

  /** Returns the variance of a figure on the scale of its estimate; null where there is none. */
  varianceOf(source: FigureSource, isRatio: boolean): number | null {
    if (source.kind === 'cpu') return null;
    if (source.kind === 'quantile') return this.quantileVariance(source.clock, source.quantile.share);
    const scale = isRatio ? positiveLog : (value: number | null): number | null => value;
    return this.#variance(JSON.stringify(source), (weights) => scale(countedValue(source, this.#pieces, weights)));
  }

  /** Returns the variance of the logarithm of a quantile. */
  quantileVariance(clock: string, share: number): number | null {
    const sum = this.#sumOf(clock);
    if (sum === null) return null;
    return this.#variance(`${clock} ${share}`, (weights) => positiveLog(sum.quantile(share, weights)));
  }

  get #pieceSec(): number {
    const totalSec = this.#pieces.reduce((sum, { lengthSec }) => sum + lengthSec, 0);
    return this.#pieces.length === 0 ? 1 : totalSec / this.#pieces.length;
  }

  #sumOf(clock: string): DistributionSum | null {
    const known = this.#sums.get(clock);
    if (known !== undefined) return known;
    const sum = DistributionSum.of(
      this.#pieces.map(({ spans }) => spans),
      clock,
    );
    this.#sums.set(clock, sum);
    return sum;
  }

  #variance(name: string, figureOf: (weights: Uint16Array) => number | null): number | null {
    const known = this.#variances.get(name);
    if (known !== undefined) return known;
    const variance = this.#resamples === null ? null : varianceOf(this.#resamples, figureOf);
    this.#variances.set(name, variance);
    return variance;
  }
}

function positiveLog(value: number | null): number | null {
  return value === null || value <= 0 ? null : Math.log(value);
}

function piecesOf(intervals: readonly Measured[]): Piece[] {
  const each = Math.max(1, Math.ceil(intervals.length / PIECES_MAX));
  const pieces: Piece[] = [];
  for (let from = 0; from + each <= intervals.length; from += each) {
    const spans = intervals.slice(from, from + each);
    pieces.push(spans.length === 1 ? { ...spans[0]!, spans } : joined(spans));
  }
  return pieces;
}

function joined(spans: readonly Measured[]): Piece {
  const counts: Record<string, number> = {};
  const latency: Record<string, Measured['latency'][string]> = {};
  let lengthSec = 0;
  for (const span of spans) {
    lengthSec += span.lengthSec;
    for (const [name, count] of Object.entries(span.counts)) counts[name] = (counts[name] ?? 0) + count;
    for (const [clock, summary] of Object.entries(span.latency)) {
      const before = latency[clock];
      const count = (before?.count ?? 0) + summary.count;
      const mean =
        count === 0 ? 0 : ((before?.mean ?? 0) * (before?.count ?? 0) + summary.mean * summary.count) / count;
      // Only the mean is read of pieces: their quantiles come from the distributions of `spans`.
      latency[clock] = { ...summary, count, mean };
    }
  }
  return { lengthSec, counts, latency, histograms: undefined, spans };
}
