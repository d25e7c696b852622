// tier: kernel
import { execFileSync } from 'node:child_process';
import { readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exitCodeOf } from '../../../src/cli/commands/client.ts';
import type { Io } from '../../../src/cli/process/io.ts';
import type { runClient } from '../../../src/client/run.ts';
import { RunError } from '../../../src/units/run-error.ts';
import type { ClientResult } from '../../../src/document/client.ts';
import type { ClientPlan } from '../../../src/plan/plan.ts';
import { PLAIN } from '../../../src/view/layout.ts';
import { clientBy } from '../../support/commands.ts';
import { loadSecond, notice, runStarted } from '../../support/events.ts';
import type { RunContext } from '../../../src/run/events.ts';
import { rawInput, type Typed } from '../../support/plans.ts';
import { clientResult, interval, refusedRound, roundResult } from '../../support/results.ts';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly plan: ClientPlan | null;
}

/** Runs the command with a run of the test's own instead of a real one. */
async function command(
  typed: Typed,
  run: (context: RunContext) => Promise<ClientResult>,
  print?: Io['print'],
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  let plan: ClientPlan | null = null;
  const io: Io = {
    print: print ?? (async (text) => void (stdout += text)),
    stderr: { write: (text: string) => (stderr += text) },
    style: PLAIN,
    colourLogs: false,
  };
  const fake: typeof runClient = (given, context) => {
    plan = given;
    return run(context ?? {});
  };
  const code = await clientBy(fake)(rawInput({ host: '127.0.0.1', ...typed }), io);
  return { code, stdout, stderr, plan };
}

const fine = async (): Promise<ClientResult> => clientResult();

t.test('text on stdout, live view on stderr', async (t) => {
  const ran = await command({ rate: ['1k', '2k'] }, async (context) => {
    context.emit?.(runStarted({ rounds: 2, notes: ['uring: not permitted here'] }));
    context.emit?.(loadSecond(interval()));
    context.emit?.(notice('something odd'));
    return clientResult();
  });
  t.equal(ran.code, 0);
  t.match(ran.stdout, /^conngen client 127\.0\.0\.1:2345\n/);
  t.equal(
    ran.stderr,
    'INFO: uring: not permitted here\nround 1/2    1 s    1,000/s  in flight 3  errors 0  p99 1.04 ms\nWARN: something odd\n',
  );
  t.same(ran.plan?.rates, [1000, 2000]);
});

t.test('--quiet leaves warnings', async (t) => {
  const ran = await command({ quiet: 'true' }, async (context) => {
    context.emit?.(runStarted({ rounds: 2, notes: ['uring: not permitted here'] }));
    context.emit?.(loadSecond(interval()));
    context.emit?.(notice('something odd'));
    return clientResult();
  });
  t.equal(ran.stderr, 'WARN: something odd\n');
});

t.test('--json -: one document and nothing else', async (t) => {
  const ran = await command({ json: '-' }, fine);
  t.same(JSON.parse(ran.stdout), clientResult());
  t.equal(ran.code, 0);
  t.equal((await command({ json: '/dev/stdout' }, fine)).stdout, ran.stdout);
});

t.test('--json FILE: both', async (t) => {
  const file = join(t.testdir({}), 'result.json');
  const ran = await command({ json: file }, fine);
  t.same(JSON.parse(readFileSync(file, 'utf8')), clientResult());
  t.match(ran.stdout, /^conngen client/);
  t.equal(ran.code, 0);
});

t.test('a file that can no longer be written: the JSON is on stdout', async (t) => {
  const directory = t.testdir({ folder: {} });
  const ran = await command({ json: join(directory, 'folder', 'x.json') }, async () => {
    rmdirSync(join(directory, 'folder'));
    return clientResult();
  });
  t.equal(ran.code, 1);
  t.same(JSON.parse(ran.stdout), clientResult());
  t.match(
    ran.stderr,
    /^ERROR: .*x\.json could not be written: there is no such directory; the JSON is on stdout instead/,
  );
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const unread = await command({ json: fifo }, fine);
  t.equal(unread.code, 1);
  t.same(JSON.parse(unread.stdout), clientResult());
  t.match(unread.stderr, /^ERROR: .*fifo could not be written: this pipe has no reader; the JSON is on stdout instead/);
  const full = await command({ json: '/dev/full' }, fine);
  t.equal(full.code, 1);
  t.same(JSON.parse(full.stdout), clientResult());
  t.match(full.stderr, /ERROR: \/dev\/full could not be written: no space is left/);
});

