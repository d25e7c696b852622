/** The options of `conngen search`. */
import { parseGoal } from '../../judge/criterion.ts';
import { QUANTITIES } from '../../plan/load/limit-quantity.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import { PROFILES } from '../../plan/profiles.ts';
import type { OptionTable } from '../../units/option.ts';
import { refuse, accept, withRange, type Parsed } from '../../units/problem.ts';
import { NS_PER_DAY, NS_PER_MS, choiceParser, durationParser, parseNumericRate } from '../../units/quantity.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { THRESHOLD_OPTIONS } from './common.ts';
import { BOUND_OPTIONS, TRIAL_OPTIONS, parseConnections } from './limit.ts';

const PRECISION_SHARES = { min: 0.0001, max: 0.5 };

/** `2%` as 0.02; from 0.01 % to 50 %. */
export const parsePrecision = withRange(
  (text): Parsed<number> => {
    const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
    const percent = Number(match?.[1] ?? Number.NaN);
    return percent >= PRECISION_SHARES.min * 100 && percent <= PRECISION_SHARES.max * 100
      ? accept(percent / 100)
      : refuse('a share from 0.01% to 50%, such as 2%');
  },
  { ...PRECISION_SHARES, format: (share) => `${String(share * 100)}%` },
);

const SEARCH_ONLY = {
  goal: {
    parse: parseGoal,
    value: 'CRITERION',
    default: 'loss<=0.1%',
    repeatable: true,
    group: GROUPS.goal,
    isCommon: true,
    help: "what the rate must meet, such as 'loss<=0.1%' or 'p99(connect)<=20ms'; repeatable, one answer each",
  },
  profile: {
    parse: choiceParser(PROFILES),
    value: 'NAME',
    group: GROUPS.goal,
    isCommon: true,
    help: `a preset; your own options override it: ${PROFILES.join(', ')}`,
    details:
      'A profile follows the procedure of an RFC, or of a quick look, and sets every option that you do not set. The report names what you ' +
      'changed and what the search does differently from the procedure.',
  },
  quantity: {
    parse: choiceParser(QUANTITIES),
    value: 'WHAT',
    default: 'rate',
    repeatable: true,
    group: GROUPS.goal,
    isCommon: true,
    help: 'what to search for: rate, connections or teardown; repeatable, one search each',
    words: {
      rate: 'new connections per second',
      connections: 'connections that are open at the same time',
      teardown: 'open connections that are closed per second',
    },
  },
  'min-rate': {
    parse: parseNumericRate,
    value: 'N/s',
    default: '100',
    group: GROUPS.goal,
    isCommon: true,
    help: 'rate of the first trial',
  },
  ...BOUND_OPTIONS,
  precision: {
    parse: parsePrecision,
    value: 'SHARE',
    default: '2%',
    group: GROUPS.goal,
    isCommon: true,
    help: 'stop when the answer is known to within this percentage',
  },
  'explore-duration': {
    parse: durationParser({ min: 100 * NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    default: '2s',
    group: GROUPS.goal,
    help: 'length of the trials that look for the limit; --duration is for those that confirm it',
  },
  connections: {
    parse: parseConnections,
    value: 'N',
    defaultHelp: '1000 with --quantity teardown',
    group: GROUPS.goal,
    help: 'in each trial, open N connections, then run an exchange on each, then close all',
    details: 'Such a trial takes no --duration: it ends when the last connection is closed.',
  },
  'attempt-rate': {
    parse: parseNumericRate,
    value: 'N/s',
    default: '1000',
    group: GROUPS.goal,
    help: 'rate of opening, exchanges and closing in such trials, unless this is what you search for',
  },
  'min-connections': {
    parse: parseConnections,
    value: 'N',
    default: '100',
    group: GROUPS.goal,
    help: 'connections of the first trial of a search for connections',
  },
  'max-connections': {
    parse: parseConnections,
    value: 'N',
    default: '100000',
    group: GROUPS.goal,
    help: 'most connections of a trial',
    details: 'The default is lower where source ports or the limit of open files do not allow as many.',
  },
} as const satisfies OptionTable;

export const SEARCH_OPTIONS = {
  ...SEARCH_ONLY,
  ...TRIAL_OPTIONS,
  payload: {
    ...CLIENT_OPTIONS.payload,
    repeatable: true,
    help: 'send the content of FILE on each connection; - reads stdin; repeatable, one search each',
  },
  duration: { ...CLIENT_OPTIONS.duration, help: 'length of the trials that confirm the answer' },
  'fail-if': {
    ...THRESHOLD_OPTIONS['fail-if'],
    help: "exit 99 if true in a trial that confirms an answer, such as 'p99(total)>20ms'; repeatable",
  },
} as const satisfies OptionTable;
