/** The options of `conngen report`. */
import type { OptionTable } from '../../units/option.ts';
import { FORMAT_OPTIONS, RESULT_FILES } from './common.ts';

export const REPORT_OPTIONS = {
  file: { ...RESULT_FILES, help: 'result that --json has written; - reads stdin; repeatable' },
  ...FORMAT_OPTIONS,
} as const satisfies OptionTable;
