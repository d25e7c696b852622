/** Figures for people: three digits that matter and a unit. What machines read is in the JSON. */

const LATENCY_UNITS = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
] as const;

/** `812 ns`, `31.2 µs`, `1.04 ms`, `12.5 s`. */
export function formatLatency(latencyNs: number): string {
  for (const [unit, unitNs] of LATENCY_UNITS) {
    const text = unit === 'ns' ? latencyNs.toFixed(0) : threeDigits(latencyNs / unitNs);
    // What rounds up to 1000 reads better in the next unit.
    if (Number(text) < 1000 || unit === 's') return `${text} ${unit}`;
  }
  return '';
}

/** `9.87`, `98.7`, `987`, `9876`: three digits that matter, no exponent. */
export function threeDigits(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  // Compared after rounding: 9.995 is 10.0.
  if (Number(magnitude.toFixed(2)) < 10) return value.toFixed(2);
  if (Number(magnitude.toFixed(1)) < 100) return value.toFixed(1);
  return value.toFixed(0);
}

/** `250,000`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `1 trial`, `1,200 trials`. */
export function formatCountOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `25,000/s`; below 100 with digits after the point. */
export function formatPerSec(ratePerSec: number): string {
  // 1/m would be 0.02/s.
  if (ratePerSec > 0 && ratePerSec < 0.1) return `${ratePerSec.toFixed(4)}/s`;
  if (Number.isInteger(ratePerSec) || ratePerSec >= 99.95) return `${formatCount(ratePerSec)}/s`;
  return `${threeDigits(ratePerSec)}/s`;
}

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `640 B`, `15.3 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = 'B';
  for (const larger of BYTE_UNITS) {
    if (Number(threeDigits(value)) < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${threeDigits(value)} ${unit}`;
}

/** The two units of a long time. */
const LONG_UNITS = [
  [
    { unit: 's', sec: 1 },
    { unit: 'min', sec: 60 },
  ],
  [
    { unit: 'min', sec: 60 },
    { unit: 'h', sec: 3600 },
  ],
  [
    { unit: 'h', sec: 3600 },
    { unit: 'd', sec: 86_400 },
  ],
] as const;

/** `4 ms`, `10 s`, `0.5 s`, `2 min 5 s`, `2 h 30 min`, `3 d 1 h`: of what is long, two units. */
export function formatSeconds(durationSec: number): string {
  if (durationSec > 0 && durationSec < 0.01) {
    const [number = '', unit = ''] = formatLatency(Math.round(durationSec * 1e9)).split(' ');
    return `${trimZeros(number)} ${unit}`;
  }
  if (durationSec < 120) return `${trimZeros(durationSec.toFixed(durationSec < 10 ? 2 : 1))} s`;
  const [smaller, larger] = durationSec < 7200 ? LONG_UNITS[0] : durationSec < 172_800 ? LONG_UNITS[1] : LONG_UNITS[2];
  const count = Math.round(durationSec / smaller.sec);
  const each = larger.sec / smaller.sec;
  const rest = count % each;
  return `${Math.floor(count / each)} ${larger.unit}${rest === 0 ? '' : ` ${rest} ${smaller.unit}`}`;
}

/** The share of a whole: `0.004 %`, `12.5 %`; never 0 % or 100 % where it is neither. */
export function formatShare(part: number, whole: number): string {
  return formatPercent(whole === 0 ? 0 : (part / whole) * 100);
}

/** The same for a number of percent: 12.5 is `12.5 %`. */
export function formatPercent(percent: number): string {
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.001) return '< 0.001 %';
  if (percent > 99.999 && percent < 100) return '> 99.999 %';
  // Near both ends the distance to the end is what matters.
  const digits = percent < 0.1 || percent > 99.9 ? 3 : percent < 1 || percent > 99 ? 2 : 1;
  return `${trimZeros(percent.toFixed(digits))} %`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
