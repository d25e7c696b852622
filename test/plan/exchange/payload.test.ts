import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadPayload, makePayload } from '../../../src/plan/exchange/payload.ts';

t.test('made', (t) => {
  const payload = makePayload(130);
  t.equal(payload.length, 130);
  t.ok(payload.buffer instanceof SharedArrayBuffer);
  t.ok(payload.every((byte) => byte > 0x20 && byte < 0x7f));
  t.same(payload.slice(64, 128), payload.slice(0, 64), 'repeats');
  t.equal(makePayload(0).length, 0);
  t.end();
});

t.test('loaded', async (t) => {
  const directory = t.testdir({ 'a.req': 'GET / HTTP/1.1\r\n\r\n', empty: '', folder: {} });
  const loaded = await loadPayload(join(directory, 'a.req'));
  t.ok(loaded.ok);
  if (loaded.ok) {
    t.ok(loaded.value.buffer instanceof SharedArrayBuffer);
    t.equal(Buffer.from(loaded.value).toString(), 'GET / HTTP/1.1\r\n\r\n');
  }
  const big = join(directory, 'big');
  writeFileSync(big, Buffer.alloc(3_000_001, 7));
  const bigLoaded = await loadPayload(big);
  t.ok(bigLoaded.ok && bigLoaded.value.length === 3_000_001 && bigLoaded.value.every((byte) => byte === 7));
  t.match(await loadPayload(join(directory, 'empty')), { ok: true, value: { length: 0 } });
  t.match(await loadPayload('/dev/null'), { ok: true, value: { length: 0 } });
});

t.test('refused', async (t) => {
  const directory = t.testdir({ locked: 'secret' });
  t.same(await loadPayload(''), { ok: false, expected: 'the name of a file' });
  t.same(await loadPayload(directory), { ok: false, expected: 'a file, not a directory' });
  t.same(await loadPayload(join(directory, 'missing')), { ok: false, expected: 'a file that exists' });
  t.same(await loadPayload(join(directory, 'locked', 'x')), { ok: false, expected: 'a file that exists' });
});

t.test('unreadable', { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, async (t) => {
  const directory = t.testdir({ locked: 'secret' });
  execFileSync('chmod', ['000', join(directory, 'locked')]);
  t.same(await loadPayload(join(directory, 'locked')), { ok: false, expected: 'a file that this user may read' });
});
