/** `--json`: where the result goes beside, or instead of, the text. */
import { reasonOf, writeOutput } from '../report/output.ts';
import { STDOUT } from './file-checks.ts';
import type { Io } from './io.ts';
import type { Log } from './log.ts';

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
  // As where a Ctrl-C has ended the `tee` behind a pipe as well.
  const print = async (text: string): Promise<void> => {
    if ((await io.print(text)) === false) log.warn('nobody reads stdout any more: the result was not printed');
  };
  try {
    if (json === undefined) {
      await print(result.text);
    } else if (json === STDOUT) {
      await print(`${result.json}\n`);
    } else {
      const failure = await tryWrite(json, `${result.json}\n`);
      if (failure !== null) log.error(`${json} could not be written: ${failure}; the JSON is on stdout instead`);
      await print(failure === null ? result.text : `${result.json}\n`);
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
