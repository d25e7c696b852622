/** Plans what is done with response bodies: `--sink` and its options. */
import type { BodyConfig } from '../../document/config.ts';
import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LoadFile } from './payload.ts';
import {
  accept,
  codeOf,
  isExplicit,
  problemOf,
  refuse,
  type Given,
  type Parsed,
  type Problem,
} from '../../units/problem.ts';
import { formatDuration, formatSize } from '../../units/quantity.ts';
import type { BodyPlan, Sink, Verification, WorkStrategy } from '../plan.ts';
import type { Finish } from './finish.ts';
import { formatWorkStrategy } from '../work.ts';

/** What a response must be, as the user said it. */
export type Verify =
  | { readonly kind: 'echo' }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'sha256'; readonly sha256: string };

/** The options that make a `BodyPlan`. */
export interface BodyInput {
  readonly sink: Given<Sink>;
  readonly 'sink-strategy': Given<WorkStrategy>;
  readonly 'max-memory'?: Given<number> | undefined;
  readonly 'spill-dir'?: Given<string> | undefined;
  readonly 'max-body'?: Given<number> | undefined;
  readonly 'first-byte-timeout'?: Given<number> | undefined;
  readonly verify?: Given<Verify> | undefined;
  readonly timeout: Given<number>;
  readonly finish: Given<Finish>;
}

/** `null`, `memory`, `gather` or `file:DIR`. */
export function parseSink(text: string): Parsed<Sink> {
  const trimmed = text.trim();
  if (trimmed.startsWith('file:') && trimmed.length > 'file:'.length && !trimmed.includes('\0')) {
    return accept({ kind: 'file', directory: trimmed.slice('file:'.length) });
  }
  if (trimmed === 'null' || trimmed === 'memory' || trimmed === 'gather') return accept({ kind: trimmed });
  return refuse('null, memory, gather or file:DIRECTORY');
}

/** `echo`, `sha256:HEX`, or the name of a file. */
export function parseVerify(text: string): Parsed<Verify> {
  if (text === 'echo') return accept({ kind: 'echo' });
  if (text.startsWith('sha256:')) {
    const sha256 = text.slice('sha256:'.length).toLowerCase();
    return /^[0-9a-f]{64}$/.test(sha256)
      ? accept({ kind: 'sha256', sha256 })
      : refuse('64 hexadecimal digits after sha256:');
  }
  return text === '' || text.includes('\0')
    ? refuse('the name of a file, echo or sha256:HEX')
    : accept({ kind: 'file', file: text });
}

/** Checks everything and opens nothing for writing. `payload` is what connections send. */
export async function planBody(
  input: BodyInput,
  payload: Uint8Array<SharedArrayBuffer>,
  loadFile: LoadFile,
  problems: Problem[],
): Promise<BodyPlan> {
  const sink = input.sink.value;
  checkAgainstFinish(input, problems);
  checkLimits(input, problems);
  checkStrategy(input, problems);
  const firstByte = input['first-byte-timeout'];
  if (firstByte !== undefined && firstByte.value >= input.timeout.value) {
    problems.push(problemOf(firstByte, `less than --timeout (${formatDuration(input.timeout.value)})`));
  }
  return {
    sink,
    strategy: input['sink-strategy'].value,
    directory: await planDirectory(input, problems),
    maxMemoryBytes: input['max-memory']?.value ?? null,
    maxBodyBytes: input['max-body']?.value ?? null,
    firstByteTimeoutNs: firstByte?.value ?? null,
    verifyText: input.verify?.text ?? null,
    verification: await planVerification(input, payload, loadFile, problems),
  };
}

/** `--finish connect` closes before a response can come. */
function checkAgainstFinish(input: BodyInput, problems: Problem[]): void {
  if (input.finish.value.kind !== 'connect') return;
  const given = [
    ...(isExplicit(input.sink) && input.sink.value.kind !== 'null' ? [input.sink] : []),
    input['max-body'],
    input['first-byte-timeout'],
    input.verify,
  ];
  for (const each of given) {
    if (each !== undefined)
      problems.push(problemOf(each, 'to be left out beside --finish connect, which reads no response'));
  }
}

function checkLimits(input: BodyInput, problems: Problem[]): void {
  const { kind } = input.sink.value;
  const { 'max-memory': maxMemory, 'spill-dir': spillDirectory, 'max-body': maxBody, finish } = input;
  if (maxMemory !== undefined && kind !== 'memory' && kind !== 'gather') {
    problems.push(problemOf(maxMemory, 'to be left out unless --sink is memory or gather'));
  }
  if (spillDirectory !== undefined && maxMemory === undefined) {
    problems.push(problemOf(spillDirectory, 'to be left out without --max-memory, beyond which it is used'));
  }
  if (maxBody !== undefined && finish.value.kind === 'bytes' && finish.value.bytes > maxBody.value) {
    problems.push(problemOf(maxBody, `at least the ${formatSize(finish.value.bytes)} of ${finish.label}`));
  }
}

