/** Reads a file that `--json` has written, for commands that take results. */
import { DOCUMENT_MAX_BYTES, LEAVE_OUT, readDocument, type Document } from '../document/read.ts';
import { readInput, readStdin } from '../plan/exchange/input-file.ts';
import { STDIN } from '../plan/exchange/payload.ts';
import { problemOf, type Given, type Problem } from '../units/problem.ts';

/** Returns the result in a file or on stdin, or what is wrong with it. Never rejects. */
export async function readResult(
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
