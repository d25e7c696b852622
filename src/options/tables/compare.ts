/** The options of `conngen compare`. */
import { parseChangeCriterion, parseChangeFigure } from '../../judge/change-criterion.ts';
import { HOUR_NS } from '../../plan/client-options.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { accept, refuse, withRange, type Parser } from '../../units/problem.ts';
import { choiceParser, countParser, durationParser, parseSwitch } from '../../units/quantity.ts';
import type { parseFileName } from '../parsers.ts';
import { parseDirectory } from '../parsers.ts';
import { COMMON_OPTIONS, FORMAT_OPTIONS, RESULT_FILES } from './common.ts';

/** `2%` as 0.02. */
function percentParser(min: number, max: number, example: string): Parser<number> {
  const expected = `a share from ${min}% to ${max}%, such as ${example}`;
  const format = (share: number): string => `${Math.round(share * 1e6) / 1e4}%`;
  return withRange(
    (text) => {
      const match = /^(\d{1,3}(?:\.\d{1,3})?)\s*%$/.exec(text.trim());
      const percent = Number(match?.[1] ?? Number.NaN);
      return percent >= min && percent <= max ? accept(percent / 100) : refuse(expected);
    },
    { min: min / 100, max: max / 100, format },
  );
}

/** The commands whose runs can be taken in turns. */
export const TURN_COMMANDS = ['client', 'rtt', 'search', 'saturate'] as const;

export type TurnCommand = (typeof TURN_COMMANDS)[number];

function parseCommandLine(text: string): ReturnType<typeof parseFileName> {
  return text.trim() === '' || text.includes('\0') ? refuse('a command for /bin/sh') : accept(text);
}

const TAKING_OPTIONS = {
  run: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.taking,
    isCommon: true,
    help: 'take the runs now, in turns: the two files are then options as --config has them, base and new',
    details:
      'The order is base, new, new, base, base, new and so on, so that what changes slowly on the machines meets both sides alike. Each run is ' +
      'a process of its own. Both files may be the same one, where --before-base and --before-new make the difference. Nothing is restored ' +
      'afterwards: what the commands have set stays as the last run had it.',
  },
  runs: {
    parse: countParser('runs', { min: 1, max: 100 }),
    value: 'N',
    default: '7',
    group: GROUPS.taking,
    isCommon: true,
    help: 'with --run, how many runs to take on each side',
  },
  command: {
    parse: choiceParser(TURN_COMMANDS),
    value: 'NAME',
    default: 'client',
    group: GROUPS.taking,
    help: `with --run, the command to run: ${TURN_COMMANDS.join(', ')}`,
  },
  'before-base': {
    parse: parseCommandLine,
    value: 'COMMAND',
    group: GROUPS.taking,
    isCommon: true,
    help: 'with --run, a shell command before each run of the base, such as a sysctl; its failure ends everything',
  },
  'before-new': {
    parse: parseCommandLine,
    value: 'COMMAND',
    group: GROUPS.taking,
    isCommon: true,
    help: 'with --run, a shell command before each run of the new side',
  },
  pause: {
    parse: durationParser({ min: 0, max: HOUR_NS }),
    value: 'TIME',
    default: '2s',
    group: GROUPS.taking,
    help: 'with --run, the pause before each run, after its command',
  },
  out: {
    parse: parseDirectory,
    value: 'DIR',
    defaultHelp: 'a new one, named after the time',
    group: GROUPS.taking,
    isCommon: true,
    help: 'with --run, the directory for the results of all runs; must be empty or not exist',
  },
} as const satisfies OptionTable;

export const COMPARE_OPTIONS = {
  file: {
    ...RESULT_FILES,
    help: 'results that --json has written: those of the base, then -- and the new ones; two files need no --',
  },
  margin: {
    parse: percentParser(0, 50, '2%'),
    value: 'SHARE',
    default: '2%',
    group: GROUPS.comparing,
    isCommon: true,
    help: 'changes within this share count as none: where the whole interval is within it, the sides are the same',
  },
  confidence: {
    parse: percentParser(50, 99.9, '95%'),
    value: 'SHARE',
    default: '95%',
    group: GROUPS.comparing,
    help: 'confidence of the intervals, and of "faster" and "slower" over all tested figures together',
  },
  figure: {
    parse: parseChangeFigure,
    value: 'FIGURE',
    repeatable: true,
    defaultHelp: 'rate, failures, cpu, p50 and p99',
    group: GROUPS.comparing,
    help: "figures to give a verdict of, such as 'p99.9(total)', in place of the usual ones; repeatable",
    details:
      'The more figures are tested, the more runs it takes to tell: p-values are adjusted for their number (Holm). The others are shown with ' +
      'their intervals and no verdict. Answers of search and saturate are always tested.',
  },
  force: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.comparing,
    isCommon: true,
    help: 'compare runs of unlike plans, and runs whose figures are not those of the target; the output says so',
  },
  'fail-if': {
    parse: parseChangeCriterion,
    value: 'CRITERION',
    repeatable: true,
    group: GROUPS.passOrFail,
    isCommon: true,
    help: "exit 99 if the whole interval of a change is beyond a limit: 'p99(total)>+5%', 'rate(completed)<-3%'; repeatable",
    details:
      'A criterion is a figure, a comparison and a change with its sign; of failures and loss the change is in percentage points. A change ' +
      'whose interval has values on both sides of the limit is not proven, which does not fail. A figure without an interval, such as one of ' +
      'too few runs, fails: nothing is known of it.',
  },
  ...TAKING_OPTIONS,
  ...FORMAT_OPTIONS,
  quiet: COMMON_OPTIONS.quiet,
} as const satisfies OptionTable;
