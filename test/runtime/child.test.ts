// tier: kernel
import t from 'tap';
import { Child, type ChildOptions } from '../../src/runtime/child.ts';
import { launchOf } from '../../src/runtime/launch.ts';
import { ServerChild } from '../../src/runtime/server-child.ts';
import { plainEnvironment } from '../support/cli.ts';
import { dialError } from '../support/ports.ts';

function options(stop = new AbortController().signal): ChildOptions {
  return { launch: launchOf(plainEnvironment()), stop, stderr: 'keep', isDetached: false };
}

t.test('a child tells how it ended', async (t) => {
  const good = new Child(['--version'], options());
  let text = '';
  good.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  t.equal(await good.exit, 0);
  t.match(text, /^\d+\.\d+\.\d+\n$/);
  t.equal(good.complaint(), '');

  const bad = new Child(['client', '127.0.0.1:9', '--rate', '0'], options());
  t.equal(await bad.exit, 2);
  t.match(bad.complaint(), /^--rate: got "0", expected .+$/, 'on one line');
});

t.test('a child that cannot be started, or no longer, rejects', async (t) => {
  const launch = { command: '/no/such/program', args: [], env: {} };
  await t.rejects(new Child([], { ...options(), launch }).exit, { code: 'ENOENT' });
  await t.rejects(ServerChild.start([], { ...options(), launch }), { code: 'ENOENT' });
  t.throws(() => new Child(['--version'], options(AbortSignal.abort(new Error('over')))), /over/);
});

t.test('a server accepts, and ends with its result', async (t) => {
  const server = await ServerChild.start([], options());
  t.equal(await dialError(server.port), undefined);
  const result = JSON.parse((await server.end())!) as { schema: string; totals: object };
  t.equal(result.schema, 'conngen.server/1');
  t.equal(await dialError(server.port), 'ECONNREFUSED');
});

t.test('a server that is refused says why', async (t) => {
  await t.rejects(ServerChild.start(['--backlog', '0'], options()), /^the server did not start: --backlog: got "0"/);
});

t.test('what stops the parent kills its children', async (t) => {
  const stop = new AbortController();
  const listeners = process.listenerCount('exit');
  const server = await ServerChild.start([], options(stop.signal));
  stop.abort();
  t.equal(await server.end(), null);
  t.equal(process.listenerCount('exit'), listeners, 'nothing of it is left');
});
