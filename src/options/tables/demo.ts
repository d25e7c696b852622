/** The options of `conngen demo`. */
import type { OptionTable } from '../../units/option.ts';
import { COMMON_OPTIONS } from './common.ts';

export const DEMO_OPTIONS = { quiet: COMMON_OPTIONS.quiet } as const satisfies OptionTable;
