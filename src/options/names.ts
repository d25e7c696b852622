/** The names of options outside of the command line. */
import type { OptionSpec } from '../units/option.ts';

export const ENV_PREFIX = 'CONNGEN_';

/** Returns the environment for a command that this one starts: options in it are meant for this one. */
export function withoutOptions(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(ENV_PREFIX)));
}

/** Every name of an option that is a word: its own first, then its aliases. */
export function wordsFor(name: string, spec: OptionSpec): string[] {
  return [name, ...(spec.alias ?? []).filter((alias) => alias.length > 1)];
}

/** `CONNGEN_MAX_IN_FLIGHT` for `max-in-flight`. */
export function envName(option: string): string {
  return ENV_PREFIX + option.toUpperCase().replaceAll('-', '_');
}
