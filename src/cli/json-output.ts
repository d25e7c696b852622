/** `--json`: where the result goes beside, or instead of, the text. */
import { problemOf, type Given, type Problem } from '../plan/problem.ts';
import { inspectOutput, isSameFile, reasonOf, writeOutput } from '../report/output.ts';
import type { Io } from './io.ts';
import type { Log } from './log.ts';

/** The value of `--json` for stdout. */
export const STDOUT = '-';

/** What is wrong with the file, or will be; `inputs` are files that the command reads and must not overwrite. */
export async function checkJson(
  json: Given<string> | undefined,
  inputs: readonly (Given<string> | undefined)[],
): Promise<{ readonly problems: readonly Problem[]; readonly warnings: readonly string[] }> {
  if (json === undefined || json.value === STDOUT) return { problems: [], warnings: [] };
  const state = await inspectOutput(json.value);
  if (state.kind === 'directory') return { problems: [problemOf(json, 'a file, not a directory')], warnings: [] };
  if (state.kind === 'unwritable') {
    const warning = `${json.value} cannot be written (${state.reason}): the JSON will go to stdout instead`;
    return { problems: [], warnings: [warning] };
  }
  return { problems: await findOverwritten(json, inputs), warnings: [] };
}

/** `others` are files that are read, or written too, and that `output` would overwrite. */
export async function findOverwritten(
  output: Given<string>,
  others: readonly (Given<string> | undefined)[],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const other of others) {
    if (other !== undefined && (await isSameFile(other.value, output.value))) {
      problems.push(problemOf(output, `another file than ${other.label}, which it would overwrite`));
    }
  }
  return problems;
}

/**
 * Hands the result out: to stdout as JSON for `-`, otherwise as text, and as JSON to the file. A file that cannot be written
 * leaves the JSON on stdout in place of the text, so that nothing measured is lost. Returns whether all of it worked.
 */
export async function deliver(
  io: Io,
  log: Log,
  json: string | undefined,
  result: { readonly json: string; readonly text: string },
): Promise<boolean> {
  try {
    if (json === undefined) {
      await io.print(result.text);
    } else if (json === STDOUT) {
      await io.print(`${result.json}\n`);
    } else {
      const failure = await tryWrite(json, `${result.json}\n`);
      if (failure !== null) log.error(`${json} could not be written: ${failure}; the JSON is on stdout instead`);
      await io.print(failure === null ? result.text : `${result.json}\n`);
      return failure === null;
    }
    return true;
  } catch (error) {
    log.error(`the result could not be printed: ${reasonOf(error)}`);
    return false;
  }
}

async function tryWrite(path: string, content: string): Promise<string | null> {
  try {
    await writeOutput(path, content);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}
