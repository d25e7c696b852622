/** The options of `conngen completion`. */
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { choiceParser } from '../../units/quantity.ts';

/** The shells that there are completions for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const COMPLETION_OPTIONS = {
  shell: {
    parse: choiceParser(SHELLS),
    value: 'SHELL',
    positional: true,
    group: GROUPS.output,
    isCommon: true,
    help: `shell to print the script for: ${SHELLS.join(', ')}`,
  },
} as const satisfies OptionTable;
