import { OWN_ERROR_CODES } from './error-codes.ts';
import { describeSystemError } from './system-error.ts';

/** An engine that cannot do its work here: stable code, what happened, what to do. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** What a thread tells of the error that ended it: the message of a `RunError`, otherwise the stack for a bug report. */
export function describeFailure(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof RunError) return { code: error.code, message: error.message, hint: error.hint };
  const system = describeSystemError(error);
  if (system !== null) return system;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'worker_failed', message, hint: OWN_ERROR_CODES.worker_failed.remedy };
}
