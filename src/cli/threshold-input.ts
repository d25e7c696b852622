/** `--fail-if` and what goes with it, as every command that measures a target has them. */
import type { Criterion } from '../judge/criterion.ts';
import type { Thresholds } from '../judge/threshold.ts';
import type { Given } from '../units/problem.ts';

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

/** The warning of an allowance that nothing asks for, where a round that this machine limited fails by a threshold only. */
export function allowanceWarnings({ failIf, allowGeneratorLimited }: Thresholds): string[] {
  return allowGeneratorLimited && failIf.length === 0
    ? ['--allow-generator-limited has no effect without --fail-if']
    : [];
}
