/** What counts as an answer: `--min-response`. */
import { isExplicit, problemOf, type Given, type Problem } from './problem.ts';
import type { AnswerPlan, ClientPlan, Finish } from './plan.ts';

/** The options that make an `AnswerPlan`. */
export interface AnswerInput {
  readonly 'min-response': Given<number>;
  readonly finish: Given<Finish>;
}

/** `payload` is what connections send. */
export function planAnswer(input: AnswerInput, payload: Uint8Array, problems: Problem[]): AnswerPlan {
  const { 'min-response': min, finish } = input;
  if (isExplicit(min)) {
    const most = mostBytes(finish.value, payload.length);
    if (finish.value.kind === 'connect') {
      problems.push(problemOf(min, 'to be left out beside --finish connect, which reads no response'));
    } else if (min.value > most) {
      problems.push(problemOf(min, `at most the ${most} bytes that ${finish.label} ${finish.text} reads`));
    }
  }
  return { minBytes: min.value };
}

function mostBytes(finish: Finish, payloadBytes: number): number {
  if (finish.kind === 'bytes') return finish.bytes;
  return finish.kind === 'echo' ? payloadBytes : Infinity;
}

/** Whether connections send something, so that an exchange can end without an answer to it. */
export function sendsPayload({ finish, payload }: Pick<ClientPlan, 'finish' | 'payload'>): boolean {
  return finish.kind !== 'connect' && payload.length > 0;
}

/** Of a payload; its first line is looked for in so many bytes. */
const REQUEST_LINE_MAX_BYTES = 16 * 1024;

/** Whether the payload begins with the request line of HTTP/1 (RFC 9112, section 3). */
export function isHttpRequest(payload: Uint8Array): boolean {
  const start = Buffer.from(payload.subarray(0, REQUEST_LINE_MAX_BYTES));
  const end = start.indexOf('\n');
  return end > 0 && /^[!-~]+ [!-\xff]+ HTTP\/1\.[01]\r?$/.test(start.toString('latin1', 0, end));
}

/** Whether responses have an HTTP status to be counted by. */
export function hasStatus({ finish, payload }: Pick<ClientPlan, 'finish' | 'payload'>): boolean {
  return finish.kind !== 'connect' && finish.kind !== 'echo' && isHttpRequest(payload);
}

/** Whether the beginning of a response is looked at. */
export function readsHeads(plan: Pick<ClientPlan, 'finish' | 'payload'>): boolean {
  return hasStatus(plan);
}

/** Whether an exchange that ends without a byte of answer is `ok`, as far as the user said. */
export function acceptsEmpty({ answer, body }: Pick<ClientPlan, 'answer' | 'body'>): boolean {
  return answer.minBytes === 0 && body.verification === null;
}

/** What results echo of it, with the units in the names. */
export function answerConfig({ minBytes }: AnswerPlan): Record<string, unknown> {
  return { min_response_bytes: minBytes };
}
