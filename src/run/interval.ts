/** Makes the interval that `--stream` writes and the library hands out from the event of a second. */
import type { IntervalResult } from '../document/client.ts';
import type { Interval, LoadInterval, PingInterval } from '../document/interval.ts';
import type { PingCounts, RttInterval } from '../document/rtt.ts';
import type { RunCommand, RunEvent, SecondEvent } from './events.ts';

/** Follows the events of a run and makes the interval of each second. */
export class Intervals {
  #command: RunCommand = 'client';
  #offeredRatePerSec: number | null = null;

  /** Takes any event; returns the interval of a second, and null for any other event. */
  next(event: RunEvent): Interval | null {
    switch (event.type) {
      case 'run-started':
        this.#command = event.command;
        return null;
      case 'round-started':
        this.#offeredRatePerSec = event.offeredRatePerSec;
        return null;
      case 'second':
        return this.#intervalOf(event);
      default:
        return null;
    }
  }

  #intervalOf(event: SecondEvent): Interval {
    const head = {
      schema: 'conngen.interval/1' as const,
      command: this.#command,
      ...(event.trial === undefined ? {} : { trial: event.trial }),
      round: event.round,
      second: event.second,
      warmup: event.warmup,
      elapsed_sec: Math.round(event.startNs / 1e6) / 1e3,
      offered_rate_per_sec: this.#offeredRatePerSec,
    };
    return event.of === 'connections'
      ? ({ ...head, ...loadCounts(event.counts) } as LoadInterval)
      : ({ ...head, ...pingCounts(event.counts) } as PingInterval);
  }
}

/** The counts without `start_sec`, which a line calls `second`. */
function loadCounts(interval: IntervalResult): Omit<IntervalResult, 'start_sec'> {
  const counts: Partial<IntervalResult> = { ...interval };
  delete (counts as { start_sec?: number }).start_sec;
  return counts as Omit<IntervalResult, 'start_sec'>;
}

function pingCounts(interval: RttInterval): Pick<PingInterval, 'length_sec' | 'in_flight' | 'latency_ns'> & PingCounts {
  return {
    length_sec: interval.length_sec,
    scheduled: interval.scheduled,
    sent: interval.sent,
    received: interval.received,
    lost: interval.lost,
    missed: interval.missed,
    aborted: interval.aborted,
    out_of_order: interval.out_of_order,
    late: interval.late,
    duplicates: interval.duplicates,
    in_flight: interval.in_flight,
    latency_ns: {
      rtt: interval.rtt_ns,
      corrected_rtt: interval.corrected_rtt_ns,
      schedule_lag: interval.schedule_lag_ns,
    },
  };
}
