/** Where a result goes: stdout, `--json`, `--markdown`. */
import { reasonOf, writeOutput } from '../run/output.ts';
import { STDOUT, type FileInput } from './file-checks.ts';
import type { Io } from './process/io.ts';
import type { Log } from './process/log.ts';

/** A result in every form that it can be asked for. Each ends in a newline but the JSON. */
export interface Report {
  readonly json: string;
  readonly text: string;
  markdown(): string;
}

/**
 * Hands the result out: to stdout as JSON or Markdown for `-`, otherwise as text, and to the files. A JSON file that cannot be
 * written leaves the JSON on stdout in place of the text, so that nothing measured is lost. Returns whether all of it worked.
 */
export async function deliver(
  io: Io,
  log: Log,
  { json, markdown }: Pick<FileInput, 'json' | 'markdown'>,
  report: Report,
): Promise<boolean> {
  const jsonLine = `${report.json}\n`;
  let shown = json?.value === STDOUT ? jsonLine : markdown?.value === STDOUT ? report.markdown() : report.text;
  let isWritten = true;
  if (json !== undefined && json.value !== STDOUT) {
    const failure = await tryWrite(json.value, jsonLine);
    if (failure !== null) {
      log.error(`${json.value} could not be written: ${failure}; the JSON is on stdout instead`);
      shown = jsonLine;
      isWritten = false;
    }
  }
  if (markdown !== undefined && markdown.value !== STDOUT) {
    const failure = await tryWrite(markdown.value, report.markdown());
    if (failure !== null) {
      log.error(`${markdown.value} could not be written: ${failure}`);
      isWritten = false;
    }
  }
  try {
    // As where a Ctrl-C has ended the program that reads the pipe as well.
    if ((await io.print(shown)) === false) log.warn('nobody reads stdout any more: the result was not printed');
    return isWritten;
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
