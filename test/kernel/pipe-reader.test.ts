import { execFileSync } from 'node:child_process';
import { closeSync, openSync, constants } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { readerWatch } from '../../src/kernel/pipe-reader.ts';

t.test('a pipe whose reader leaves, and a file', (t) => {
  const directory = t.testdir({ file: '' });
  const name = path.join(directory, 'pipe');
  execFileSync('mkfifo', [name]);
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(name, 'w');
  const isRead = readerWatch(writer);
  t.equal(isRead(), true);
  t.equal(isRead(), true, 'a second time');
  closeSync(reader);
  t.equal(isRead(), false);
  t.equal(isRead(), false, 'a second time');
  closeSync(writer);
  const file = openSync(path.join(directory, 'file'), 'w');
  t.equal(readerWatch(file)(), true, 'a file is always there');
  closeSync(file);
  t.end();
});
