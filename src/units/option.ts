/** An option: what a user may type, once. The command line, the help, the man pages, completions and the documentation read it. */
import type { Given, Parser } from './problem.ts';

export interface OptionSpec<T = unknown> {
  readonly parse: Parser<T>;
  /** One or two lines: an imperative or a noun phrase, without a full stop. */
  readonly help: string;
  /** What a manual says beyond the help, in full sentences. Empty lines separate paragraphs. */
  readonly details?: string;
  /** What each word means that the option takes. A word may have a place for a value in capitals: `file:DIR`. */
  readonly words?: Readonly<Record<string, string>>;
  /** One of `GROUPS`. */
  readonly group: string;
  /** What stands for the value in help: a quantity with its unit, or a kind of name. Empty for a switch. */
  readonly value: string;
  /** As a user would write it. Left out where the plan decides, or where nothing is a choice too. */
  readonly default?: string;
  /** What help says of a default that the plan decides. */
  readonly defaultHelp?: string;
  readonly alias?: readonly string[];
  /** The option may be given several times; the environment separates by commas, files use an array. */
  readonly repeatable?: true;
  /** The option needs no value on the command line. */
  readonly isSwitch?: true;
  /** The option is given without its name. */
  readonly positional?: true;
  /** `--help` shows the option; the others are shown by `--help-all`. */
  readonly isCommon?: true;
  /** The value may hold a secret: what messages show of its text instead. */
  readonly masked?: (text: string) => string;
  /** Other options that have no effect beside this value, where theirs come from weaker places: they are not even read. */
  replaces?(value: T): readonly string[];
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What reading a table gives: a list for what can be repeated, a value where there is a default, perhaps one elsewhere. */
export type InputOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly parse: Parser<infer T> }
    ? Table[Name] extends { readonly repeatable: true }
      ? readonly Given<T>[]
      : Table[Name] extends { readonly default: string }
        ? Given<T>
        : Given<T> | undefined
    : never;
};
