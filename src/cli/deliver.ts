/** Where a result goes: stdout, and the files of `--json`, `--markdown` and other formats. */
import { FORMAT_NAMES, type FormatName } from '../document/formats.ts';
import { reasonOf, writeOutput } from '../run/output.ts';
import { RunError } from '../units/run-error.ts';
import { STDOUT, type FileInput } from './file-checks.ts';
import type { Io } from './process/io.ts';
import type { Log } from './process/log.ts';

/** Returns a result in a format, with a newline at its end. */
export type RenderAs = (format: FormatName | 'text') => Promise<string>;

/**
 * Hands the result out: to stdout in the format whose file is `-`, otherwise as text, and to the files; where stdout is for
 * `--stream`, to the files alone. A JSON file that cannot be written leaves the JSON on stdout in place of the text, so that nothing
 * measured is lost; after a stream it is one more line. What stdout does not take is written to stderr, unless a file has it.
 * Returns whether all of it worked.
 */
export async function deliver(
  io: Io,
  log: Log,
  files: Pick<FileInput, FormatName | 'stream'>,
  renderAs: RenderAs,
): Promise<boolean> {
  const isStreamed = files.stream?.value === STDOUT;
  let onStdout: FormatName | 'text' | null = FORMAT_NAMES.find((format) => files[format]?.value === STDOUT) ?? 'text';
  if (isStreamed) onStdout = null;
  let isWritten = true;
  let writtenTo: string | null = null;
  for (const format of FORMAT_NAMES) {
    const path = files[format]?.value;
    if (path === undefined || path === STDOUT) continue;
    const failure = await tryWrite(path, await renderAs(format));
    if (failure === null) {
      writtenTo ??= path;
      continue;
    }
    isWritten = false;
    if (format === 'json') onStdout = format;
    const remark = format === 'json' ? '; the JSON is on stdout instead' : '';
    log.error(`${path} could not be written: ${failure}${remark}`);
  }
  if (onStdout === null) return isWritten;
  const rendered = await renderAs(onStdout);
  const text = isStreamed ? `${JSON.stringify(JSON.parse(rendered))}\n` : rendered;
  return (await printResult(io, log, text, writtenTo)) && isWritten;
}

/** Returns false where the text is missing on stdout, but for a reader that has gone and for a closed stdout beside a file with the result. */
async function printResult(io: Io, log: Log, text: string, writtenTo: string | null): Promise<boolean> {
  try {
    // As where a Ctrl-C has ended the program that reads the pipe as well.
    if ((await io.print(text)) === false) log.warn('stdout has no reader any more: the result was not printed');
    return true;
  } catch (error) {
    const isClosed = error instanceof RunError && error.code === 'stdout_closed';
    const reason = isClosed ? error.message : reasonOf(error);
    const place = writtenTo === null ? 'it follows' : `it is in ${writtenTo}`;
    const message = `the result could not be printed: ${reason}; ${place}`;
    if (writtenTo === null) {
      log.error(message);
      io.stderr.write(text);
      return false;
    }
    // A program that has no use for the text may have started this one without stdout, and has its result.
    if (isClosed) log.warn(message);
    else log.error(message);
    return isClosed;
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
