/** The names of options outside of the command line. */
import type { OptionSpec } from '../units/option.ts';

export const ENV_PREFIX = 'CONNGEN_';

/** Every name of an option that is a word: its own first, then its aliases. */
export function wordsFor(name: string, spec: OptionSpec): string[] {
  return [name, ...(spec.alias ?? []).filter((alias) => alias.length > 1)];
}

/** `CONNGEN_MAX_IN_FLIGHT` for `max-in-flight`. */
export function envName(option: string): string {
  return ENV_PREFIX + option.toUpperCase().replaceAll('-', '_');
}
