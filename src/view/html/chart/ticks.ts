/**
 * Where an axis has ticks and what they say. The drawing without JavaScript and the script of the page share this file, so it touches
 * no page.
 */
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatPercent,
  formatPerSec,
  formatSeconds,
  threeDigits,
} from '../../../units/format.ts';
import type { ChartUnit } from './spec.ts';

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** What decides where ticks stand. */
export interface TickedRange {
  readonly unit: ChartUnit;
  readonly scale: 'linear' | 'log';
  readonly min: number;
  readonly max: number;
  /** The number of ticks that have room. There are at most a few more. */
  readonly wanted: number;
}

/** The sizes that a unit has a name for, ascending: what the size is called, and how many of the unit it is. */
type Sizes = readonly (readonly [size: number, name: string])[];

const NANOSECONDS: Sizes = [
  [1, ' ns'],
  [1e3, ' µs'],
  [1e6, ' ms'],
  [1e9, ' s'],
];
const BYTES: Sizes = [
  [1, ' B'],
  [1024, ' KiB'],
  [1024 ** 2, ' MiB'],
  [1024 ** 3, ' GiB'],
  [1024 ** 4, ' TiB'],
];
const COUNTS: Sizes = [
  [1, ''],
  [1e3, 'k'],
  [1e6, 'M'],
  [1e9, 'G'],
];

const named = (sizes: Sizes, ending: string): Sizes => sizes.map(([size, name]) => [size, `${name}${ending}`]);

const SIZES: Readonly<Record<ChartUnit, Sizes>> = {
  ns: NANOSECONDS,
  usec: [[1e-3, ' ns'], ...NANOSECONDS.slice(1).map(([size, name]) => [size / 1e3, name] as const)],
  sec: [[1, ' s']],
  per_sec: named(COUNTS, '/s'),
  count: COUNTS,
  percent: [[1, ' %']],
  ratio: [[1, '']],
  bytes: BYTES,
  bytes_per_sec: named(BYTES, '/s'),
  percentile: [[1, '']],
  category: [[1, '']],
};

/** The steps of time between ticks, in seconds: what a clock is divided into. */
const CLOCK_STEPS = [60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200];
const DAY_SEC = 86_400;

/** Returns the ticks of a range of numbers, ascending. Categories have none of their own. */
export function ticksOf(range: TickedRange): Tick[] {
  if (range.unit === 'percentile') return percentileTicks(range);
  return range.scale === 'log' ? logTicks(range) : linearTicks(range);
}

function linearTicks(range: TickedRange): Tick[] {
  const { unit, min, max, wanted } = range;
  const step = stepOf(unit, (max - min) / Math.max(1, wanted), Math.max(Math.abs(min), Math.abs(max)));
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // One figure alone tells no scale.
  if (last <= first && wanted < 32) return linearTicks({ ...range, wanted: wanted * 2 });
  return Array.from({ length: Math.max(0, Math.min(99, last - first + 1)) }, (_, index) => {
    const value = (first + index) * step;
    return { value, label: linearLabel(unit, value, step, Math.max(Math.abs(min), Math.abs(max))) };
  });
}

/** The next step that is at least so long: 1, 2 or 5 times a power of ten in the size that the largest value is told in. */
function stepOf(unit: ChartUnit, atLeast: number, largest: number): number {
  if (unit === 'sec' && atLeast > 30) {
    return CLOCK_STEPS.find((step) => step >= atLeast) ?? niceAtLeast(atLeast / DAY_SEC) * DAY_SEC;
  }
  const [size] = sizeOf(SIZES[unit], largest);
  const step = niceAtLeast(atLeast / size) * size;
  // There is no part of one of these.
  return unit === 'count' || unit === 'category' ? Math.max(1, step) : step;
}

function niceAtLeast(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  return ([1, 2, 5].find((each) => each * power >= atLeast * (1 - 1e-9)) ?? 10) * power || 1;
}

function sizeOf(sizes: Sizes, value: number): Sizes[number] {
  return sizes.findLast(([size]) => value >= size * (1 - 1e-9)) ?? sizes[0]!;
}

function linearLabel(unit: ChartUnit, value: number, step: number, largest: number): string {
  if (unit === 'sec' && step >= 60) return clockLabel(value, step);
  if (Math.abs(value) < step * 1e-9 && SIZES[unit].length > 1) return '0';
  // `500/s` beside `1k/s` reads better than `0.5k/s`; times and bytes are compared in one unit.
  const isCounted = unit === 'count' || unit === 'per_sec';
  const [size, name] = sizeOf(SIZES[unit], isCounted ? Math.abs(value) : largest);
  const digits = Math.max(0, -Math.floor(Math.log10(step / size) + 1e-9));
  return `${grouped(value / size, Math.min(digits, 12))}${name}`;
}

