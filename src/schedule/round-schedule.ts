/** The schedule of a round, from what was ordered. */
import { ConstantRate, LinearRamp, RampedRate, type Schedule } from './schedule.ts';

/** What the schedule of a round depends on. */
export interface ScheduledRound {
  /** `max` is closed loop. A ramp has the whole measured part. */
  readonly rate: number | 'max' | { readonly fromPerSec: number; readonly toPerSec: number };
  readonly warmupNs: number;
  readonly durationNs: number;
  /** Attempts that are measured, in place of a duration. */
  readonly count: number | null;
  readonly rampUpNs: number;
  readonly rampDownNs: number;
}

/** Returns when the attempts of a round are due, all of them, after the base of the round; null in closed loop. */
export function scheduleOf({
  rate,
  warmupNs,
  durationNs,
  count,
  rampUpNs,
  rampDownNs,
}: ScheduledRound): Schedule | null {
  if (rate === 'max') return null;
  if (typeof rate === 'object') return new LinearRamp({ ...rate, startNs: warmupNs, durationNs });
  if (rampUpNs === 0 && rampDownNs === 0) return new ConstantRate(rate);
  // Where attempts are counted, the fall must not begin before the last of them for a rounding error.
  const marginNs = count === null ? 0 : 0.5e9 / rate;
  const steadyNs = warmupNs + durationNs + marginNs;
  return new RampedRate({ ratePerSec: rate, upNs: rampUpNs, steadyNs, downNs: rampDownNs });
}
