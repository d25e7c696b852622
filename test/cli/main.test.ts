import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { ROOT, plainEnvironment, runCli } from '../support/cli.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

t.test('version', async (t) => {
  for (const args of [['--version'], ['-V'], ['client', '--version']]) {
    t.match(await runCli(args), { code: 0, stdout: `${version}\n`, stderr: '' }, args.join(' '));
  }
});

t.test('help', async (t) => {
  for (const args of [[], ['--help'], ['-h']]) {
    const run = await runCli(args);
    t.match(run, { code: 0, stderr: '' });
    t.match(run.stdout, /conngen client \[target\] [^]*conngen server/);
    t.match(run.stdout, /Exit codes: 0 done/);
  }
});

t.test('help of a command: every option with --help-all, 80 columns', async (t) => {
  const { code, stdout } = await runCli(['client', '--help-all']);
  t.equal(code, 0);
  for (const name of Object.keys(CLIENT_OPTIONS)) t.match(stdout, name === 'target' ? 'target' : `--${name}`);
  t.notMatch((await runCli(['client', '--help'])).stdout, /--sink/);
  t.match(stdout, /\[default: 127\.0\.0\.1\]/);
  t.ok(stdout.split('\n').every((line) => line.length <= 80));
});

t.test('help as a word', async (t) => {
  const [asWord, asFlag] = await Promise.all([runCli(['help', 'rtt']), runCli(['rtt', '--help'])]);
  t.match(asWord, { code: 0, stderr: '' });
  t.equal(asWord.stdout, asFlag.stdout);
  t.match((await runCli(['help'])).stdout, /conngen client \[target\] [^]*conngen server/);
  t.match(await runCli(['help', 'clinet']), {
    code: 2,
    stdout: '',
    stderr: /^command: got "clinet", .* mean client\?/,
  });
});

t.test('help of a command that does not exist is refused', async (t) => {
  t.match(await runCli(['clinet', '--help']), {
    code: 2,
    stdout: '',
    stderr: /^command: got "clinet", .* mean client\?/,
  });
});

t.test('a reader that goes away is no crash', (t) => {
  const launcher = join(ROOT, 'bin/conngen.js');
  const { stdout, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${launcher}" client --help | head -1`], {
    encoding: 'utf8',
    env: plainEnvironment(),
  });
  t.equal(stdout, 'conngen client [target]\n');
  t.equal(stderr, '');
  t.end();
});
