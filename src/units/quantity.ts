/**
 * Quantities as people write them: durations, rates, sizes, ports, counts.
 *
 * A parser gives a value in base units (nanoseconds, connections per second, bytes) or the sentence that says what it
 * expects; it never throws. What `format…` writes, the parser of the same quantity reads back.
 */
import { accept, refuse, withRange, type Parsed, type Parser } from './problem.ts';

export const NS_PER_US = 1e3;
export const NS_PER_MS = 1e6;
export const NS_PER_SEC = 1e9;
const NS_PER_MINUTE = 60 * NS_PER_SEC;
const NS_PER_HOUR = 60 * NS_PER_MINUTE;
export const NS_PER_DAY = 24 * NS_PER_HOUR;

const DURATION_UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: NS_PER_US,
  µs: NS_PER_US,
  μs: NS_PER_US,
  ms: NS_PER_MS,
  s: NS_PER_SEC,
  m: NS_PER_MINUTE,
  h: NS_PER_HOUR,
};

const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

const RATE_EXPONENTS: Readonly<Record<string, number>> = { '': 0, k: 3, m: 6 };
const RATE_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

// No sign, no exponent, no hexadecimal: what Number() would take beyond this is more often a slip than meant.
const NUMBER = '(\\d+(?:\\.\\d+)?|\\.\\d+)';
const DURATION = new RegExp(`^${NUMBER}\\s*([a-zµμ]*)$`);
const SIZE = new RegExp(`^${NUMBER}\\s*([a-z]*)$`, 'i');
const RATE = new RegExp(`^${NUMBER}\\s*([km]?)(?:/([smh]))?$`, 'i');
const NEGATIVE = /^-\s*[\d.]/;
const COUNT = /^\d+$/;

/** The slowest and the fastest schedule that makes sense: one connection in 1000 s, ten times what one machine can do. */
export const RATE_MIN_PER_SEC = 0.001;
export const RATE_MAX_PER_SEC = 10_000_000;
/** Rates that are calculated, as those of steps, are whole millionths. */
export const RATE_DECIMALS = 6;
export const RATE_RESOLUTION_PER_SEC = 0.000001;

export const PORT_MAX = 65_535;

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Parses durations between `min` and `max` nanoseconds, both included. */
export function durationParser({ min, max }: Range): Parser<number> {
  const parse = (text: string): Parsed<number> => {
    const match = DURATION.exec(text.trim());
    if (match === null) {
      return refuse(NEGATIVE.test(text.trim()) ? atLeastDuration(min) : 'a duration such as 10s, 500ms, 250us or 2m');
    }
    const unit = match[2] === '' ? 's' : (match[2] ?? '');
    const unitNs = DURATION_UNITS_NS[unit];
    if (unitNs === undefined) return refuse('a duration in ns, us, ms, s, m or h, such as 10s, 500ms, 250us or 2m');
    const durationNs = Math.round(Number(match[1]) * unitNs);
    if (!(durationNs >= min)) return refuse(atLeastDuration(min));
    if (!(durationNs <= max)) return refuse(`a duration of at most ${formatDuration(max)}`);
    return accept(durationNs);
  };
  return withRange(parse, { min, max, format: formatDuration });
}

function atLeastDuration(min: number): string {
  return min === 0 ? 'a duration of 0s or more' : `a duration of at least ${formatDuration(min)}`;
}

/** The shortest exact spelling with one unit: `10s`, `500ms`, `1500ms`, `90m`. */
export function formatDuration(durationNs: number): string {
  if (durationNs === 0) return '0s';
  for (const [unit, unitNs] of [
    ['h', NS_PER_HOUR],
    ['m', NS_PER_MINUTE],
    ['s', NS_PER_SEC],
    ['ms', NS_PER_MS],
    ['us', NS_PER_US],
  ] as const) {
    if (durationNs % unitNs === 0) return `${String(durationNs / unitNs)}${unit}`;
  }
  return `${String(durationNs)}ns`;
}

const CONNECTION_RATES = { min: RATE_MIN_PER_SEC, max: RATE_MAX_PER_SEC };

/** Parses rates of `what` (a plural) per second between `min` and `max`, both included. `examples` are for who wrote something else. */
export function rateParser(what: string, { min, max }: Range, examples = '25000 or 25k'): Parser<number> {
  const parse = (text: string): Parsed<number> => {
    const trimmed = text.trim();
    const match = RATE.exec(trimmed);
    if (match === null) {
      if (NEGATIVE.test(trimmed)) return refuse(`more than 0 ${what}/s`);
      return refuse(`a number of ${what}/s such as ${examples}`);
    }
    const exponent = RATE_EXPONENTS[(match[2] ?? '').toLowerCase()] ?? 0;
    // As an exponent, because 1.1 * 1000 is not 1100. Nothing is rounded: of 1/m a millionth would be an attempt too many or too few.
    const ratePerSec = Number(`${match[1] ?? ''}e${exponent}`) / (RATE_SECONDS[(match[3] ?? 's').toLowerCase()] ?? 1);
    if (!(Number(match[1]) > 0)) return refuse(`more than 0 ${what}/s`);
    if (!(ratePerSec >= min)) return refuse(`at least ${String(min)} ${what}/s`);
    if (!(ratePerSec <= max)) return refuse(`at most ${String(max)} ${what}/s`);
    return accept(ratePerSec);
  };
  return withRange(parse, { min, max, format: formatRate });
}

