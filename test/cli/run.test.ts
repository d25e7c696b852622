// tier: kernel
/** The command line with real runs behind it: what only whole processes can show. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ROOT, clientResult, plainEnvironment, runCli, startServer } from '../support/cli.ts';
import { dialError } from '../support/ports.ts';

function whenSaid(child: ChildProcess, words: string, then: (said: string) => void): void {
  let said = '';
  const read = (chunk: Buffer | string): void => {
    said += chunk.toString();
    if (!said.includes(words)) return;
    child.stderr?.off('data', read);
    then(said);
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
  const args = [
    'client',
    `${server.host}:${server.port}`,
    '--rate',
    'max',
    '--max-in-flight',
    '10',
    '--count',
    '30',
    '--quiet',
  ];
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

t.test('what is printed to a full disk, or to nobody, is told in one line', (t) => {
  const run = (line: string, env = {}): { status: number | null; stderr: string } =>
    spawnSync('bash', ['-c', line.replaceAll('CONNGEN', `"${process.execPath}" "${join(ROOT, 'bin/conngen.js')}"`)], {
      encoding: 'utf8',
      env: { ...plainEnvironment(), ...env },
    });
  for (const args of ['--version', '--help', 'client --help', 'lab abstraction --list']) {
    const full = run(`CONNGEN ${args} > /dev/full`);
    t.equal(full.status, 1, args);
    t.match(full.stderr, /^ERROR: .*ENOSPC.*\n(hint: .*\n)?$/);
  }
  const gone = run('CONNGEN doctor 127.0.0.1:9 --json - | true; exit "${PIPESTATUS[0]}"');
  t.match(gone.stderr, /WARN: stdout has no reader any more: the result was not printed/);
  const folder = t.testdir({});
  const lost = run(`cd "${folder}" && rmdir "${folder}" && env -u NODE_OPTIONS CONNGEN lab abstraction --list`);
  t.equal(lost.status, lost.stderr === '' ? 0 : 1);
  t.notMatch(lost.stderr, /\n {4}at |please report/);
  t.end();
});

t.test('a result for a stdout that is closed is refused', (t) => {
  const line = `"${process.execPath}" "${join(ROOT, 'bin/conngen.js')}" client 127.0.0.1:9 -r 10 -d 100ms --json -`;
  const closed = spawnSync('sh', ['-c', `${line} >&-`], { encoding: 'utf8', env: plainEnvironment() });
  t.equal(closed.status, 2);
  t.match(closed.stderr, /^--json: got "-", expected an open stdout, and it is closed\n/);
  const away = spawnSync('sh', ['-c', `${line} --quiet > /dev/null`], { encoding: 'utf8', env: plainEnvironment() });
  t.not(away.status, 2, 'where it is thrown away on purpose the run goes on');
  t.equal(away.stderr, '');
  t.end();
});

t.test('the server of a demo that is killed ends too', async (t) => {
  let serverPort = 0;
  const run = await runCli(['demo'], {
    onSpawn: (child) =>
      whenSaid(child, 'in flight', (said) => {
        serverPort = Number(/listens on 127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
        child.kill('SIGKILL');
      }),
  });
  t.equal(run.signal, 'SIGKILL');
  t.ok(serverPort > 0);
  let error: string | undefined;
  for (let tries = 0; error !== 'ECONNREFUSED' && tries < 3000; tries++) {
    await sleep(10);
    error = await dialError(serverPort);
  }
  t.equal(error, 'ECONNREFUSED', 'nobody listens there any more');
});

t.test('the demo', async (t) => {
  const run = await runCli(['demo'], { env: { CONNGEN_RATE: '7', CONNGEN_PORT: '1' } });
  t.equal(run.code, 0, run.stderr);
  t.match(run.stdout, /offered +1,000\/s for 5 s/);
  t.match(run.stdout, /attempts +5,000 started of 5,000 due/);
  t.match(run.stdout, /verdict/);
  t.match(run.stderr, /conngen client 127\.0\.0\.1:\d+ --rate 1000 --duration 5s --payload-size 64/);
});
