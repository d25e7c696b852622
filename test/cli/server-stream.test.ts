// tier: kernel
/** `conngen server --stream`: a line a second, whose sums are the result. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ServerLine } from '../../src/document/interval.ts';
import type { ServerResult } from '../../src/document/server.ts';
import { runCli, startServer, type CliRun } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';
import { validated } from '../support/schemas.ts';

const linesOf = (text: string): ServerLine[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => validated(JSON.parse(line) as ServerLine));

t.test('the sums over the seconds are the totals', async (t) => {
  const file = join(t.testdir({}), 'server.jsonl');
  const server = await startServer(['--listeners', '2', '--max-connections', '3', '--stream', file]);
  t.teardown(() => server.stop());
  const load = ['--rate', '100', '--duration', '1500ms', '--payload-size', '10', '--finish', 'echo', '--hold', '80ms'];
  await runCli(['client', `127.0.0.1:${server.port}`, ...load, '--quiet']);
  const result: ServerResult = await server.stop();
  const lines = linesOf(readFileSync(file, 'utf8'));
  t.ok(lines.length >= 3, `${lines.length} seconds`);
  t.same(
    lines.map(({ second }) => second),
    lines.map((_, index) => index),
  );
  const sum = (figure: (line: ServerLine) => number): number => lines.reduce((all, line) => all + figure(line), 0);
  t.same(
    {
      accepted: sum(({ accepted }) => accepted),
      completed: sum(({ completed }) => completed),
      rejected: sum(({ rejected }) => rejected),
      idle_closed: sum((line) => line.idle_closed),
      aborted: sum(({ aborted }) => aborted),
      received: sum(({ bytes }) => bytes.received),
      byListener: sum(({ listeners }) => listeners.reduce((all, { accepted }) => all + accepted, 0)),
      errors: sum(({ errors }) => Object.values(errors).reduce((all, count) => all + count, 0)),
      open: lines.at(-1)!.open,
    },
    {
      accepted: result.accepted,
      completed: result.completed,
      rejected: result.rejected,
      idle_closed: result.idle_closed,
      aborted: result.aborted,
      received: result.bytes.received,
      byListener: result.accepted,
      errors: Object.values(result.errors).reduce((all, count) => all + count, 0),
      open: 0,
    },
  );
  t.ok(result.rejected > 0 && result.completed > 0 && result.bytes.received > 0);
  t.ok(Math.abs(sum((line) => line.length_sec) - result.duration_sec) < 0.1, 'all of the time');
});

/** Runs a server until it has listened for `forMs`. */
async function servedFor(forMs: number, ...args: string[]): Promise<CliRun> {
  return runCli(['server', '--port', String(await freePort()), '--listeners', '1', ...args], {
    onSpawn: (child) => {
      child.stderr!.on('data', (text: Buffer) => {
        if (String(text).includes('listening on')) setTimeout(() => child.kill('SIGTERM'), forMs);
      });
    },
  });
}

t.test('on stdout there is nothing else', async (t) => {
  const run = await servedFor(1200, '--stream', '-');
  t.equal(run.code, 143, run.stderr);
  t.ok(linesOf(run.stdout).length >= 2);
});

t.test('nor beside a page on stdout', async (t) => {
  const run = await servedFor(100, '--html', '-');
  t.equal(run.code, 143, run.stderr);
  t.match(run.stdout, /^<!doctype html>/i);
});
