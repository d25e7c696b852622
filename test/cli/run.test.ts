/** The command line with real runs behind it: what only whole processes can show. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { ROOT, clientResult, plainEnvironment, runCli, startServer } from '../support/cli.ts';

function whenSaid(child: ChildProcess, words: string, then: () => void): void {
  let said = '';
  const read = (chunk: Buffer | string): void => {
    said += chunk.toString();
    if (!said.includes(words)) return;
    child.stderr?.off('data', read);
    then();
  };
  child.stderr?.on('data', read);
}

t.test('the first signal ends a run with its report, the second at once', async (t) => {
  const server = await startServer(['--listeners', '1']);
  t.teardown(() => server.stop());
  const target = `${server.host}:${server.port}`;
  const first = await runCli(['client', target, '--rate', '200', '--duration', '60s', '--json', '-'], {
    // The live view says that it runs.
    onSpawn: (child) => whenSaid(child, 'in flight', () => child.kill('SIGINT')),
  });
  t.equal(first.code, 130, first.stderr);
  const result = clientResult(first);
  t.equal(result.interrupted, true);
  t.ok((result.rounds[0]?.attempts.started ?? 0) > 0);

  const second = await runCli(['client', target, '--rate', '50', '--duration', '60s', '--hold', '60s'], {
    onSpawn: (child) => {
      whenSaid(child, 'in flight', () => child.kill('SIGTERM'));
      whenSaid(child, 'ending early', () => child.kill('SIGTERM'));
    },
  });
  t.equal(second.code, 143, second.stderr);
});

t.test('NO_COLOR, pipes and a full disk', async (t) => {
  const server = await startServer(['--listeners', '1']);
  t.teardown(() => server.stop());
  const args = ['client', `${server.host}:${server.port}`, '--rate', '100', '--duration', '300ms', '--quiet'];
  const piped = await runCli(args);
  t.equal(piped.code, 0, piped.stderr);
  t.notMatch(piped.stdout, /\u001b/);
  t.equal(piped.stderr, '');
  const launcher = join(ROOT, 'bin/conngen.js');
  const full = spawnSync('sh', ['-c', `"${process.execPath}" "${launcher}" ${args.join(' ')} --json - > /dev/full`], {
    encoding: 'utf8',
    env: plainEnvironment(),
  });
  t.equal(full.status, 1);
  t.match(full.stderr, /^ERROR: the result could not be printed: no space is left/);
});

t.test('the demo', async (t) => {
  const run = await runCli(['demo'], { env: { CONNGEN_RATE: '7', CONNGEN_PORT: '1' } });
  t.equal(run.code, 0, run.stderr);
  t.match(run.stdout, /offered +1,000\/s for 5 s/);
  t.match(run.stdout, /attempts +5,000 started of 5,000 due/);
  t.match(run.stdout, /verdict/);
  t.match(run.stderr, /conngen client 127\.0\.0\.1:\d+ --rate 1000 --duration 5s --payload-size 64/);
});
