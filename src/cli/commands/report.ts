/** `conngen report`: results that were written to files, shown again. */
import { basename, dirname } from 'node:path';
import { DOCUMENT_MAX_BYTES, LEAVE_OUT, readDocument, type Document } from '../../document/read.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { REPORT_OPTIONS } from '../../options/tables/report.ts';
import type { InputOf } from '../../units/option.ts';
import { readInput, readStdin } from '../../plan/input-file.ts';
import { STDIN } from '../../plan/payload.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import { printable } from '../../units/printable.ts';
import { PLAIN_LOOK } from '../../view/look.ts';
import { render } from '../../view/renderers.ts';
import type { Handler } from '../command-row.ts';
import { deliver } from '../deliver.ts';
import { checkFiles } from '../file-checks.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems, type Io } from '../process/io.ts';
import { lineLog } from '../process/log.ts';
import { answeringSignals } from '../process/signals.ts';

type ReportInput = InputOf<typeof REPORT_OPTIONS>;

/** A result, and the file that it was read from. */
interface Read {
  readonly path: string;
  readonly document: Document;
}

/** Returns the exit code: 2 where a file holds no result, 1 where an output could not be written. */
export const reportCommand: Handler = (raw, io) => answeringSignals(io, () => readAndReport(raw, io));

async function readAndReport(raw: RawInput, io: Io): Promise<number> {
  const { input, problems, warnings } = readOptions(REPORT_OPTIONS, raw);
  const allProblems = [...problems, ...checkInputs(input), ...(await checkFiles(input))];
  // One after the other: two large files need not be in memory twice each.
  const results: Read[] = [];
  for (const given of allProblems.length > 0 ? [] : input.file) {
    const read = await readResult(given);
    if ('document' in read) results.push({ path: given.value, document: read.document });
    else allProblems.push(read.problem);
  }
  if (allProblems.length > 0) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const isDelivered = await deliver(io, lineLog(io), input, async (format) => {
    const parts: string[] = [];
    for (const { path, document } of results) {
      const directory = basename(path) === 'lab.json' ? dirname(path) : null;
      const part = await render(document, format, { ...PLAIN_LOOK, style: io.style, directory });
      parts.push(results.length > 1 && format === 'text' ? `==> ${printable(path)} <==\n${part}` : part);
    }
    return parts.join('\n');
  });
  return isDelivered ? EXIT_DONE : EXIT_FAILED;
}

/** Problems of the files together. */
function checkInputs({ file: files, json }: ReportInput): Problem[] {
  const problems: Problem[] = [];
  if (files.length === 0) {
    problems.push({ option: 'file', got: null, expected: 'a file that --json has written, or - for stdin' });
  }
  if (json !== undefined && files.length > 1) {
    const expected = `one result, because a JSON file holds one; there are ${files.length}`;
    problems.push(problemOf(json, expected));
  }
  for (const again of files.filter(({ value }) => value === STDIN).slice(1)) {
    problems.push(problemOf(again, 'stdin once'));
  }
  return problems;
}

async function readResult(
  given: Given<string>,
): Promise<{ readonly document: Document } | { readonly problem: Problem }> {
  const isStdin = given.value === STDIN;
  const bytes = await (isStdin ? readStdin(DOCUMENT_MAX_BYTES) : readInput(given.value, DOCUMENT_MAX_BYTES));
  if (!bytes.ok) {
    const wayOut = bytes.expected.includes('at most') ? `; ${LEAVE_OUT}` : '';
    return { problem: problemOf(given, `${bytes.expected}${wayOut}`) };
  }
  const read = readDocument(Buffer.concat(bytes.value));
  if ('document' in read) return read;
  return { problem: problemOf(given, `a result of conngen; ${read.problem}`) };
}
