// Which tier a test file belongs to. A file says so itself in its first line; one that says nothing is of the quick tier.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './compile.js';

/**
 * - `quick`: opens no internet socket and no io_uring. Runs where the kernel refuses both, several files at a time.
 * - `kernel`: opens sockets on loopback. Each file has a network namespace of its own, if this user may create one.
 * - `netns`: builds networks of several namespaces. Needs root.
 */
export const TIERS = ['quick', 'kernel', 'netns'];

const MARK = /^\/\/ tier: ([a-z]+)(, alone)?$/;

/**
 * Returns `tier` and `isAlone` of a test file. Alone: it measures what this machine does with its processors, so no other file runs at
 * the same time.
 */
export function tierOf(file) {
  const [first] = readFileSync(path.resolve(ROOT, file), 'utf8').split('\n', 1);
  if (!first.startsWith('// tier')) return { tier: 'quick', isAlone: false };
  const [, tier, alone] = MARK.exec(first) ?? [];
  if (!TIERS.includes(tier))
    throw new Error(`${file}: the first line is "${first}", expected "// tier: ${TIERS.join('|')}[, alone]"`);
  return { tier, isAlone: alone !== undefined };
}
