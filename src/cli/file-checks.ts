/** The files of a command line, held against each other and the file system before any is opened. */
import { basename, join } from 'node:path';
import { isStdoutClosed } from '../kernel/stdout.ts';
import { CLOCKS } from '../document/client.ts';
import { FORMAT_NAMES, type FormatName } from '../document/formats.ts';
import type { Verify } from '../plan/exchange/body-plan.ts';
import { STDIN } from '../plan/exchange/payload.ts';
import { problemOf, type Given, type Problem } from '../units/problem.ts';
import { SINK_NAMES, type SinkName } from '../run/sinks/table.ts';
import { TAGS, histogramTag, isByTag, tableFile } from '../run/sinks/tags.ts';
import { LAB_FILES } from '../document/labs.ts';
import { inspectOutput, isSameFile, resolveTarget } from '../run/output.ts';

/** The value of an option for stdout. */
export const STDOUT = '-';

/** The files of the formats of results, and of sinks. */
type Outputs = Readonly<Partial<Record<FormatName | SinkName, Given<string> | undefined>>>;

/** Every option that names a file, by whether it is read or written. A command has some of them. */
export interface FileInput extends Outputs {
  readonly config?: Given<string> | undefined;
  readonly payload?: Given<string> | readonly Given<string>[] | undefined;
  readonly response?: Given<string> | undefined;
  /** Results that are read. */
  readonly file?: readonly Given<string>[] | undefined;
  readonly verify?: Given<Verify> | undefined;
  /** Directories of a lab. */
  readonly out?: Given<string> | undefined;
  readonly resume?: Given<string> | undefined;
}

/** A file of the command line that must not be overwritten. */
interface Taken {
  readonly label: string;
  readonly path: string;
}

/**
 * Every output that cannot be written as things stand, that would overwrite a file which is read or another output, or that is a
 * second one for stdout. Opens and changes nothing.
 */
export async function checkFiles(input: FileInput): Promise<Problem[]> {
  const { hgrm } = input;
  const problems: Problem[] = [];
  const taken = [...filesRead(input), ...filesOfLab(input)];
  let onStdout: Given<string> | null = null;
  // Names of --hgrm can be many: they are held against all others.
  const sinks = SINK_NAMES.filter((name) => name !== 'hgrm').map((name) => input[name]);
  for (const output of [...FORMAT_NAMES.map((format) => input[format]), ...sinks, hgrm]) {
    if (output === undefined) continue;
    if (output.value === STDOUT) {
      problems.push(...checkStdout(output, onStdout));
      onStdout ??= output;
      continue;
    }
    const isPattern = output === hgrm && isByTag(output.value);
    problems.push(...(await checkOutput(output, isPattern, taken)));
    taken.push({ label: output.label, path: output.value });
  }
  return problems;
}

function filesRead({ config, payload, response, verify, file = [] }: FileInput): Taken[] {
  const given = [config, payload ?? [], response].flat().filter((each) => each !== undefined);
  const taken = given.map(({ label, value }) => ({ label, path: value }));
  // A result has no option that names it.
  taken.push(...file.map(({ value }) => ({ label: `the result ${value}`, path: value })));
  if (verify?.value.kind === 'file') taken.push({ label: verify.label, path: verify.value.file });
  return taken.filter(({ path }) => path !== STDIN);
}

/** What a lab writes into its directory, as far as another output could have the name. */
function filesOfLab(input: FileInput): Taken[] {
  const directory = input.resume ?? input.out;
  if (directory === undefined) return [];
  const outputs = FORMAT_NAMES.flatMap((format) => input[format]?.value ?? []);
  const plots = outputs.filter((path) => path.endsWith('.svg')).map((path) => basename(path));
  return [...LAB_FILES, ...plots].map((name) => ({
    label: `${name} of ${directory.label}`,
    path: join(directory.value, name),
  }));
}

function checkStdout(output: Given<string>, before: Given<string> | null): Problem[] {
  if (before !== null) return [problemOf(output, `the name of a file: stdout is for ${before.label} ${STDOUT}`)];
  return isStdoutClosed() ? [problemOf(output, 'an open stdout, and it is closed')] : [];
}

async function checkOutput(output: Given<string>, isPattern: boolean, taken: readonly Taken[]): Promise<Problem[]> {
  const names = isPattern
    ? CLOCKS.map((clock) => tableFile(output.value, histogramTag({ round: 0 }, clock)))
    : [output.value];
  for (const name of names) {
    const state = await inspectOutput(name);
    if (state.kind === 'directory') return [problemOf(output, 'a file, not a directory')];
    if (state.kind === 'unwritable') return [problemOf(output, `a file that can be written (${state.reason})`)];
  }
  const problems: Problem[] = [];
  for (const { label, path } of taken) {
    const own = isPattern ? await tablesNamedLike(output.value, path) : names;
    const same = await Promise.all(own.map((name) => isSameFile(path, name)));
    if (same.includes(true)) {
      problems.push(problemOf(output, `another file than ${label}, which it would overwrite`));
    }
  }
  return problems;
}

/** The files that the pattern stands for and whose tag is in the name of `path`. */
async function tablesNamedLike(pattern: string, path: string): Promise<string[]> {
  const names = `${basename(path)}\n${basename(await resolveTarget(path))}`;
  const tags = names.match(TAGS) ?? [];
  return tags.map((tag) => tableFile(pattern, tag));
}
