// tier: kernel
/** What a command line loads: help and input that is refused need no engine, and no lab. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { COMMANDS } from '../../src/cli/commands.ts';
import { ROOT, runCli } from '../support/cli.ts';

/** The code of rooms that measure, and of experiments. */
const MEASURING =
  /\/(?:src|dist)\/((?:engine|client|server|ping|work|count)\/.*|lab\/(?:run-lab|rtt|blocking|bodies|labs|abstraction\/.*)\.[jt]s)$/;

/** The modules of those rooms that `conngen ARGS` loads, and its exit code. */
async function loadedBy(
  t: Test,
  args: readonly string[],
): Promise<{ code: number | null; loaded: string[]; all: number }> {
  const log = join(t.testdir({}), 'modules');
  const hook = `--import=${join(ROOT, 'test/support/module-log.js')}`;
  const { code } = await runCli(args, { env: { NODE_OPTIONS: hook, MODULE_LOG: log } });
  const urls = readFileSync(log, 'utf8').trimEnd().split('\n');
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
