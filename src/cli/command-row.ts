/** A row of the table of commands, and what runs a command. */
import type { RawInput } from '../options/read.ts';
import type { OptionTable } from '../units/option.ts';
import type { Io } from './process/io.ts';

/** Runs a command line and returns the exit code. Does not reject. `commands` is the table of all commands. */
export type Handler = (raw: RawInput, io: Io, commands?: CommandRows) => Promise<number>;

export interface CommandRow {
  /** The usage as yargs writes it: `client [target]`. */
  readonly usage: string;
  readonly help: string;
  readonly examples: readonly (readonly [line: string, help: string])[];
  readonly options: OptionTable;
  /** A `--` stands between two sides of files, and options may follow it. Elsewhere what follows it are no options. */
  readonly hasSides?: true;
  /** Loads the code of the command. Help and the options of other commands do without it. */
  load(): Promise<Handler>;
}

/** Commands by name. */
export type CommandRows = Readonly<Record<string, CommandRow>>;
