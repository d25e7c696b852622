/** What counts as an answer: `--min-response`, `--expect-status`, `--expect-prefix`. */
import type { AnswerConfig } from '../../document/config.ts';
import type { LoadFile } from './payload.ts';
import { accept, isExplicit, problemOf, refuse, type Given, type Parsed, type Problem } from '../../units/problem.ts';
import type { AnswerPlan, ClientPlan } from '../plan.ts';
import type { Finish } from './finish.ts';

/** What a response begins with: the text itself, or what a file holds. */
export type Prefix =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'file'; readonly file: string };

/** The options that make an `AnswerPlan`. */
export interface AnswerInput {
  readonly 'min-response': Given<number>;
  readonly 'expect-status'?: Given<readonly string[]> | undefined;
  readonly 'expect-prefix'?: Given<Prefix> | undefined;
  readonly finish: Given<Finish>;
}

/** Bytes of a status line up to the end of its status. */
const STATUS_BYTES = 12;

/** Statuses of HTTP in a list, `x` for any digit: `200,30x`. */
export function parseStatuses(text: string): Parsed<readonly string[]> {
  const statuses = text.split(',').map((each) => each.trim().toLowerCase());
  return statuses.every((each) => /^[1-9x][0-9x]{2}$/.test(each))
    ? accept(statuses)
    : refuse('statuses of HTTP with x for any digit, such as 200 or 2xx,30x');
}

/** Parses the bytes themselves, or @ and the name of a file that holds them. */
export function parsePrefix(text: string): Parsed<Prefix> {
  if (text === '' || text === '@' || text.includes('\0')) return refuse('TEXT, or @FILE');
  return accept(text.startsWith('@') ? { kind: 'file', file: text.slice(1) } : { kind: 'text', text });
}

/** `payload` is what connections send. */
export async function planAnswer(
  input: AnswerInput,
  payload: Uint8Array,
  loadFile: LoadFile,
  problems: Problem[],
): Promise<AnswerPlan> {
  const { 'min-response': min, 'expect-status': status, 'expect-prefix': wanted } = input;
  const most = mostBytes(input.finish.value, payload.length);
  if (isExplicit(min)) checkMost(min, min.value, most, input.finish, problems);
  if (status !== undefined) checkMost(status, STATUS_BYTES, most, input.finish, problems);
  const prefix = wanted === undefined ? null : await loadPrefix(wanted, loadFile, problems);
  if (wanted !== undefined && prefix !== null) checkMost(wanted, prefix.length, most, input.finish, problems);
  return {
    minBytes: min.value,
    statuses: status?.value ?? null,
    prefix,
    prefixText: wanted?.text ?? null,
  };
}

/** Refuses what takes a longer response than is read. */
function checkMost(
  given: Given<unknown>,
  bytes: number,
  most: number,
  finish: Given<Finish>,
  problems: Problem[],
): void {
  if (finish.value.kind === 'connect') {
    problems.push(problemOf(given, 'to be left out beside --finish connect, which reads no response'));
  } else if (bytes > most) {
    problems.push(
      problemOf(
        given,
        given.value === bytes
          ? `at most the ${most} bytes that ${finish.label} ${finish.text} reads`
          : `a response of ${bytes} bytes or more; ${finish.label} ${finish.text} reads ${most}`,
      ),
    );
  }
}

async function loadPrefix(
  given: Given<Prefix>,
  loadFile: LoadFile,
  problems: Problem[],
): Promise<Uint8Array<SharedArrayBuffer> | null> {
  if (given.value.kind === 'text') {
    const bytes = Buffer.from(given.value.text);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    return shared;
  }
  const loaded = await loadFile('expect-prefix', given.value.file);
  if (loaded.ok && loaded.value.length > 0) return loaded.value;
  problems.push(problemOf(given, loaded.ok ? 'a file that is not empty' : loaded.expected));
  return null;
}

function mostBytes(finish: Finish, payloadBytes: number): number {
  if (finish.kind === 'bytes') return finish.bytes;
  return finish.kind === 'echo' ? payloadBytes : Infinity;
}

/** Whether connections send something, so that an exchange can end without an answer to it. */
export function sendsPayload({ finish, payload }: Pick<ClientPlan, 'finish' | 'payload'>): boolean {
  return finish.kind !== 'connect' && payload.length > 0;
}

/** How many bytes of a payload are searched for its first line. */
const REQUEST_LINE_MAX_BYTES = 16 * 1024;

/** Whether the payload begins with the request line of HTTP/1 (RFC 9112, section 3). */
export function isHttpRequest(payload: Uint8Array): boolean {
  const start = Buffer.from(payload.subarray(0, REQUEST_LINE_MAX_BYTES));
  const end = start.indexOf('\n');
  return end > 0 && /^[!-~]+ [!-\xff]+ HTTP\/1\.[01]\r?$/.test(start.toString('latin1', 0, end));
}

/** Whether responses have an HTTP status to be counted by. */
export function hasStatus({ finish, payload, answer }: Pick<ClientPlan, 'finish' | 'payload' | 'answer'>): boolean {
  if (answer.statuses !== null) return true;
  return finish.kind !== 'connect' && finish.kind !== 'echo' && isHttpRequest(payload);
}

/** Whether the beginning of a response is looked at. */
export function readsHeads(plan: Pick<ClientPlan, 'finish' | 'payload' | 'answer'>): boolean {
  return hasStatus(plan) || plan.answer.prefix !== null;
}

/** Whether the user said which responses are good. */
export function expectsResponse({ statuses, prefix }: AnswerPlan): boolean {
  return statuses !== null || prefix !== null;
}

/** Whether an exchange that ends without a byte of answer is `ok`, as far as the user said. */
export function acceptsEmpty({ answer, body }: Pick<ClientPlan, 'answer' | 'body'>): boolean {
  return answer.minBytes === 0 && !expectsResponse(answer) && body.verification === null;
}

/** Returns what the `config` of a result says of answers. */
export function answerConfig({ minBytes, statuses, prefixText }: AnswerPlan): AnswerConfig {
  return {
    min_response_bytes: minBytes,
    ...(statuses === null ? {} : { expect_status: statuses.join(',') }),
    ...(prefixText === null ? {} : { expect_prefix: prefixText }),
  };
}
