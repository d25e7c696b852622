/** `conngen compare`: the runs of two sides, from files. */
import type { CompareSettings, NamedResult } from '../../compare/compare.ts';
import type { CompareResult } from '../../document/compare.ts';
import { COMPARE_OPTIONS } from '../../options/tables/compare.ts';
import { readOptions, type RawInput, type ReadInput } from '../../options/read.ts';
import type { Planned } from '../../plan/machine.ts';
import { STDIN } from '../../plan/payload.ts';
import type { InputOf } from '../../units/option.ts';
import { problemOf, type Problem } from '../../units/problem.ts';
import { handlerOf, type Command } from '../command.ts';
import { EXIT_DONE, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import { readResult } from '../result-file.ts';

/** The options, and how many of the files stood behind `--`; null without a `--`. */
export interface CompareInput extends InputOf<typeof COMPARE_OPTIONS> {
  readonly behind: number | null;
}

/** A comparison of files is made while it is planned: what cannot be compared is wrong input. */
export interface ComparePlan {
  readonly result: CompareResult;
}

export const COMPARE: Command<CompareInput, ComparePlan, CompareResult> = {
  hasPlainLog: true,
  read,
  plan: (input) => planCompare(input),
  run: async (plan) => plan.result,
  exitCodeOf: ({ thresholds_met: met }) => (met === false ? EXIT_THRESHOLD : EXIT_DONE),
};

/** Returns the exit code: 2 where the files cannot be compared, 99 where a threshold was not met. */
export const compareCommand = handlerOf(COMPARE);

function read(raw: RawInput): ReadInput<CompareInput> {
  const { input, problems, warnings } = readOptions(COMPARE_OPTIONS, raw);
  return { input: { ...input, behind: raw.behind ?? null }, problems, warnings };
}

/** Reads the files and compares them. Every problem is in the list. */
export async function planCompare(input: CompareInput): Promise<Planned<ComparePlan>> {
  const problems = checkFilesOf(input);
  if (problems.length > 0) return { problems };
  const from = newSideFrom(input);
  const results: NamedResult[] = [];
  // One after the other: two large files need not be in memory twice each.
  for (const given of input.file) {
    const found = await readResult(given);
    if ('document' in found) results.push({ file: given.value, document: found.document });
    else problems.push(found.problem);
  }
  if (problems.length > 0) return { problems };
  // Loaded here: what refuses its input needs no arithmetic.
  const { compareResults } = await import('../../compare/compare.ts');
  const compared = compareResults(results.slice(0, from), results.slice(from), settingsOf(input));
  if ('problems' in compared) return compared;
  return { plan: { result: compared.result }, notices: [] };
}

function settingsOf(input: CompareInput): CompareSettings {
  return {
    margin: input.margin.value,
    confidence: input.confidence.value,
    tested: input.figure.map(({ value }) => value),
    criteria: input['fail-if'].map(({ value }) => value),
    isForced: input.force.value,
  };
}

/** Where the new side begins among the files. */
function newSideFrom({ file: files, behind }: CompareInput): number {
  return behind === null || behind === 0 ? 1 : files.length - behind;
}

function checkFilesOf(input: CompareInput): Problem[] {
  const { file: files, behind } = input;
  const problems: Problem[] = [];
  for (const again of files.filter(({ value }) => value === STDIN).slice(1)) {
    problems.push(problemOf(again, 'stdin once'));
  }
  if (files.length < 2) {
    const got = files[0]?.text ?? null;
    problems.push({ option: 'file', got, expected: 'results of two sides: base.json new.json, or base… -- new…' });
  } else if ((behind === null || behind === 0) && files.length > 2) {
    const got = files.map(({ text }) => text).join(' ');
    const expected = 'a -- between the results of the base and the new ones: base-1.json base-2.json -- new-1.json …';
    problems.push({ option: 'file', got, expected });
  } else if (behind === files.length) {
    problems.push({ option: 'file', got: files[0]?.text ?? null, expected: 'results of the base before the --' });
  }
  return problems;
}
