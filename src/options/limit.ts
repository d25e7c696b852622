/** The options that `saturate` and `search` have beside those of a client. */
import { parseCriterion } from '../judge/criterion.ts';
import { parseFactor } from '../plan/offer.ts';
import { accept, refuse, type Parsed } from '../units/problem.ts';
import { PROFILES } from '../plan/profiles.ts';
import {
  NS_PER_DAY,
  NS_PER_MS,
  NS_PER_SEC,
  choiceParser,
  countParser,
  durationParser,
  parseNumericRate,
} from '../units/quantity.ts';
import { IN_FLIGHT_MAX } from '../plan/client-plan.ts';
import { QUANTITIES } from '../plan/limit-quantity.ts';

const LIMIT = 'What to look for';

/** `2%` as 0.02; from 0.01 % to 50 %. */
export function parsePrecision(text: string): Parsed<number> {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  const percent = Number(match?.[1] ?? Number.NaN);
  return percent >= 0.01 && percent <= 50 ? accept(percent / 100) : refuse('a share from 0.01% to 50%, such as 2%');
}

export const MAX_RATE_OPTION = {
  parse: parseNumericRate,
  value: 'N/s',
  default: '100k',
  group: LIMIT,
  help: 'no trial is faster',
} as const;

export const MAX_TIME_OPTION = {
  parse: durationParser({ min: NS_PER_SEC, max: 30 * NS_PER_DAY }),
  value: 'TIME',
  default: '15m',
  group: LIMIT,
  help: 'no trial begins that could end later',
} as const;

export const SATURATE_ONLY = {
  start: { parse: parseNumericRate, value: 'N/s', default: '50', group: LIMIT, help: 'the first step' },
  factor: { parse: parseFactor, value: 'F', default: '1.25', group: LIMIT, help: 'from a step to the next' },
  slowdown: {
    parse: parseFactor,
    value: 'F',
    default: '2',
    group: LIMIT,
    help: 'stop where the p90 of total is more than so many times the base',
  },
  compare: {
    parse: choiceParser(['base', 'previous']),
    value: 'WITH',
    default: 'base',
    group: LIMIT,
    help: 'base (the lowest p90 so far) or previous (that of the step before)',
  },
  goal: {
    parse: parseCriterion,
    value: 'G',
    default: 'loss<=0.1%',
    group: LIMIT,
    help: 'stop where a step does not meet it',
  },
  'max-rate': MAX_RATE_OPTION,
  'max-time': MAX_TIME_OPTION,
} as const;

const parseConnections = countParser('connections', { min: 1, max: IN_FLIGHT_MAX });

export const SEARCH_ONLY = {
  profile: {
    parse: choiceParser(PROFILES),
    value: 'NAME',
    group: LIMIT,
    help: `a recipe, for every option that is not given: ${PROFILES.join(', ')} (after these RFCs); the report names what differs`,
  },
  goal: {
    parse: parseCriterion,
    value: 'G',
    default: 'loss<=0.1%',
    repeatable: true,
    group: LIMIT,
    help: "what the rate must meet, such as 'loss<=0.1%' or 'p99(connect)<=20ms'; repeatable, each has its own answer",
  },
  quantity: {
    parse: choiceParser(QUANTITIES),
    value: 'WHAT',
    default: 'rate',
    repeatable: true,
    group: LIMIT,
    help:
      'what is searched for: rate (new connections per second), connections (how many are open at once), ' +
      'teardown (how many of the open ones are closed per second); repeatable, one search each',
  },
  'min-rate': { parse: parseNumericRate, value: 'N/s', default: '100', group: LIMIT, help: 'where the search begins' },
  'max-rate': MAX_RATE_OPTION,
  connections: {
    parse: parseConnections,
    value: 'N',
    defaultHelp: '1000 with --quantity teardown',
    group: LIMIT,
    help: 'every trial opens so many, then has an exchange on each, then closes all (a trial takes no --duration then)',
  },
  'attempt-rate': {
    parse: parseNumericRate,
    value: 'N/s',
    default: '1000',
    group: LIMIT,
    help: 'of opening, exchanges and closing in such trials, as far as it is not what is searched for',
  },
  'min-connections': {
    parse: parseConnections,
    value: 'N',
    default: '100',
    group: LIMIT,
    help: 'where a search for connections begins',
  },
  'max-connections': {
    parse: parseConnections,
    value: 'N',
    default: '100000',
    group: LIMIT,
    help: 'no trial has more; less where source ports or open files do not allow as many',
  },
  precision: {
    parse: parsePrecision,
    value: 'SHARE',
    default: '2%',
    group: LIMIT,
    help: 'how far apart the bounds of the answer may be',
  },
  'explore-duration': {
    parse: durationParser({ min: 100 * NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    default: '2s',
    group: LIMIT,
    help: 'of the trials that look for the limit; --duration is that of the trials that confirm it',
  },
  'max-time': MAX_TIME_OPTION,
} as const;
