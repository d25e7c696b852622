/** The text of histogram files: the log of HdrHistogram, version 1.3, and its percentile tables. */
import type { ClockName } from '../../document/client.ts';
import { VERSION } from '../../units/version.ts';

/** One histogram's name in logs: `r1.connect`. Rounds count from 1, as in the text. */
export function histogramTag(roundIndex: number, clock: ClockName): string {
  return `r${roundIndex + 1}.${clock}`;
}

/** The lines before the first histogram. Times in the log count from `startedAt`. */
export function logHead(startedAt: Date, target: string): string {
  return [
    `#[conngen ${VERSION}: client ${target}; values in ns, Interval_Max in ms, tags are round.clock]`,
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${(startedAt.getTime() / 1e3).toFixed(3)} (seconds since epoch), ${startedAt.toUTCString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    '',
  ].join('\n');
}

export interface LogEntry {
  readonly tag: string;
  /** Since the start of the log. */
  readonly startNs: number;
  readonly lengthSec: number;
  readonly maxNs: number;
  /** V2 compressed, in base64. */
  readonly histogram: string;
}

export function logLine({ tag, startNs, lengthSec, maxNs, histogram }: LogEntry): string {
  const startSec = (startNs / 1e9).toFixed(3);
  return `Tag=${tag},${startSec},${lengthSec.toFixed(3)},${(maxNs / 1e6).toFixed(3)},${histogram}\n`;
}

/** A percentile table under its title, which readers of .hgrm files skip. */
export function titledTable(tag: string, target: string, table: string): string {
  return `#[conngen ${VERSION}: ${tag} of client ${target}; values in µs]\n${table}\n`;
}
