/** Printing: what is printed is with the system as a whole, or the caller is told what kept it from there. */
import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { isStdoutClosed } from '../../kernel/stdout.ts';
import { OWN_ERROR_CODES } from '../../units/error-codes.ts';
import { RunError } from '../../units/run-error.ts';

/**
 * Resolves to true when the text is with the system, and to false where the reader of stdout has gone away (`| head`), which is no
 * error. Rejects with the system's error where stdout cannot be written, and with `stdout_closed` where there is none.
 */
export async function print(text: string): Promise<boolean> {
  if (isStdoutClosed()) throw new RunError('stdout_closed', 'stdout is closed', OWN_ERROR_CODES.stdout_closed.remedy);
  if (isFileOrDevice(process.stdout.fd)) {
    writeWhole(process.stdout.fd, Buffer.from(text));
    return true;
  }
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve(true);
      else if ('code' in error && error.code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}

function isFileOrDevice(fd: number): boolean {
  const status = fstatSync(fd);
  return status.isFile() || (status.isCharacterDevice() && !isatty(fd));
}

/** A disk with room for a part takes that part, without an error; Node's stream would leave it at that. */
function writeWhole(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
