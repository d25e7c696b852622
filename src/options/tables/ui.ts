/** The option of the live view. */
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { choiceParser } from '../../units/quantity.ts';

export const UI_CHOICES = ['auto', 'tui', 'line', 'none'] as const;
export type UiChoice = (typeof UI_CHOICES)[number];

/** The option of every command that shows its run while it goes on. */
export const UI_OPTIONS = {
  ui: {
    parse: choiceParser<UiChoice>(UI_CHOICES),
    value: 'VIEW',
    default: 'auto',
    group: GROUPS.output,
    isCommon: true,
    help: 'live view on stderr: tui (the whole terminal), line, none, or auto',
    words: {
      auto: 'tui on a terminal of at least 80 × 24, in the foreground and not in a CI; otherwise line',
      tui: 'rates, percentiles, failures and the health of this machine, drawn up to five times a second',
      line: 'a line a second, trial or cell; on a terminal it is rewritten',
      none: 'the same as --quiet',
    },
    details:
      'stdin and stderr must be terminals for tui; stdout may be a file or a pipe. Keys: q ends the run early, p pauses the drawing, l ' +
      'switches to a log scale, ? shows help.',
    replaces: () => ['quiet'],
  },
} as const satisfies OptionTable;
