/** Which live view a command shows: `--ui`, and `--quiet`, which is `--ui none`. */
import type { UiChoice } from '../../options/tables/ui.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../../units/problem.ts';
import { STDOUT } from '../file-checks.ts';
import type { TerminalAccess } from './terminal.ts';

/** The options that decide. A command without a live view has no `ui`. */
export interface UiInput {
  readonly quiet: Given<boolean>;
  readonly ui?: Given<UiChoice> | undefined;
  readonly stream?: Given<string> | undefined;
}

/** What is shown while a run goes on. */
export type Ui = Exclude<UiChoice, 'auto'>;

export function uiProblems({ quiet, ui, stream }: UiInput, terminal: TerminalAccess | undefined): Problem[] {
  if (ui === undefined) return [];
  if (quiet.value && isExplicit(ui) && ui.value !== 'none')
    return [problemOf(ui, `none beside ${quiet.label}, which is the same as --ui none`)];
  if (ui.value !== 'tui') return [];
  if (terminal?.missing === null) {
    const isTorn = stream?.value === STDOUT && terminal.stdout === 'terminal';
    return isTorn ? [problemOf(ui, `${stream.label} to write to a file, not to the same terminal; or --ui line`)] : [];
  }
  return [problemOf(ui, `${terminal?.missing ?? 'a terminal'}; or --ui line`)];
}

/** What to show, of an input without problems. */
export function uiOf({ quiet, ui, stream }: UiInput, terminal: TerminalAccess | undefined): Ui {
  if (quiet.value) return 'none';
  if (ui === undefined) return 'line';
  if (ui.value !== 'auto') return ui.value;
  if (terminal?.missing !== null || terminal.isUnattended) return 'line';
  // What is printed every second would tear the frame.
  return stream?.value === STDOUT && terminal.stdout !== 'other' ? 'line' : 'tui';
}
