/** `--fail-if` and what goes with it, as every command that measures a target has them. */
import type { Criterion } from '../judge/criterion.ts';
import type { Thresholds } from '../judge/threshold.ts';
import type { Given } from '../units/problem.ts';
import type { Log } from './process/log.ts';

export interface ThresholdInput {
  readonly 'fail-if': readonly Given<Criterion>[];
  readonly 'allow-generator-limited': Given<boolean>;
}

/** Plain thresholds. */
export function thresholdsOf(input: ThresholdInput): Thresholds {
  const failIf = input['fail-if'].map(({ value }) => value);
  const allowGeneratorLimited = input['allow-generator-limited'].value;
  return { failIf, allowGeneratorLimited };
}

/** Warns of an allowance that nothing asks for, where a round that this machine limited fails by a threshold only. */
export function warnOfAllowance({ failIf, allowGeneratorLimited }: Thresholds, log: Log): void {
  if (allowGeneratorLimited && failIf.length === 0) {
    log.warn('--allow-generator-limited has no effect without --fail-if');
  }
}
