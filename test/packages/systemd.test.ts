/** The units: what systemd says of them, without starting them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { AGENT_OPTIONS } from '../../src/options/tables/agent.ts';
import { SERVER_OPTIONS } from '../../src/options/tables/server.ts';
import { EXIT_USAGE } from '../../src/cli/process/exit-codes.ts';
import { ROOT } from '../support/cli.ts';

const UNIT = join(ROOT, 'examples/systemd/conngen-server.service');
const unit = readFileSync(UNIT, 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const noSystemd = hasSystemd ? false : 'needs systemd-analyze';

t.test('the variables of its file are options of the server', async (t) => {
  const text = readFileSync(join(ROOT, 'examples/systemd/conngen-server.default'), 'utf8');
  const names = [...text.matchAll(/^#?CONNGEN_([A-Z_]+)=/gm)].map(([, name]) =>
    name!.toLowerCase().replaceAll('_', '-'),
  );
  t.ok(names.length > 2);
  for (const name of names) t.ok(name in SERVER_OPTIONS, name);
  t.match(unit, /^EnvironmentFile=-\/etc\/default\/conngen-server$/m);
});

t.test('a wrong option does not make it start again and again', async (t) => {
  t.match(unit, new RegExp(`^RestartPreventExitStatus=${EXIT_USAGE}$`, 'm'));
  t.match(unit, /^SuccessExitStatus=143 130$/m, 'the exit codes after SIGTERM and SIGINT');
});

const UNITS = [UNIT, join(ROOT, 'examples/fleet/conngen-agent.service')];

for (const source of UNITS) {
  const name = basename(source, '.service');
  t.test(`systemd finds no mistake in ${name}, and little exposure`, { skip: noSystemd }, async (t) => {
    const file = join(t.testdir({}), `${name}.service`);
    // The launcher is not in /usr/bin, and neither is its manual.
    const here = readFileSync(source, 'utf8')
      .replace('/usr/bin/conngen', join(ROOT, 'bin/conngen.js'))
      .replace(`man:${name}(1) `, '');
    writeFileSync(file, here);
    const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    // Its complaints about other units of this machine are none of ours.
    const complaints = verified.stderr.split('\n').filter((line) => line.includes('conngen'));
    t.same(complaints, []);
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', file], { encoding: 'utf8' });
    if (security.stderr.includes('unrecognized option')) return;
    const [, exposure = ''] =
      new RegExp(`exposure level for ${name}\\.service: ([\\d.]+) OK`).exec(security.stdout) ?? [];
    t.ok(Number(exposure) > 0 && Number(exposure) <= 1.5, security.stdout.slice(-200) + security.stderr);
  });
}

t.test('the variables that the unit of the agent names are options of the agent', async (t) => {
  const names = [...readFileSync(UNITS[1]!, 'utf8').matchAll(/CONNGEN_([A-Z_]+)=/g)].map(([, name]) =>
    name!.toLowerCase().replaceAll('_', '-'),
  );
  t.ok(names.length > 4);
  for (const name of names) t.ok(name in AGENT_OPTIONS, name);
});
