/** `--fail-if` and what goes with it, as every command that measures a target has them. */
import type { Criterion } from '../measure/criterion.ts';
import type { Thresholds } from '../measure/threshold.ts';
import type { Given } from '../plan/problem.ts';
import type { Log } from './log.ts';

export interface ThresholdInput {
  readonly 'fail-if': readonly Given<Criterion>[];
  readonly 'allow-generator-limited': Given<boolean>;
}

/** Warns of an allowance that nothing asks for. */
export function thresholdsOf(input: ThresholdInput, log: Log): Thresholds {
  const failIf = input['fail-if'].map(({ value }) => value);
  const allowGeneratorLimited = input['allow-generator-limited'].value;
  if (allowGeneratorLimited && failIf.length === 0) {
    log.warn('--allow-generator-limited has no effect without --fail-if');
  }
  return { failIf, allowGeneratorLimited };
}