/** What is dropped as it comes leaves nothing to be done, and libuv's threads run no JavaScript. */
function checkStrategy({ sink, 'sink-strategy': strategy }: BodyInput, problems: Problem[]): void {
  const { kind } = strategy.value;
  if (kind === 'direct') return;
  if (sink.value.kind === 'null') {
    problems.push(problemOf(strategy, 'direct, or a --sink that keeps something: memory, gather or file:DIRECTORY'));
  } else if (kind === 'pool' && sink.value.kind !== 'file') {
    problems.push(
      problemOf(
        strategy,
        "--sink file:DIRECTORY with it: the runtime's own threads write files, and gather and verify nothing",
      ),
    );
  }
}

async function planDirectory(input: BodyInput, problems: Problem[]): Promise<string | null> {
  const { sink, 'max-memory': maxMemory, 'spill-dir': spillDirectory } = input;
  if (sink.value.kind === 'file') {
    await checkDirectory(sink, sink.value.directory, 'file: and ', problems);
    return sink.value.directory;
  }
  if (sink.value.kind === 'null' || maxMemory === undefined) return null;
  const directory = spillDirectory?.value ?? tmpdir();
  await checkDirectory(
    spillDirectory ?? { ...maxMemory, text: directory, label: '--spill-dir' },
    directory,
    '',
    problems,
  );
  return directory;
}

async function checkDirectory(
  given: Given<unknown>,
  directory: string,
  prefix: string,
  problems: Problem[],
): Promise<void> {
  const expected = await whyNot(directory);
  if (expected !== null) problems.push(problemOf(given, `${prefix}${expected}`));
}

async function whyNot(directory: string): Promise<string | null> {
  try {
    if (!(await stat(directory)).isDirectory()) return 'a directory, not a file';
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
      ? 'a directory that exists'
      : `a directory that can be used (${codeOf(error)})`;
  }
  try {
    // Only by making something is it known: of /proc, or of a disk that is full, permissions say nothing.
    await rmdir(await mkdtemp(path.join(directory, 'conngen-')));
    return null;
  } catch (error) {
    return ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))
      ? 'a directory that this user may write to'
      : `a directory in which files can be made (${codeOf(error)})`;
  }
}

async function planVerification(
  { verify, finish }: BodyInput,
  payload: Uint8Array<SharedArrayBuffer>,
  loadFile: LoadFile,
  problems: Problem[],
): Promise<Verification | null> {
  if (verify === undefined) return null;
  if (verify.value.kind === 'sha256') return verify.value;
  if (verify.value.kind === 'echo') {
    if (payload.length === 0) problems.push(problemOf(verify, 'something to come back: --payload or --payload-size'));
    return checkLength(verify, finish, { kind: 'bytes', expected: payload }, problems);
  }
  const loaded = await loadFile('verify', verify.value.file);
  if (!loaded.ok) {
    problems.push(problemOf(verify, `${loaded.expected}, echo or sha256:HEX`));
    return null;
  }
  return checkLength(verify, finish, { kind: 'bytes', expected: loaded.value }, problems);
}

/** Refuses a response to verify whose length differs from that of `--finish bytes:N`. */
function checkLength(
  verify: Given<Verify>,
  { value: finish, label }: Given<Finish>,
  verification: Verification & { kind: 'bytes' },
  problems: Problem[],
): Verification {
  const { length } = verification.expected;
  if (finish.kind === 'bytes' && finish.bytes !== length) {
    problems.push(problemOf(verify, `as many bytes as ${label} bytes:${finish.bytes} reads, where it has ${length}`));
  }
  return verification;
}

/** Returns what the `config` of a result says of responses. */
export function bodyConfig(plan: BodyPlan): BodyConfig {
  return {
    sink: plan.sink.kind === 'file' ? `file:${plan.sink.directory}` : plan.sink.kind,
    sink_strategy: formatWorkStrategy(plan.strategy),
    max_memory_bytes: plan.maxMemoryBytes,
    spill_directory: plan.maxMemoryBytes === null ? null : plan.directory,
    max_body_bytes: plan.maxBodyBytes,
    first_byte_timeout_sec: plan.firstByteTimeoutNs === null ? null : plan.firstByteTimeoutNs / 1e9,
    verify: plan.verifyText,
  };
}
