import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MODULE_ARGS, moduleUrl } from '../support/modules.ts';
import { LineFile } from '../../src/run/line-file.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

t.test('lines are written as they come, and stand under their name at the end', async (t) => {
  const directory = t.testdir({ log: 'old' });
  const file = new LineFile(join(directory, 'log'));
  file.append('one\n');
  file.append('two\n');
  const temporary = (): string | undefined => readdirSync(directory).find((name) => name.endsWith('.tmp'));
  // Until they are there, or the test's time is up.
  while (temporary() === undefined || statSync(join(directory, temporary()!)).size < 8) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(readFileSync(join(directory, 'log'), 'utf8'), 'old');
  t.same(await file.end('commit'), { ok: true });
  t.equal(readFileSync(join(directory, 'log'), 'utf8'), 'one\ntwo\n');
  t.same(readdirSync(directory), ['log']);
});

t.test('discarded, nothing happened', async (t) => {
  const directory = t.testdir({ log: 'old' });
  const file = new LineFile(join(directory, 'log'));
  file.append('one\n');
  t.same(await file.end('discard'), { ok: true });
  t.equal(readFileSync(join(directory, 'log'), 'utf8'), 'old');
  t.same(readdirSync(directory), ['log']);
});

t.test('what cannot be opened, or takes nothing', async (t) => {
  const directory = t.testdir({});
  const nowhere = new LineFile(join(directory, 'none', 'log'));
  nowhere.append('one\n');
  t.same(await nowhere.end('commit'), { ok: false, reason: 'there is no such directory', partial: null });
  const full = new LineFile('/dev/full');
  full.append('one\n');
  t.same(await full.end('commit'), { ok: false, reason: 'no space is left', partial: null });
});

t.test('a process that ends at once keeps what was written', async (t) => {
  const directory = t.testdir({ log: 'old' });
  const script = `
    import { LineFile } from ${JSON.stringify(moduleUrl('src/run/line-file.ts').href)};
    const file = new LineFile('log');
    file.append('one\\n');
    process.on('exit', () => file.abandon());
    setTimeout(() => { file.append('two\\n'); process.exit(3); }, 200);`;
  const args = [...MODULE_ARGS, '--input-type=module', '--eval', script];
  const run = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
  t.equal(run.status, 3, run.stderr);
  t.same(readdirSync(directory).sort(), ['log', 'log.partial']);
  t.equal(readFileSync(join(directory, 'log.partial'), 'utf8'), 'one\n');
  t.equal(readFileSync(join(directory, 'log'), 'utf8'), 'old');
});

const disk = mountSmallDisk();
const skip = typeof disk === 'string' ? disk : false;

t.test('on a full disk the whole lines are kept', { skip }, async (t) => {
  if (typeof disk === 'string') return;
  t.teardown(() => disk.remove());
  const file = new LineFile(join(disk.path, 'log'));
  const line = `${'x'.repeat(9_999)}\n`;
  for (let count = 0; count < 20; count++) file.append(line);
  const partial = join(disk.path, 'log.partial');
  t.same(await file.end('commit'), { ok: false, reason: 'no space is left', partial });
  const kept = readFileSync(partial, 'utf8');
  t.ok(kept.length > 0 && kept.length % line.length === 0, `${kept.length} characters are whole lines`);
  t.same(readdirSync(disk.path), ['log.partial']);
});
