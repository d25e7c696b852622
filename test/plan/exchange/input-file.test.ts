import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { readInput } from '../../../src/plan/exchange/input-file.ts';

async function textOf(path: string, maxBytes = 1000): Promise<string> {
  const read = await readInput(path, maxBytes);
  return read.ok ? Buffer.concat(read.value).toString() : `expected ${read.expected}`;
}

/** Runs a shell script with the name of a new FIFO as `$1`. */
function fifo(directory: string, script: string): { path: string; done: Promise<unknown> } {
  const path = join(directory, 'fifo');
  execFileSync('mkfifo', [path]);
  return { path, done: promisify(execFile)('sh', ['-c', script, 'sh', path]) };
}

t.test('files, devices, and what is neither', async (t) => {
  const directory = t.testdir({ file: 'text', empty: '' });
  t.equal(await textOf(join(directory, 'file')), 'text');
  t.equal(await textOf(join(directory, 'file'), 4), 'text', 'exactly as much as there may be');
  t.equal(await textOf(join(directory, 'empty')), '');
  t.equal(await textOf('/dev/null'), '');
  t.equal(await textOf(directory), 'expected a file, not a directory');
  t.equal(await textOf(join(directory, 'none')), 'expected a file that exists');
});

t.test('what has no end is read up to the bound', async (t) => {
  t.equal(await textOf('/dev/zero'), 'expected a file of at most 1000');
  const big = join(t.testdir({}), 'big');
  writeFileSync(big, Buffer.alloc(5_000_000));
  t.equal(await textOf(big, 4_999_999), 'expected a file of at most 4999999');
  t.equal((await textOf(big, 5_000_000)).length, 5_000_000);
});

t.test('a pipe that is written after it was opened, in pieces', async (t) => {
  const { path, done } = fifo(t.testdir({}), 'sleep 0.1; (printf one; sleep 0.1; printf two) > "$1"');
  t.equal(await textOf(path), 'onetwo');
  await done;
});

t.test('a pipe whose writer writes nothing, or too much', async (t) => {
  const nothing = fifo(t.testdir({ a: '' }), ': > "$1"');
  t.equal(await textOf(nothing.path), '');
  await nothing.done;
  const endless = fifo(t.testdir({ b: '' }), 'exec cat /dev/zero > "$1"');
  t.equal(await textOf(endless.path), 'expected a file of at most 1000');
  await t.rejects(endless.done, 'and the writer is told');
});