/** Minutes, or hours where a step is as long; days after two of them. */
function clockLabel(valueSec: number, stepSec: number): string {
  const [size, name] = stepSec % 3600 === 0 ? [3600, 'h'] : [60, 'min'];
  return valueSec < 172_800 && valueSec / size < 1000 ? `${valueSec / size} ${name}` : formatSeconds(valueSec);
}

function grouped(value: number, digits: number): string {
  // A step below zero of -0 would be "-0".
  return (value === 0 ? 0 : value).toLocaleString('en-US', { maximumFractionDigits: digits });
}

function logTicks(range: TickedRange): Tick[] {
  const { unit, min, max, wanted } = range;
  const values = logValues(min, max, wanted);
  // Within a small part of a decade even steps say more.
  if (values.length < 2) return linearTicks(range);
  return values.map((value) => ({ value, label: ownLabel(unit, value) }));
}

function logValues(min: number, max: number, wanted: number): number[] {
  const decades = Math.log10(max / min);
  const factors = decades * 3 <= wanted ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / Math.max(1, wanted)));
  const values: number[] = [];
  // The logarithm of 0 has no end.
  for (let power = Math.max(-324, Math.floor(Math.log10(min))); power <= Math.ceil(Math.log10(max)); power++) {
    if (power % every !== 0) continue;
    for (const factor of factors) {
      // 10 ** -3 * 5 is not 0.005.
      const value = power < 0 ? factor / 10 ** -power : factor * 10 ** power;
      if (value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9)) values.push(value);
    }
  }
  return values;
}

/** The label of a value in the size of its own. */
function ownLabel(unit: ChartUnit, value: number): string {
  if (unit === 'sec' && value >= 120) return formatSeconds(value);
  const [size, name] = sizeOf(SIZES[unit], value);
  return `${grouped(value / size, 6)}${name}`;
}

/** 50 %, 90 %, 99 % and so on; 75 %, 95 % and so on too where there is room. */
function percentileTicks(range: TickedRange): Tick[] {
  const { min, max, wanted } = range;
  const decades = Math.log10(max / min);
  const between = decades * 2.5 <= wanted ? [1, 2, 4] : [1];
  // The start of a long axis has no room for a label beside that of the median.
  const values = new Set<number>(decades > 2 ? [2] : [1, 2]);
  for (let power = 1; power <= Math.log10(max) + 1; power++) {
    for (const factor of between) values.add(factor * 10 ** power);
  }
  const shown = [...values].filter((value) => value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9));
  // Between two percentiles that have a name there is nothing even to show: the ends.
  const chosen = shown.length >= 2 ? shown : [min, max];
  return chosen.sort((a, b) => a - b).map((value) => ({ value, label: formatChartValue('percentile', value) }));
}

/** Returns a value of a chart for people, exact to what matters: in a legend, in a sentence. */
export function formatChartValue(unit: ChartUnit, value: number, names: readonly string[] = []): string {
  switch (unit) {
    case 'ns':
      return formatLatency(value);
    case 'usec':
      return formatLatency(value * 1e3);
    case 'sec':
      return formatSeconds(value);
    case 'per_sec':
      return formatPerSec(value);
    case 'count':
      return Number.isInteger(value) ? formatCount(value) : threeDigits(value);
    case 'percent':
      return changePercent(value);
    case 'ratio':
      return value === 0 ? '0' : value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
    case 'bytes':
      return formatBytes(Math.round(value));
    case 'bytes_per_sec':
      return `${formatBytes(Math.round(value))}/s`;
    case 'percentile':
      return percentileName(value);
    case 'category':
      return names[value] ?? '';
  }
}

/** Shares are between 0 and 100 %. Changes may be less, or a multiple. */
function changePercent(percent: number): string {
  if (Math.abs(percent) > 100) return `${threeDigits(percent)} %`;
  return percent < 0 ? `-${formatPercent(-percent)}` : formatPercent(percent);
}

/** `50 %`, `99.9 %`, `99.999 %`: as many digits as tell the value from 100 %. */
function percentileName(value: number): string {
  const percent = 100 - 100 / Math.max(1, value);
  const digits = Math.max(0, Math.ceil(Math.log10(Math.max(1, value)) - 2 - 1e-9));
  return `${grouped(percent, percent < 99 ? 1 : Math.min(digits + (isPowerOfTen(value) ? 0 : 1), 12))} %`;
}

function isPowerOfTen(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
}
