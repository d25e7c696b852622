/** Errors that end a command: tier 2. */
import { printableLines } from '../plan/printable.ts';
import { EXIT_FAILED } from './exit-codes.ts';
import type { Io } from './io.ts';

/** Says what went wrong and what to do; a stack only where it is our own mistake. Returns the exit code. */
export function reportFailure(io: Io, error: unknown): number {
  if (isEngineError(error)) {
    io.stderr.write(`ERROR: ${printableLines(error.message)}\n`);
    if (error.hint !== '') io.stderr.write(`hint: ${printableLines(error.hint)}\n`);
  } else {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr.write(`ERROR: conngen itself failed; please report this:\n${printableLines(detail)}\n`);
  }
  return EXIT_FAILED;
}

/** By its shape: an error that crossed a thread has lost its class. */
function isEngineError(error: unknown): error is Error & { readonly code: string; readonly hint: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'hint' in error &&
    typeof error.hint === 'string'
  );
}
