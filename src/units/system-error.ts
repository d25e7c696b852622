/** Errors of the system in the words of who has to do something about them, instead of a stack. */
import { SYSTEM_ERROR_CODES } from './error-codes.ts';

/** Code, sentence and remedy of an error that the system, or Node on its behalf, gave; null for any other. */
export function describeSystemError(error: unknown): { code: string; message: string; hint: string } | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  const { code, message } = error;
  if ('syscall' in error && error.syscall === 'uv_cwd') {
    return { code, message: 'the working directory was deleted', hint: 'cd to a directory that exists' };
  }
  const isSystem = /^E[A-Z0-9]+$/.test(code) && 'syscall' in error;
  if (!isSystem && !Object.hasOwn(SYSTEM_ERROR_CODES, code)) return null;
  return { code, message: message.split('\n')[0]!, hint: SYSTEM_ERROR_CODES[code]?.remedy ?? '' };
}
