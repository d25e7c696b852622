/** The options of `conngen compare`. */
import { parseChangeCriterion, parseChangeFigure } from '../../judge/change-criterion.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { accept, refuse, withRange, type Parser } from '../../units/problem.ts';
import { parseSwitch } from '../../units/quantity.ts';
import { parseFileName } from '../parsers.ts';
import { COMMON_OPTIONS, FORMAT_OPTIONS } from './common.ts';

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

export const COMPARE_OPTIONS = {
  file: {
    parse: parseFileName,
    value: 'FILE',
    positional: true,
    repeatable: true,
    group: GROUPS.output,
    isCommon: true,
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
      'A criterion is a figure, a comparison and a change with its sign; of failures and loss the change is in percentage points. A figure ' +
      'without an interval, such as one of too few runs, fails too: nothing is known of it.',
  },
  ...FORMAT_OPTIONS,
  quiet: COMMON_OPTIONS.quiet,
} as const satisfies OptionTable;
