/** The options that `saturate` and `search` share. */
import { IN_FLIGHT_MAX } from '../../plan/demand/open-files.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { NS_PER_DAY, NS_PER_SEC, countParser, durationParser, parseNumericRate } from '../../units/quantity.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { THRESHOLD_OPTIONS, without } from './common.ts';

export const parseConnections = countParser('connections', { min: 1, max: IN_FLIGHT_MAX });

/** What bounds the trials. */
export const BOUND_OPTIONS = {
  'max-rate': {
    parse: parseNumericRate,
    value: 'N/s',
    default: '100k',
    group: GROUPS.goal,
    isCommon: true,
    help: 'highest rate of a trial',
  },
  'max-time': {
    parse: durationParser({ min: NS_PER_SEC, max: 30 * NS_PER_DAY }),
    value: 'TIME',
    default: '15m',
    group: GROUPS.goal,
    isCommon: true,
    help: 'start no trial that could finish after TIME',
  },
} as const satisfies OptionTable;

/** The client's options as trials have them: the command decides what they offer. */
export const TRIAL_OPTIONS = {
  ...without(CLIENT_OPTIONS, ['rate', 'ramp', 'steps', 'count']),
  'allow-generator-limited': {
    ...THRESHOLD_OPTIONS['allow-generator-limited'],
    help: 'accept an answer that is the limit of this machine: exit 0 in place of 3',
  },
  cooldown: { ...CLIENT_OPTIONS.cooldown, default: '1s', help: 'pause between trials, in which the target recovers' },
} as const satisfies OptionTable;
