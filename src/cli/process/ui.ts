/** Which live view a command shows: `--ui`, and `--quiet`, which is `--ui none`. */
import type { UiChoice } from '../../options/tables/ui.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../../units/problem.ts';
import type { TerminalAccess } from './terminal.ts';

/** The options that decide. A command without a live view has no `ui`. */
export interface UiInput {
  readonly quiet: Given<boolean>;
  readonly ui?: Given<UiChoice> | undefined;
}

/** What is shown while a run goes on. */
export type Ui = Exclude<UiChoice, 'auto'>;

export function uiProblems({ quiet, ui }: UiInput, terminal: TerminalAccess | undefined): Problem[] {
  if (ui === undefined) return [];
  if (quiet.value && isExplicit(ui) && ui.value !== 'none')
    return [problemOf(ui, `none beside ${quiet.label}, which is the same as --ui none`)];
  const missing = terminal === undefined ? 'a terminal' : terminal.missing;
  return ui.value === 'tui' && missing !== null ? [problemOf(ui, `${missing}; or --ui line`)] : [];
}

/** What to show, of an input without problems. */
export function uiOf({ quiet, ui }: UiInput, terminal: TerminalAccess | undefined): Ui {
  if (quiet.value) return 'none';
  if (ui === undefined) return 'line';
  if (ui.value !== 'auto') return ui.value;
  return terminal?.missing === null && !terminal.isUnattended ? 'tui' : 'line';
}
