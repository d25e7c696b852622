/** `--hlog`: every second as histograms, in the log of HdrHistogram, version 1.3. */
import { encodeHistogram } from '../../count/hdr-histogram.ts';
import { printable } from '../../units/printable.ts';
import { VERSION } from '../../units/version.ts';
import type { RunStarted, SecondEvent, Sink } from '../events.ts';
import { lineSink, type SinkSetup } from './sink.ts';
import { histogramTag } from './tags.ts';

/** Opens a log. A second has a line for each clock; the warm-up has none. */
export function openSink(setup: SinkSetup): Sink {
  return lineSink(setup, (event) => {
    if (event.type === 'run-started') return logHead(event);
    return event.type === 'second' && !event.warmup ? logLines(event) : '';
  });
}

/** The lines before the first histogram. Times in the log count from `startedAt`. */
function logHead({ command, target, startedAt }: RunStarted): string {
  const tags = command === 'search' || command === 'saturate' ? 'trial.clock' : 'round.clock';
  return [
    `#[conngen ${VERSION}: ${command} ${printable(target)}; values in ns, Interval_Max in ms, tags are ${tags}]`,
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${(startedAt.getTime() / 1e3).toFixed(3)} (seconds since epoch), ${startedAt.toUTCString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    '',
  ].join('\n');
}

function logLines(event: SecondEvent): string {
  const startSec = (event.startNs / 1e9).toFixed(3);
  const lengthSec = event.counts.length_sec.toFixed(3);
  return Object.entries(event.latency)
    .map(([clock, histogram]) => {
      const maxMs = (histogram.max / 1e6).toFixed(3);
      return `Tag=${histogramTag(event, clock)},${startSec},${lengthSec},${maxMs},${encodeHistogram(histogram)}\n`;
    })
    .join('');
}
