/** Problems that are there only because an option could not be read: they would send a user to what is right. */
import type { Problem } from '../units/problem.ts';
import { envName } from './names.ts';

/** Returns what was found without what follows from an option that was given and could not be read (`unread`). */
export function withoutFollowOn(found: readonly Problem[], unread: readonly Problem[]): Problem[] {
  return found.filter(({ option, got, needs }) => {
    if (needs !== undefined) return !unread.some((each) => isPlaceOf(each.option, needs));
    return got !== null || !unread.some((each) => each.option === option);
  });
}

/** Whether a problem is about the option, wherever it was given. */
function isPlaceOf(label: string, option: string): boolean {
  if (label === `--${option}` || label === envName(option)) return true;
  return label.replace(/^.*: /, '').replaceAll('_', '-') === option;
}
