/** Options as help, manuals and completions show them. */
import { GROUPS } from '../plan/option-groups.ts';
import type { OptionSpec, OptionTable } from '../units/option.ts';

/** An option, with everything that a page may say of it. */
export interface OptionDescription {
  readonly name: string;
  /** How it is typed, the short ones first: `-r`, `--rate`; for a positional what stands for it: `HOST:PORT`. */
  readonly flags: readonly string[];
  /** What stands for the value; empty for a switch and for a positional. */
  readonly value: string;
  readonly help: string;
  /** Paragraphs of a manual; empty where there are none. */
  readonly details: readonly string[];
  /** Words that it takes, with their meaning; the meaning is empty where the word says it. */
  readonly words: readonly (readonly [word: string, meaning: string])[];
  /** The smallest and the largest number, as they are written; null where it is no number. */
  readonly range: { readonly min: string; readonly max: string } | null;
  /** The default as a user would write it, or a phrase; null where there is none. */
  readonly default: string | null;
  /** Whether the default is a phrase, because the plan decides. */
  readonly isDefaultPhrase: boolean;
  readonly isRepeatable: boolean;
  readonly isSwitch: boolean;
  readonly isPositional: boolean;
  readonly isCommon: boolean;
}

/** Options under one heading. */
export interface OptionGroup {
  readonly heading: string;
  readonly options: readonly OptionDescription[];
}

export function describeOption(name: string, spec: OptionSpec): OptionDescription {
  const { range, choices } = spec.parse;
  const isSwitch = spec.isSwitch === true;
  return {
    name,
    flags: spec.positional === true ? [spec.value] : flagsOf(name, spec),
    value: spec.positional === true ? '' : spec.value,
    help: spec.help,
    details: spec.details === undefined ? [] : spec.details.split(/\n\n+/),
    words: Object.entries(spec.words ?? Object.fromEntries((choices ?? []).map((choice) => [choice, '']))),
    range: range === undefined ? null : { min: range.format(range.min), max: range.format(range.max) },
    default: isSwitch ? null : (spec.default ?? spec.defaultHelp ?? null),
    isDefaultPhrase: spec.default === undefined,
    isRepeatable: spec.repeatable === true,
    isSwitch,
    isPositional: spec.positional === true,
    isCommon: spec.isCommon === true,
  };
}

/** The options of a table by heading, in the order of `GROUPS`. Headings without an option are left out. */
export function groupsOf(table: OptionTable): OptionGroup[] {
  const options = Object.entries(table).map(([name, spec]) => ({
    group: spec.group,
    option: describeOption(name, spec),
  }));
  return Object.values<string>(GROUPS)
    .map((heading) => ({
      heading,
      options: options.filter(({ group }) => group === heading).map(({ option }) => option),
    }))
    .filter((group) => group.options.length > 0);
}

function flagsOf(name: string, spec: OptionSpec): string[] {
  const short = (spec.alias ?? []).filter((alias) => alias.length === 1).map((alias) => `-${alias}`);
  const long = (spec.alias ?? []).filter((alias) => alias.length > 1).map((alias) => `--${alias}`);
  return [...short, `--${name}`, ...long];
}
