/** The options of `conngen report`. */
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { parseFileName } from '../parsers.ts';
import { FORMAT_OPTIONS } from './common.ts';

export const REPORT_OPTIONS = {
  file: {
    parse: parseFileName,
    value: 'FILE',
    positional: true,
    repeatable: true,
    group: GROUPS.output,
    isCommon: true,
    help: 'result that --json has written; - reads stdin; repeatable',
  },
  ...FORMAT_OPTIONS,
} as const satisfies OptionTable;
