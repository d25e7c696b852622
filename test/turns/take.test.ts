// tier: kernel
/** `conngen compare --run`: the runs are taken in turns, kept, and compared. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { CompareResult } from '../../src/document/compare.ts';
import { runCli, startServer } from '../support/cli.ts';

const server = await startServer();
t.teardown(() => server.stop());

/** A directory with a file of options, and how to compare with it. `--force` keeps runs of a busy machine. */
function place(t: Test): { readonly dir: string; readonly args: readonly string[] } {
  const options = { target: `127.0.0.1:${server.port}`, rate: 50, duration: '300ms' };
  const dir = t.testdir({ 'a.json': JSON.stringify(options), 'b.json': JSON.stringify({ ...options, rate: 60 }) });
  return { dir, args: ['compare', '--run', '--pause', '0s', '--out', join(dir, 'runs')] };
}

t.test('in turns, with a command before each run, every result kept', async (t) => {
  const { dir, args } = place(t);
  const log = join(dir, 'log');
  const before = ['--before-base', `echo A >>${log}`, '--before-new', `echo B >>${log}`];
  const file = join(dir, 'a.json');
  const run = await runCli([...args, '--runs', '2', '--force', ...before, file, file, '--json', '-']);
  t.equal(run.code, 0, run.stderr);
  const result = JSON.parse(run.stdout) as CompareResult;
  t.match(result, { basis: 'runs', taking: { order: 'ABBA', left_out: [] }, sides: { base: { config_file: file } } });
  t.equal(readFileSync(log, 'utf8'), 'A\nB\nB\nA\n');
  t.same(readdirSync(join(dir, 'runs')).sort(), ['base-1.json', 'base-2.json', 'new-1.json', 'new-2.json']);
  t.match(
    run.stderr,
    /INFO: 4 runs, the results in .*; expected time: about \d+ s\nINFO: run 1 of 4: base 1, about \d+ s left\n/,
  );
  t.match(run.stderr, /nothing was restored/);
});

t.test('a command that fails ends everything with what it printed', async (t) => {
  const { dir, args } = place(t);
  const file = join(dir, 'a.json');
  const run = await runCli([...args, '--runs', '1', '--force', '--before-new', 'echo oops >&2; exit 3', file, file]);
  t.equal(run.code, 1);
  t.match(run.stderr, /ERROR: --before-new ended with exit code 3, it printed: oops; 1 result until then in/);
});

t.test('a signal ends with what is there', async (t) => {
  const { dir, args } = place(t);
  const file = join(dir, 'a.json');
  const run = await runCli([...args, '--runs', '20', '--force', file, file, '--json', '-'], {
    onSpawn: (child) => {
      let told = '';
      child.stderr?.on('data', (text: Buffer) => {
        told += text.toString();
        // A second signal would end it without a result.
        if (told.includes('run 4 of 40') && !child.killed) child.kill('SIGTERM');
      });
    },
  });
  t.equal(run.code, 143, run.stderr);
  const result = JSON.parse(run.stdout) as CompareResult;
  t.ok(result.interrupted);
  t.equal(result.sides.base.runs.length, 1);
  t.equal(result.sides.new.runs.length, 2);
});

t.test('what is wrong is said before the first run, all at once', async (t) => {
  const { dir, args } = place(t);
  writeFileSync(join(dir, 'c.json'), '{"rate": "fast"}');
  const unlike = await runCli([...args, join(dir, 'a.json'), join(dir, 'b.json')]);
  t.equal(unlike.code, 2);
  t.match(
    unlike.stderr,
    /b\.json: rates_per_sec: got "\[60\]", expected one of \[50\], as in .*a\.json: there would be/,
  );
  t.notMatch(unlike.stderr, /--force/, 'which would be no way out');
  const hopeless = await runCli([...args, '--force', join(dir, 'a.json'), join(dir, 'b.json')]);
  t.equal(hopeless.code, 2);
  t.match(hopeless.stderr, /there would be nothing to compare/);
  const wrong = await runCli([...args, join(dir, 'c.json'), join(dir, 'none.json')]);
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /c\.json: rate: got "fast"/);
  t.match(wrong.stderr, /none\.json.*ENOENT/);
  t.notOk(existsSync(join(dir, 'runs')));
  const file = join(dir, 'a.json');
  const figure = await runCli([...args, file, file, '--fail-if', 'p99(rtt)>+5%', '--figure', 'answer']);
  t.equal(figure.code, 2);
  t.match(figure.stderr, /--figure: got "answer", expected a figure of conngen client: rate\(completed\)/);
  t.match(figure.stderr, /--fail-if: got "p99\(rtt\)>\+5%"/);
  const alone = await runCli(['compare', '--runs', '3', 'a.json', 'b.json']);
  t.match(alone.stderr, /--runs: got "3", expected to be left out without --run/);
});

t.test('a side whose first run fails twice ends everything, with why it failed', async (t) => {
  const { dir, args } = place(t);
  const file = join(dir, 'dead.json');
  writeFileSync(file, JSON.stringify({ target: '127.0.0.1:1', rate: 50, duration: '1s' }));
  const run = await runCli([...args, '--runs', '5', file, file]);
  t.equal(run.code, 1);
  t.match(
    run.stderr,
    /the first run of the base failed twice: it ended with exit code \d+ \(\d+ of 50 connections failed: refused\)/,
  );
  t.match(run.stderr, /hint: try conngen client --config .*dead\.json\n/);
  t.notMatch(run.stderr, /run 2 of 10/);
});

t.test('a signal before the first usable run has the exit code of the signal', async (t) => {
  const { dir, args } = place(t);
  const file = join(dir, 'a.json');
  const run = await runCli([...args, '--runs', '20', '--before-base', 'sleep 5', file, file], {
    onSpawn: (child) => {
      child.stderr?.once('data', () => child.kill('SIGINT'));
    },
  });
  t.equal(run.code, 130, run.stderr);
  t.match(run.stderr, /ERROR: a signal ended it before a run of the base could be used/);
  t.notMatch(run.stderr, /--force/);
});