t.test('stdout that cannot be written', async (t) => {
  const ran = await command({}, fine, async () => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  });
  t.equal(ran.code, 1);
  t.match(ran.stderr, /ERROR: the result could not be printed: no space is left/);
});

t.test('exit codes of results', async (t) => {
  t.equal(exitCodeOf(clientResult()), 0);
  t.equal(exitCodeOf(clientResult({ rounds: [refusedRound()] })), 1);
  t.equal(exitCodeOf(clientResult({ error: { code: 'x', message: 'y' } })), 1);
  t.equal((await command({}, async () => clientResult({ rounds: [refusedRound()] }))).code, 1);
});

t.test('thresholds: in the result, and in the exit code', async (t) => {
  const ran = await command({ 'fail-if': ['p99(total)>1ms', 'failures>0'], json: '-' }, fine);
  t.equal(ran.code, 0);
  t.match(JSON.parse(ran.stdout), { thresholds_met: true, rounds: [{ thresholds: [{ met: true }, { met: true }] }] });
  const slow = await command({ 'fail-if': 'p99(total)>100us' }, fine);
  t.equal(slow.code, 99);
  t.match(slow.stdout, /fail if +p99\(total\)>100us: yes \(312 µs\)\n\nThresholds not met/);
  const limited = async (): Promise<ClientResult> =>
    clientResult({ rounds: [roundResult({ verdict: { status: 'generator_limited', reasons: [] } })] });
  t.equal((await command({ 'fail-if': 'failures>0' }, limited)).code, 99);
  t.equal((await command({}, limited)).code, 0, 'which is no failure by itself');
  const allowed = await command({ 'fail-if': 'failures>0', 'allow-generator-limited': 'true' }, limited);
  t.equal(allowed.code, 0);
  const alone = await command({ 'allow-generator-limited': 'true' }, limited);
  t.match(alone.stderr, /WARN: --allow-generator-limited has no effect without --fail-if/);
});

t.test('what failed goes before a threshold, and a signal before both', async (t) => {
  const refused = async (): Promise<ClientResult> => clientResult({ rounds: [refusedRound()] });
  t.equal((await command({ 'fail-if': 'failures>0' }, refused)).code, 1);
  t.equal((await command({ 'fail-if': 'p50(total)>0us', json: '/dev/full' }, fine)).code, 1);
  const stopped = await command({ 'fail-if': 'p50(total)>0us' }, async (context) => {
    const aborted = new Promise((resolve) => context.stop?.addEventListener('abort', resolve));
    process.emit('SIGTERM', 'SIGTERM');
    await aborted;
    return clientResult({ interrupted: true });
  });
  t.equal(stopped.code, 143);
});

t.test('a run that cannot start', async (t) => {
  const ran = await command({}, async () => {
    throw new RunError('no_uring', 'io_uring is not permitted here', 'use --engine epoll');
  });
  t.equal(ran.code, 1);
  t.equal(ran.stderr, 'ERROR: io_uring is not permitted here\nhint: use --engine epoll\n');
  const bug = await command({}, async () => {
    throw new TypeError('undefined is not a function');
  });
  t.equal(bug.code, 1);
  t.match(bug.stderr, /^ERROR: conngen itself failed; please report this: https:\/\/\S+\nTypeError/);
});

t.test('a signal ends the run with its report', async (t) => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const listeners = process.listenerCount(signal);
    const ran = await command({ json: '-' }, async (context) => {
      const stopped = new Promise((resolve) => context.stop?.addEventListener('abort', resolve));
      process.emit(signal, signal);
      await stopped;
      return clientResult({ interrupted: true });
    });
    t.equal(ran.code, code);
    t.match(JSON.parse(ran.stdout), { interrupted: true });
    t.match(ran.stderr, new RegExp(`INFO: ${signal}: ending early`));
    t.equal(process.listenerCount(signal), listeners, 'and is listened for no longer');
  }
});

t.test('bad input runs nothing', async (t) => {
  const ran = await command({ rate: '0', json: '/' }, fine);
  t.equal(ran.code, 2);
  t.equal(ran.plan, null);
  t.match(
    ran.stderr,
    /^--rate: .*\n--json: got "\/", expected a file, not a directory\nSee conngen client --help\.\n$/,
  );
});

t.test('odd but no problem', async (t) => {
  const ran = await command({ finish: 'connect', 'payload-size': '5' }, fine);
  t.equal(ran.code, 0);
  t.match(ran.stderr, /^WARN: --finish connect closes before anything is sent/);
});
