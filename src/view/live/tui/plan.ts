/** What the live view knows of a run beside its events. */
import type { LabDescription } from '../../../document/lab-description.ts';
import type { Criterion } from '../../../judge/criterion.ts';
import type { Ramp } from '../../../plan/plan.ts';
import type { RunCommand } from '../../../run/events.ts';

/** The source ports of a run. */
export interface LivePorts {
  /** Pairs of a source address and a port, all together. */
  readonly total: number;
  /** How long a pair rests after its connection ended; 0 where none does. */
  readonly restSec: number;
}

export interface LiveLab {
  readonly description: LabDescription;
  /** Cells of the whole plan, and those of them that were done before. */
  readonly total: number;
  readonly before: number;
}

export interface LivePlan {
  readonly command: RunCommand;
  /** The target as the user gave it, or the name of a lab. */
  readonly target: string;
  /** The warm-up of each round, ramps included, in seconds. */
  readonly warmupSec: number;
  /** The measured part of each round, in seconds; null where it ends by itself. Empty where trials decide. */
  readonly roundsSec: readonly (number | null)[];
  /** The rates of rounds that change from the begin to the end, in connections per second; null where they are even. */
  readonly ramp: Ramp | null;
  /** The part of the warm-up in which the rate rises, in seconds. */
  readonly rampUpSec: number;
  /** The thresholds of `--fail-if`. */
  readonly thresholds: readonly Criterion[];
  /** Null where the kernel chooses the ports, or none are needed. */
  readonly ports: LivePorts | null;
  /** Null but for a lab. */
  readonly lab: LiveLab | null;
}
