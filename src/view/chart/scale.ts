/** Maps values to places on paper, and chooses the values at which an axis has ticks. */

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  /** Pixels along the axis. */
  readonly place: (value: number) => number;
  readonly ticks: readonly Tick[];
}

/** Pixels at the start and at the end of an axis; upwards the start is the larger one. */
export type Extent = readonly [start: number, end: number];

/** Numbers at the ends of what a double holds give no more ticks than these. */
const TICKS_MAX = 99;

/** Even steps of 1, 2 or 5 times a power of ten, with room for `wanted` ticks. */
export function linearScale(min: number, max: number, extent: Extent, wanted = 6): Scale {
  const [low, high] = min < max ? [min, max] : [min - 0.5, min + 0.5];
  const step = niceStep((high - low) / wanted);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = Array.from({ length: Math.max(0, Math.min(TICKS_MAX, last - first + 1)) }, (_, index) => {
    const value = (first + index) * step;
    return { value, label: value.toLocaleString('en-US', { maximumFractionDigits: digits }) };
  });
  return { place: (value) => interpolate(extent, (value - low) / (high - low)), ticks };
}

function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = [1, 2, 5, 10].find((each) => each * power >= atLeast * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Powers of ten, with 2 and 5 between them where there are few. Both bounds have to be more than 0. */
export function logScale(min: number, max: number, extent: Extent): Scale {
  const [low, high] = min < max ? [min, max] : [min / 2, min * 2];
  const decades = Math.log10(high / low);
  const factors = decades > 4 ? [1] : [1, 2, 5];
  const ticks: Tick[] = [];
  // The logarithm of 0 has no end.
  for (let power = Math.max(-324, Math.floor(Math.log10(low))); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
        ticks.push({ value, label: value.toLocaleString('en-US', { maximumFractionDigits: Math.max(0, -power) }) });
      }
    }
  }
  return { place: (value) => interpolate(extent, Math.log10(value / low) / decades), ticks };
}

/** One place for each name, in order, at its index. */
export function bandScale(names: readonly string[], extent: Extent): Scale {
  const place = (index: number): number => interpolate(extent, (index + 0.5) / Math.max(1, names.length));
  return { place, ticks: names.map((label, value) => ({ value, label })) };
}

function interpolate([start, end]: Extent, share: number): number {
  return start + (end - start) * share;
}

/** The next power of ten, or 2 or 5 times one, outwards: where a logarithmic axis begins and ends. */
export function niceLogBounds(min: number, max: number): readonly [number, number] {
  const round = (value: number, pick: (candidates: number[]) => number | undefined): number => {
    const power = 10 ** Math.floor(Math.log10(value));
    return pick([1, 2, 5, 10].map((factor) => factor * power)) ?? value;
  };
  return [
    round(min, (candidates) => candidates.findLast((each) => each <= min * (1 + 1e-9))),
    round(max, (candidates) => candidates.find((each) => each >= max * (1 - 1e-9))),
  ];
}
