import { closeSync, fstatSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { TempFiles, closeFile, writeAt } from '../../../src/client/body/temp-file.ts';
import { errnoNumber } from '../../../src/kernel/errno.ts';

t.test('a file without a name holds what was written', async (t) => {
  const directory = t.testdir({});
  const files = new TempFiles(directory);
  const fd = files.open();
  t.ok(fd >= 0);
  t.same(readdirSync(directory), [], 'nothing to be seen');
  t.equal(writeAt(fd, Buffer.from('world!!'), 5, 7), 0, 'in any order');
  t.equal(writeAt(fd, Buffer.from('hello, '), 7, 0), 0);
  const read = Buffer.alloc(20);
  t.equal(readSync(fd, read, 0, 20, 0), 12);
  t.equal(read.toString('latin1', 0, 12), 'hello, world');
  t.equal(fstatSync(fd).nlink, 0, 'no name leads to it');
  t.equal(fstatSync(fd).mode & 0o777, 0o600);
  closeFile(fd);
  t.throws(() => closeSync(fd), { code: 'EBADF' });
});

t.test('what cannot be opened or written is an error number', async (t) => {
  const files = new TempFiles(join(t.testdir({}), 'missing'));
  t.equal(files.open(), -1);
  t.equal(files.errno, errnoNumber('ENOENT'));
  t.equal(writeAt(99_999, Buffer.alloc(1), 1, 0), errnoNumber('EBADF'));
});
