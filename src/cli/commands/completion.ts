/** `conngen completion`: prints what makes a shell complete commands and options. */
import { COMPLETION_OPTIONS, SHELLS } from '../../options/tables/completion.ts';
import { readOptions } from '../../options/read.ts';
import type { Problem } from '../../units/problem.ts';
import type { Handler } from '../command-row.ts';
import { completionScript } from '../pages/completion.ts';
import { EXIT_DONE, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems } from '../process/io.ts';

/** Prints the script for a shell. Returns the exit code. */
export const completionCommand: Handler = async (raw, io, commands = {}) => {
  const { input, problems, warnings } = readOptions(COMPLETION_OPTIONS, raw);
  if (input.shell === undefined || problems.length > 0) {
    const missing: Problem = { option: 'shell', got: null, expected: SHELLS.join(', ') };
    printProblems(io, problems.length > 0 ? problems : [missing], raw.command, warnings);
    return EXIT_USAGE;
  }
  await io.print(completionScript(input.shell.value, commands));
  return EXIT_DONE;
};
