/** Errors that end a command: tier 2. */
import { printableLines } from '../../units/printable.ts';
import { describeSystemError } from '../../units/system-error.ts';
import { EXIT_FAILED } from './exit-codes.ts';
import type { Io } from './io.ts';
import { PLEASE_REPORT } from '../../units/bugs.ts';

/** Says what went wrong and what to do; a stack only where it is our own mistake. Returns the exit code. */
export function reportFailure(io: Io, error: unknown): number {
  const known = isEngineError(error) ? error : describeSystemError(error);
  if (known !== null) {
    io.stderr.write(`ERROR: ${printableLines(known.message)}\n`);
    if (known.hint !== '') io.stderr.write(`hint: ${printableLines(known.hint)}\n`);
  } else {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr.write(`ERROR: conngen itself failed; ${PLEASE_REPORT}\n${printableLines(detail)}\n`);
  }
  return EXIT_FAILED;
}

/** Recognises the error by its shape: one that crossed a thread has lost its class. */
function isEngineError(error: unknown): error is Error & { readonly code: string; readonly hint: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'hint' in error &&
    typeof error.hint === 'string'
  );
}
