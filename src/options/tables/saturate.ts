/** The options of `conngen saturate`. */
import { parseGoal } from '../../judge/criterion.ts';
import { parseFactor } from '../../plan/load/offer.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { choiceParser, parseNumericRate } from '../../units/quantity.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { THRESHOLD_OPTIONS } from './common.ts';
import { BOUND_OPTIONS, TRIAL_OPTIONS } from './limit.ts';

const SATURATE_ONLY = {
  start: {
    parse: parseNumericRate,
    value: 'N/s',
    default: '50',
    group: GROUPS.goal,
    isCommon: true,
    help: 'rate of the first step',
  },
  factor: {
    parse: parseFactor,
    value: 'F',
    default: '1.25',
    group: GROUPS.goal,
    isCommon: true,
    help: 'multiply the rate by F from one step to the next, more than 1 and at most 100',
  },
  slowdown: {
    parse: parseFactor,
    value: 'F',
    default: '2',
    group: GROUPS.goal,
    isCommon: true,
    help: 'stop when the p90 of total is more than F times the base',
  },
  compare: {
    parse: choiceParser(['base', 'previous']),
    value: 'WITH',
    default: 'base',
    group: GROUPS.goal,
    help: 'what --slowdown compares with: base or previous',
    words: { base: 'the lowest p90 so far', previous: 'the p90 of the step before' },
  },
  goal: {
    parse: parseGoal,
    value: 'CRITERION',
    default: 'loss<=0.1%',
    group: GROUPS.goal,
    isCommon: true,
    help: 'stop when a step does not meet this',
  },
  ...BOUND_OPTIONS,
} as const satisfies OptionTable;

export const SATURATE_OPTIONS = {
  ...SATURATE_ONLY,
  ...TRIAL_OPTIONS,
  duration: { ...CLIENT_OPTIONS.duration, default: '5s', help: 'length of each step' },
  'fail-if': {
    ...THRESHOLD_OPTIONS['fail-if'],
    help: "exit 99 if true in the last good step, such as 'p99(total)>20ms'; repeatable",
  },
} as const satisfies OptionTable;
