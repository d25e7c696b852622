import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clientConfig } from '../../../src/plan/client-plan.ts';
import { planClient } from '../../support/plans.ts';
import type { Typed } from '../../support/plans.ts';

async function problemsOf(typed: Typed): Promise<readonly string[]> {
  return (await planClient(typed)).problems;
}

t.test('nothing given: bodies are dropped', async (t) => {
  const { plan } = await planClient({});
  t.match(plan?.body, { sink: { kind: 'null' }, directory: null, maxMemoryBytes: null, maxBodyBytes: null });
  t.match(plan?.body, { firstByteTimeoutNs: null, verification: null });
});

t.test('all of it', async (t) => {
  const directory = t.testdir({ expected: 'abc' });
  const { plan, problems } = await planClient({
    sink: 'gather',
    'max-memory': '1MiB',
    'spill-dir': directory,
    'max-body': '2MiB',
    'first-byte-timeout': '100ms',
    verify: join(directory, 'expected'),
  });
  t.same(problems, []);
  t.equal(plan?.maxInFlight, 6000);
  t.match(clientConfig(plan!), {
    sink: 'gather',
    max_memory_bytes: 1048576,
    spill_directory: directory,
    max_body_bytes: 2097152,
    first_byte_timeout_sec: 0.1,
    verify: join(directory, 'expected'),
  });
});

t.test('where a sink does its work', async (t) => {
  const directory = t.testdir({});
  const sink = `file:${directory}`;
  const { plan, notices } = await planClient({ sink, 'sink-strategy': 'permit:2' });
  t.same(plan?.body.strategy, { kind: 'permit', permits: 2 });
  t.match(notices, [/^--sink-strategy permit:2 never makes a worker wait: 1 worker does at most 1 at the same time$/]);
  const pool = await planClient({ sink, 'sink-strategy': 'pool' });
  t.equal(pool.plan?.engine, 'node');
  t.match(pool.notices, [/^--sink-strategy pool takes the node engine: /]);
  t.match(await problemsOf({ 'sink-strategy': 'permit:1' }), [
    /^--sink-strategy: got "permit:1", expected direct, or a --sink that keeps/,
  ]);
  t.match(await problemsOf({ sink: 'gather', 'sink-strategy': 'pool' }), [
    /^--sink-strategy: got "pool", expected --sink file:DIRECTORY with it/,
  ]);
  t.match(await problemsOf({ sink, 'sink-strategy': 'pool', engine: 'epoll' }), [
    /^--sink-strategy: got "pool", expected --engine node with it/,
  ]);
  t.match(await problemsOf({ sink, 'sink-strategy': 'later' }), [
    /^--sink-strategy: got "later", expected direct, permit:N/,
  ]);
});

t.test('files take descriptors too', async (t) => {
  const directory = t.testdir({});
  const { plan } = await planClient({ sink: `file:${directory}`, rate: '20000' });
  t.equal(plan?.maxInFlight, Math.floor((20_000 - 64) / 2));
});

t.test('every problem, named', async (t) => {
  const directory = t.testdir({ file: 'x' });
  const file = join(directory, 'file');
  const missing = join(directory, 'missing');
  t.same(await problemsOf({ sink: 'disk', verify: 'sha256:12' }), [
    '--sink: got "disk", expected null, memory, gather or file:DIRECTORY',
    '--verify: got "sha256:12", expected 64 hexadecimal digits after sha256:',
  ]);
  t.same(await problemsOf({ sink: `file:${missing}`, verify: missing }), [
    `--sink: got "file:${missing}", expected file: and a directory that exists`,
    `--verify: got "${missing}", expected a file that exists, echo or sha256:HEX`,
  ]);
  t.match(await problemsOf({ sink: `file:${file}` }), [/file: and a directory, not a file/]);
  t.match(await problemsOf({ 'max-memory': '1MiB' }), [/--max-memory.*unless --sink is memory or gather/]);
  t.match(await problemsOf({ sink: 'memory', 'spill-dir': directory }), [/--spill-dir.*without --max-memory/]);
  t.match(await problemsOf({ verify: 'echo' }), [/--verify.*something to come back/]);
  t.match(await problemsOf({ verify: file, finish: 'bytes:7' }), [
    /as many bytes as --finish bytes:7 reads, where it has 1/,
  ]);
  t.match(await problemsOf({ 'max-body': '6', finish: 'bytes:7' }), [/--max-body.*at least the 7 of --finish/]);
  t.match(await problemsOf({ 'first-byte-timeout': '5s' }), [/--first-byte-timeout.*less than --timeout \(5s\)/]);
  t.match(await problemsOf({ finish: 'connect', sink: 'memory', 'max-body': '9', verify: file }), [
    /--sink.*beside --finish connect/,
    /--max-body.*beside --finish connect/,
    /--verify.*beside --finish connect/,
  ]);
});

t.test(
  'a directory that may not be written to, whoever one is',
  { skip: process.platform !== 'linux' && 'no /proc' },
  async (t) => {
    const reasons = 'may write to|in which files can be made';
    t.match(await problemsOf({ sink: 'file:/proc' }), [new RegExp(`file: and a directory .*(${reasons})`)]);
  },
);

t.test('looking at a directory leaves nothing in it', async (t) => {
  const directory = t.testdir({});
  t.same(await problemsOf({ sink: `file:${directory}` }), []);
  t.same(readdirSync(directory), []);
});
