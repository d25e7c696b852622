/** Events of a run, for tests that stand in for the run or for a listener. */
import { LatencyHistogram } from '../../src/count/histogram.ts';
import { CLOCKS, type IntervalResult } from '../../src/document/client.ts';
import type { RttInterval } from '../../src/document/rtt.ts';
import type { Listening, LoadSecond, PingSecond, RunEvent, RunStarted, SecondEvent } from '../../src/run/events.ts';

export function runStarted(changes: Partial<RunStarted> = {}): RunStarted {
  return {
    type: 'run-started',
    command: 'client',
    startedAt: new Date(0),
    target: '127.0.0.1:2345',
    engine: 'epoll',
    notes: [],
    rounds: 1,
    ...changes,
  };
}

/** A second whose counts are given; its histograms are empty unless given too. */
export function loadSecond(counts: IntervalResult, changes: Partial<LoadSecond> = {}): LoadSecond {
  return {
    type: 'second',
    of: 'connections',
    round: 0,
    second: counts.start_sec,
    warmup: false,
    startNs: 0,
    counts,
    latency: Object.fromEntries(CLOCKS.map((clock) => [clock, new LatencyHistogram()])),
    ...changes,
  };
}

export function pingSecond(counts: RttInterval, changes: Partial<PingSecond> = {}): PingSecond {
  const latency = Object.fromEntries(
    ['rtt', 'corrected_rtt', 'schedule_lag'].map((clock) => [clock, new LatencyHistogram()]),
  );
  const when = { second: counts.start_sec, warmup: false, startNs: 0 };
  return { type: 'second', of: 'pings', round: 0, ...when, counts, latency, ...changes };
}

export function notice(text: string): RunEvent {
  return { type: 'notice', level: 'warning', text };
}

/** Hears seconds only. */
export function onSecond(use: (event: SecondEvent) => unknown): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'second') use(event);
  };
}

/** Hears where a server listens, and its notices. */
export function onListening(
  use: (info: Listening & Pick<RunStarted, 'notes'>) => unknown,
  onNotice: (text: string) => unknown = () => undefined,
): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'run-started' && event.listening !== undefined) use({ ...event.listening, notes: event.notes });
    if (event.type === 'notice') onNotice(event.text);
  };
}

/** Hears notices only. */
export function onNotice(use: (text: string) => unknown): (event: RunEvent) => void {
  return (event) => {
    if (event.type === 'notice') use(event.text);
  };
}