/** Parses what `parse` does, and the word `max`. */
export function rateOrMaxParser(parse: Parser<number>): Parser<Rate> {
  const parseEither = (text: string): Parsed<Rate> =>
    text.trim().toLowerCase() === 'max' ? accept('max') : parse(text);
  return parse.range === undefined ? parseEither : withRange(parseEither, parse.range);
}

/** `25000`, `25000/s`, `25k`, `1.5k/s`, `30/m`, `100/h`, or `max`. */
export const parseRate = rateOrMaxParser(rateParser('connections', CONNECTION_RATES, '25000, 25k or max'));

/** As `parseRate`, without `max`. */
export const parseNumericRate = rateParser('connections', CONNECTION_RATES);

/** `25000/s`; `7/m` or `100/h` where only that is short and exact. */
export function formatRate(rate: Rate): string {
  if (rate === 'max') return 'max';
  for (const [unit, seconds] of Object.entries(RATE_SECONDS)) {
    const perUnit = (rate * seconds).toFixed(RATE_DECIMALS);
    if (Number(perUnit) / seconds === rate) return `${Number(perUnit)}/${unit}`;
  }
  return `${String(rate)}/s`;
}

/** Parses sizes in bytes: `64`, `1KB` (1000), `64KiB`, `8MiB`; between `min` and `max` bytes, both included. */
export function sizeParser({ min, max }: Range): Parser<number> {
  const parse = (text: string): Parsed<number> => {
    const match = SIZE.exec(text.trim());
    if (match === null) {
      return refuse(
        NEGATIVE.test(text.trim()) ? `at least ${formatSize(min)}` : 'a number of bytes such as 64, 64KiB or 8MiB',
      );
    }
    const unit = (match[2] ?? '').toLowerCase();
    const unitBytes = unit === '' ? 1 : SIZE_UNITS_BYTES[unit];
    // A bare K is 1000 to some tools and 1024 to others.
    if (unitBytes === undefined) return refuse('a size in B, KB (1000), KiB (1024), MB, MiB, GB or GiB');
    const bytes = Number(match[1]) * unitBytes;
    if (!Number.isInteger(bytes)) return refuse('a whole number of bytes');
    if (bytes < min) return refuse(`at least ${formatSize(min)}`);
    if (bytes > max) return refuse(`at most ${formatSize(max)}`);
    return accept(bytes);
  };
  return withRange(parse, { min, max, format: formatSize });
}

/** The shortest exact spelling: `64`, `64KiB`, `8MiB`; a bare number is bytes. */
export function formatSize(bytes: number): string {
  for (const [unit, unitBytes] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes !== 0 && bytes % unitBytes === 0) return `${String(bytes / unitBytes)}${unit}`;
  }
  return String(bytes);
}

/** Parses whole numbers of `what` (a plural), between `min` and `max`, both included. */
export function countParser(what: string, { min, max }: Range): Parser<number> {
  const parse = (text: string): Parsed<number> => {
    const trimmed = text.trim();
    const count = COUNT.test(trimmed) ? Number(trimmed) : Number.NaN;
    if (count >= min && count <= max) return accept(count);
    return refuse(`a whole number of ${what} from ${String(min)} to ${String(max)}`);
  };
  return withRange(parse, { min, max, format: String });
}

/** Parses a port from `min` (0 where the kernel may pick one, otherwise 1) to 65535. */
export function portParser(min: 0 | 1): Parser<number> {
  const parse = (text: string): Parsed<number> => {
    const trimmed = text.trim();
    const port = COUNT.test(trimmed) ? Number(trimmed) : Number.NaN;
    if (port >= min && port <= PORT_MAX) return accept(port);
    return refuse(`a port from ${String(min)} to ${String(PORT_MAX)}`);
  };
  return withRange(parse, { min, max: PORT_MAX, format: String });
}

/** Parses one of a fixed set of words, in lower case. */
export function choiceParser<const T extends string>(choices: readonly T[]): Parser<T> {
  const listed =
    choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
  const parse = (text: string): Parsed<T> => {
    const found = choices.find((choice) => choice === text.trim().toLowerCase());
    return found === undefined ? refuse(listed) : accept(found);
  };
  return Object.assign(parse, { choices });
}

/** What the environment and a file may say of a flag without a value. */
export function parseSwitch(text: string): Parsed<boolean> {
  switch (text.trim().toLowerCase()) {
    case '1':
    case 'true':
    case 'yes':
    case 'on':
      return accept(true);
    case '0':
    case 'false':
    case 'no':
    case 'off':
      return accept(false);
    default:
      return refuse('true or false');
  }
}

/** New connections per second; `max` is closed loop. */
export type Rate = number | 'max';
