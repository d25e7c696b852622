/** A second of a run as one line. */
import type { IntervalResult, ProbeResult } from '../../document/client.ts';
import type { RttInterval } from '../../document/rtt.ts';
import { formatCount, formatLatency, formatPerSec } from '../../units/format.ts';

/** The shortest part of a second whose counts make a rate. What ends behind the last whole second of a round is no load any more. */
export const SHORTEST_RATE_SEC = 0.5;

/** `  12 s  1,000/s  in flight 3  errors 0  p99 1.04 ms`; held and missed only if there are any. */
export function liveLine(prefix: string, atSec: number, interval: IntervalResult, errors: number): string {
  const { total } = interval.latency_ns;
  const startedPerSec = interval.length_sec > 0 ? interval.started / interval.length_sec : 0;
  const parts = [
    `${prefix}${clockText(atSec)}`,
    formatPerSec(Math.round(startedPerSec)).padStart(9),
    `in flight ${formatCount(interval.in_flight - interval.held)}`,
    ...(interval.held > 0 ? [`held ${formatCount(interval.held)}`] : []),
    ...(interval.missed > 0 ? [`missed ${formatCount(interval.missed)}`] : []),
    `errors ${formatCount(errors)}`,
    `p99 ${total.count === 0 ? '-' : formatLatency(total.p99)}`,
    ...(interval.probe === undefined ? [] : [probePart(interval.probe)]),
  ];
  return parts.join('  ');
}

/** `  12 s`; with a tenth where a second is not whole. */
export function clockText(atSec: number): string {
  const text = atSec.toFixed(1);
  return `${text.replace('.0', '').padStart(4)} s`;
}

/** `probe p99 84.1 µs`, and how many were lost if there are any. */
function probePart({ lost, rtt_ns: rtt }: ProbeResult): string {
  const p99 = `probe p99 ${rtt.count === 0 ? '-' : formatLatency(rtt.p99)}`;
  return lost === 0 ? p99 : `${p99} lost ${formatCount(lost)}`;
}

/** `  12 s  1,000/s  lost 0  p50 21.3 µs  p99 40.1 µs`; `prefix` says which round it is. */
export function rttLiveLine(prefix: string, atSec: number, interval: RttInterval): string {
  const { rtt_ns: rtt } = interval;
  const sentPerSec = interval.length_sec > 0 ? interval.sent / interval.length_sec : 0;
  const parts = [
    `${prefix}${clockText(atSec)}`,
    formatPerSec(Math.round(sentPerSec)).padStart(9),
    `lost ${formatCount(interval.lost)}`,
    ...(interval.missed > 0 ? [`missed ${formatCount(interval.missed)}`] : []),
    `p50 ${rtt.count === 0 ? '-' : formatLatency(rtt.p50)}`,
    `p99 ${rtt.count === 0 ? '-' : formatLatency(rtt.p99)}`,
  ];
  return parts.join('  ');
}
