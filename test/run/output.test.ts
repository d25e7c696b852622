import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, createReadStream, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import t from 'tap';
import { OutputFile, inspectOutput, isSameFile, reasonOf, writeOutput } from '../../src/run/output.ts';

t.test('a new file, an old file, a link', async (t) => {
  const directory = t.testdir({ old: 'before' });
  chmodSync(join(directory, 'old'), 0o640);
  symlinkSync('old', join(directory, 'link'));
  await writeOutput(join(directory, 'new'), 'one');
  t.equal(readFileSync(join(directory, 'new'), 'utf8'), 'one');
  await writeOutput(join(directory, 'link'), 'two');
  t.equal(readFileSync(join(directory, 'old'), 'utf8'), 'two', 'through the link');
  t.equal(statSync(join(directory, 'old')).mode & 0o777, 0o640, 'with its permissions');
  t.same(readdirSync(directory).sort(), ['link', 'new', 'old'], 'and nothing is left over');
});

t.test('what is no regular file is written into', async (t) => {
  await t.rejects(writeOutput('/dev/full', 'x'), { code: 'ENOSPC' });
  t.ok(statSync('/dev/full').isCharacterDevice(), 'and not replaced');
  const fifo = join(t.testdir({}), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const [read] = await Promise.all([text(createReadStream(fifo)), writeOutput(fifo, 'through')]);
  t.equal(read, 'through');
  t.ok(statSync(fifo).isFIFO());
});

t.test('a pipe without a reader is told, and keeps no thread', async (t) => {
  const fifo = join(t.testdir({}), 'fifo');
  execFileSync('mkfifo', [fifo]);
  await t.rejects(writeOutput(fifo, 'x'), { message: 'this pipe has no reader' });
});

t.test('a pipe that is full waits for its reader', async (t) => {
  const fifo = join(t.testdir({}), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const content = 'x'.repeat(300_000);
  // It has the pipe open before it reads.
  const reader = promisify(execFile)('sh', ['-c', 'exec 3< "$1"; sleep 0.3; cat <&3', 'sh', fifo], { maxBuffer: 1e6 });
  await writeOutput(fifo, content);
  t.equal((await reader).stdout, content);
});

t.test('what a run that was killed has left behind is in the way of nobody', async (t) => {
  const directory = t.testdir({ [`.new.${process.pid}.tmp`]: 'left' });
  await writeOutput(join(directory, 'new'), 'one');
  t.equal(readFileSync(join(directory, 'new'), 'utf8'), 'one');
});

t.test('names as long as a name can be', async (t) => {
  const directory = t.testdir({});
  const name = join(directory, 'n'.repeat(255));
  await writeOutput(name, 'one');
  t.equal(readFileSync(name, 'utf8'), 'one');
  t.match(await inspectOutput(`${name}n`), { kind: 'unwritable', reason: /name is longer/ });
  const file = await OutputFile.open(name);
  await file.append('two');
  const partial = await file.keepPartial();
  t.match(partial, /n\.partial$/);
  t.equal(readFileSync(partial!, 'utf8'), 'two');
});

t.test('one name in one directory is one file, wherever that is mounted', async (t) => {
  const directory = t.testdir({ a: {}, file: 'x' });
  t.equal(await isSameFile(join(directory, 'file'), join(directory, 'a', '..', 'file')), true);
  t.equal(await isSameFile(join(directory, 'new'), join(directory, 'other')), false);
});

t.test('what cannot be written leaves nothing behind', async (t) => {
  const directory = t.testdir({ file: 'kept' });
  await t.rejects(writeOutput(join(directory, 'none', 'x'), 'y'), { code: 'ENOENT' });
  await t.rejects(writeOutput(join(directory, 'file', 'x'), 'y'), { code: 'ENOTDIR' });
  await t.rejects(writeOutput(directory, 'y'), { code: 'EISDIR' });
  t.same(readdirSync(directory), ['file']);
});

t.test('looked at beforehand', async (t) => {
  const directory = t.testdir({ file: 'kept' });
  mkdirSync(join(directory, 'sub'));
  t.same(await inspectOutput(join(directory, 'sub')), { kind: 'directory' });
  t.same(await inspectOutput(join(directory, 'file')), { kind: 'ready' });
  t.same(await inspectOutput(join(directory, 'new')), { kind: 'ready' });
  t.same(await inspectOutput('/dev/stdout'), { kind: 'ready' });
  t.same(await inspectOutput(join(directory, 'none', 'x')), {
    kind: 'unwritable',
    reason: 'there is no such directory',
  });
  t.same(await inspectOutput(join(directory, 'file', 'x')), {
    kind: 'unwritable',
    reason: 'part of its path is not a directory',
  });
  t.same(readdirSync(directory).sort(), ['file', 'sub']);
});

t.test('reasons', (t) => {
  t.equal(reasonOf(Object.assign(new Error(), { code: 'EACCES' })), 'this user may not write there');
  t.equal(reasonOf(Object.assign(new Error(), { code: 'EROFS' })), 'the file system is read-only');
  t.equal(reasonOf(Object.assign(new Error(), { code: 'EIO' })), 'EIO');
  t.equal(reasonOf(new Error('what')), 'what');
  t.equal(reasonOf('text'), 'text');
  t.end();
});
