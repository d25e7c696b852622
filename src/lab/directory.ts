/** The directory of a lab: `lab.json` after every cell, `cells.csv` and the plots as well. */
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cellsCsv } from '../view/csv/lab-cells.ts';
import type { Lab } from './lab.ts';
import type { Axis } from '../document/lab-description.ts';
import { plotsOf } from '../view/chart/lab-plots.ts';
import { DOCUMENT_MAX_BYTES, readDocument } from '../document/read.ts';
import type { LabResult } from '../document/lab.ts';
import { CELLS_FILE, RESULT_FILE } from '../document/labs.ts';
import { readInput } from '../plan/exchange/input-file.ts';
import { codeOf } from '../units/problem.ts';
import { inspectOutput, reasonOf, writeOutput } from '../run/output.ts';

/** Why a lab cannot begin in `directory`; completes "expected …". Null where it can. Makes nothing. */
export async function whyNotEmpty(directory: string): Promise<string | null> {
  try {
    const names = await readdir(directory);
    if (names.includes(RESULT_FILE))
      return `a directory without a lab; to go on with the one that is there: --resume ${directory}`;
    if (names.length > 0) return 'a directory that is empty or not there yet';
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOTDIR') return 'a directory, not a file';
    if (code !== 'ENOENT') return `a directory that can be read (${reasonOf(error)})`;
  }
  const state = await inspectOutput(directory);
  return state.kind === 'unwritable' ? `a directory that can be made (${state.reason})` : null;
}

/** What was kept in `directory`, or why it cannot be gone on with; completes "expected …". */
export async function readLab(
  directory: string,
): Promise<{ readonly result: LabResult } | { readonly expected: string }> {
  const read = await readInput(join(directory, RESULT_FILE), DOCUMENT_MAX_BYTES);
  if (!read.ok) return { expected: `the directory of a lab, with ${RESULT_FILE} in it, ${read.expected}` };
  const found = readDocument(Buffer.concat(read.value));
  if ('document' in found && found.document.schema === 'conngen.lab/1') return { result: found.document };
  if ('fault' in found) return { expected: `the directory of a lab; in its ${RESULT_FILE}, ${found.fault}` };
  return { expected: `the directory of a lab, whose ${RESULT_FILE} holds "schema": "conngen.lab/1"` };
}

/** Keeps the result so far; rejects with the system's error. Plots are drawn anew only `withPlots`. */
export async function keepLab(
  directory: string,
  { lab, axes, result }: { readonly lab: Lab; readonly axes: readonly Axis[]; readonly result: LabResult },
  withPlots: boolean,
): Promise<void> {
  await makeDirectory(directory);
  await writeOutput(join(directory, RESULT_FILE), `${JSON.stringify(result, null, 1)}\n`);
  const names = axes.map(({ name }) => name);
  await writeOutput(join(directory, CELLS_FILE), cellsCsv(lab, names, result.cells));
  if (!withPlots) return;
  for (const { file, svg } of plotsOf(lab, axes, result)) await writeOutput(join(directory, file), svg);
}

/**
 * Makes a directory and its parents. Node's own recursive mkdir never returns where a directory exists in which nothing can be made
 * and the system says ENOENT, as in /proc.
 */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    if (codeOf(error) !== 'ENOENT' || dirname(directory) === directory) throw error;
    await makeDirectory(dirname(directory));
    await mkdir(directory);
  }
}
