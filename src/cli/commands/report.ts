/** `conngen report`: results that were written to files, shown again. */
import { basename, dirname } from 'node:path';
import type { FormatName } from '../../document/formats.ts';
import { kindOf, type Document } from '../../document/read.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { REPORT_OPTIONS } from '../../options/tables/report.ts';
import type { InputOf } from '../../units/option.ts';
import { STDIN } from '../../plan/exchange/payload.ts';
import { problemOf, type Problem } from '../../units/problem.ts';
import { printable } from '../../units/printable.ts';
import { PLAIN_LOOK, type NamedDocument } from '../../view/look.ts';
import { render, renderSideBySide, SIDE_BY_SIDE_FORMATS } from '../../view/renderers.ts';
import type { Handler } from '../command-row.ts';
import { deliver } from '../deliver.ts';
import { checkFiles } from '../file-checks.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems, type Io } from '../process/io.ts';
import { lineLog } from '../process/log.ts';
import { answeringSignals } from '../process/signals.ts';
import { readResult } from '../result-file.ts';

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
  allProblems.push(...checkKinds(input, results));
  if (allProblems.length > 0) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const isDelivered = await deliver(io, lineLog(io), input, async (format) => {
    if (results.length > 1 && isSideBySide(format)) return renderSideBySide(named(results), format);
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

function isSideBySide(format: FormatName | 'text'): format is FormatName {
  return format !== 'text' && SIDE_BY_SIDE_FORMATS.includes(format);
}

/** Runs of different kinds have no figure in common, so there is nothing to put side by side. */
function checkKinds(input: ReportInput, results: readonly Read[]): Problem[] {
  const kinds = [...new Set(results.map(({ document }) => kindOf(document)))];
  if (kinds.length < 2) return [];
  return SIDE_BY_SIDE_FORMATS.flatMap((format) => {
    const given = input[format];
    const expected = `results of one kind, to stand side by side; there are ${kinds.join(' and ')}: make a page of each`;
    return given === undefined ? [] : [problemOf(given, expected)];
  });
}

const RESULT_NAME = /\.json$/;

/** The results by the names of their files, as much of the path as tells them apart. */
function named(results: readonly Read[]): NamedDocument[] {
  const short = results.map(({ path }) => (path === STDIN ? 'stdin' : basename(path).replace(RESULT_NAME, '')));
  const isUnique = new Set(short).size === short.length;
  const names = isUnique ? short : results.map(({ path }) => path);
  return results.map(({ document }, index) => {
    const name = names[index]!;
    const before = names.slice(0, index).filter((each) => each === name).length;
    return { name: before === 0 ? name : `${name} (${before + 1})`, document };
  });
}
