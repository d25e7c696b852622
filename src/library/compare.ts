/** `compare` of the library: the runs of two sides, as results that a program has. */
import { compareResults, type NamedResult } from '../compare/compare.ts';
import type { CompareResult } from '../document/compare.ts';
import type { Document } from '../document/read.ts';
import { readOptions } from '../options/read.ts';
import { COMPARE_OPTIONS } from '../options/tables/compare.ts';
import { OptionsError, type OptionsOf } from './options.ts';

const { margin, confidence, figure, force, 'fail-if': failIf } = COMPARE_OPTIONS;
/** The options of the command that say how to compare, not where from. */
const HOW_OPTIONS = { margin, confidence, figure, force, 'fail-if': failIf } as const;

/** The options of `compare`. */
export type CompareOptions = OptionsOf<typeof HOW_OPTIONS>;

/** One result or several of one side. */
export type SideOfRuns = Document | readonly Document[];

/** Compares, or throws `OptionsError` with every problem. */
export function compareDocuments(base: SideOfRuns, next: SideOfRuns, options: CompareOptions): CompareResult {
  const raw = {
    command: 'compare()',
    flags: new Map<string, readonly string[]>(),
    extra: [],
    env: {},
    values: options,
  };
  const { input, problems } = readOptions(HOW_OPTIONS, raw);
  const sides = [named('base', base), named('new', next)] as const;
  const missing = sides.flatMap((side, index) => {
    const option = index === 0 ? 'base' : 'new';
    return side.length > 0 ? [] : [{ option, got: null, expected: 'at least one result' }];
  });
  if (problems.length > 0 || missing.length > 0) throw new OptionsError([...problems, ...missing]);
  const compared = compareResults(...sides, {
    margin: input.margin.value,
    confidence: input.confidence.value,
    tested: input.figure.map(({ value }) => value),
    criteria: input['fail-if'].map(({ value }) => value),
    isForced: input.force.value,
  });
  if ('problems' in compared) throw new OptionsError(compared.problems);
  return compared.result;
}

/** `base 1`, `base 2` …: what a message calls a result that has no file. */
function named(side: string, results: SideOfRuns): NamedResult[] {
  const list = Array.isArray(results) ? (results as readonly Document[]) : [results as Document];
  return list.map((document, index) => ({ file: `${side} ${index + 1}`, document }));
}
