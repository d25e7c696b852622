/** The options of `conngen demo`. */
import type { OptionTable } from '../../units/option.ts';
import { COMMON_OPTIONS } from './common.ts';
import { UI_OPTIONS } from './ui.ts';

export const DEMO_OPTIONS = { ...UI_OPTIONS, quiet: COMMON_OPTIONS.quiet } as const satisfies OptionTable;
