// tier: kernel
/** What a command line loads: help and input that is refused need no engine, and no lab. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { COMMANDS } from '../../src/cli/commands.ts';
import { ROOT, runCli } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';

/** The code of rooms that measure, of experiments, and of the live view on a whole terminal. */
const MEASURING =
  /\/(?:src|dist)\/((?:engine|client|server|ping|work|count)\/.*|view\/live\/tui\/.*|lab\/(?:run-lab|rtt|blocking|bodies|labs|abstraction\/.*)\.[jt]s)$/;

/** All modules that `conngen ARGS` loads, and its exit code. */
async function modulesOf(t: Test, args: readonly string[]): Promise<{ code: number | null; urls: string[] }> {
  const log = join(t.testdir({}), 'modules');
  const hook = `--import=${join(ROOT, 'test/support/module-log.js')}`;
  const { code } = await runCli(args, { env: { NODE_OPTIONS: hook, MODULE_LOG: log } });
  const urls = readFileSync(log, 'utf8').trimEnd().split('\n');
  return { code, urls };
}

/** The modules of those rooms that `conngen ARGS` loads, and its exit code. */
async function loadedBy(
  t: Test,
  args: readonly string[],
): Promise<{ code: number | null; loaded: string[]; all: number }> {
  const { code, urls } = await modulesOf(t, args);
  return { code, loaded: urls.flatMap((url) => MEASURING.exec(url)?.[1] ?? []), all: urls.length };
}

t.test('help', async (t) => {
  for (const args of [['--help'], ...Object.keys(COMMANDS).map((name) => [name, '--help-all'])]) {
    const { code, loaded } = await loadedBy(t, args);
    t.same({ code, loaded }, { code: 0, loaded: [] }, args.join(' '));
  }
});

t.test('the version loads nothing but the launcher', async (t) => {
  const { code, all } = await loadedBy(t, ['--version']);
  t.equal(code, 0);
  t.ok(all <= 2, `${all} modules`);
});

t.test('refused input of each command', async (t) => {
  for (const name of Object.keys(COMMANDS)) {
    const { code, loaded } = await loadedBy(t, [name, '--no-such-option']);
    t.same({ code, loaded }, { code: 2, loaded: [] }, name);
  }
});

/** The code of metrics beyond the options, and HTTP. */
const METRICS = /\/(?:src|dist)\/run\/metrics\/(?!open|places)|^node:https?$/;

t.test('metrics are loaded where they are asked for, TLS where the URL needs it', async (t) => {
  const load = ['client', `127.0.0.1:${await freePort()}`, '-n', '1', '--quiet'];
  const found = async (...args: string[]): Promise<string[]> =>
    (await modulesOf(t, [...load, ...args])).urls.filter((url) => METRICS.test(url));
  t.same(await found(), []);
  const listening = await found('--metrics-listen', ':0');
  t.ok(listening.includes('node:http') && !listening.some((url) => /otlp|node:https/.test(url)), listening.join(' '));
  const sending = await found('--otlp', `http://127.0.0.1:${await freePort()}`);
  t.ok(sending.includes('node:http') && !sending.some((url) => /scrape|node:https/.test(url)), sending.join(' '));
});

t.test('the code of a fleet is loaded where one is asked for', async (t) => {
  const FLEET = /\/(?:src|dist)\/fleet\/|@nats-io/;
  const target = `127.0.0.1:${await freePort()}`;
  for (const args of [['--help'], ['client', target, '-n', '1', '--quiet'], ['rtt', target, '-d', '10ms', '--quiet']]) {
    const { urls } = await modulesOf(t, args);
    t.same(
      urls.filter((url) => FLEET.test(url)),
      [],
      args.join(' '),
    );
  }
  const { code, urls } = await modulesOf(t, ['fleet', '--fleet', target]);
  t.equal(code, 1);
  t.ok(urls.some((url) => url.includes('@nats-io')));
});

t.test('a run without a terminal loads nothing that draws on one', async (t) => {
  const { code, loaded } = await loadedBy(t, ['client', '127.0.0.1:1', '-r', '10', '-d', '100ms']);
  t.equal(code, 1);
  t.ok(loaded.some((module) => module.startsWith('client/')));
  t.same(
    loaded.filter((module) => module.startsWith('view/')),
    [],
  );
});
