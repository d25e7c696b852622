// tier: kernel
/** A whole run in this process: pacing threads, shared memory and merging, against a real echo server. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import t from 'tap';
import { runClient } from '../support/runs.ts';
import type { ClientPlan } from '../../src/plan/plan.ts';
import { whyNot } from '../support/engines.ts';
import { inTime } from '../support/in-time.ts';
import { checkIdentities } from '../support/identities.ts';
import { onSecond } from '../support/events.ts';
import { planClient } from '../support/plans.ts';
import type { Typed } from '../support/plans.ts';
import { freePort } from '../support/ports.ts';

const noUring = process.arch === 'x64' ? await whyNot('uring') : 'it cannot be told where native memory is';

/** Memory without a name below 2 GiB, where native memory is (see `NativeHeap`). */
function lowMemoryBytes(): number {
  const maps = readFileSync('/proc/self/maps', 'latin1');
  let bytes = 0;
  for (const [, first, last] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *$/gm)) {
    if (Number.parseInt(last!, 16) <= 2 ** 31) bytes += Number.parseInt(last!, 16) - Number.parseInt(first!, 16);
  }
  return bytes;
}

async function echoServer(): Promise<{ close: () => void; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.pipe(socket);
  });
  server.listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const close = (): void => {
    server.close();
    // Those of a thread that died stay open as long as the process.
    for (const socket of sockets) socket.destroy();
  };
  return { close, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

async function planOf(port: number, typed: Typed): Promise<ClientPlan> {
  const { plan, problems } = await planClient({
    target: `127.0.0.1:${port}`,
    'payload-size': '64',
    finish: 'echo',
    ...typed,
  });
  if (plan === null) throw new Error(problems.join('\n'));
  return plan;
}

t.test(
  'exactly as many attempts as are asked for: at a rate, as fast as it goes, with workers, after a warm-up',
  async (t) => {
    const { close, port } = await echoServer();
    const rate = ['200', 'max', '700'];
    const options: Typed = { count: '31', warmup: '101ms', workers: '2', 'max-in-flight': '3' };
    const result = await runClient(await planOf(port, { rate, ...options }));
    const ramped = await runClient(
      await planOf(port, { rate: '200', 'ramp-up': '99ms', 'ramp-down': '99ms', ...options }),
    );
    close();
    checkIdentities(t, result);
    checkIdentities(t, ramped);
    for (const { attempts } of [...result.rounds, ...ramped.rounds]) t.equal(attempts.scheduled, 31);
    const [first, second] = result.rounds;
    t.equal(first?.duration_sec, 0.155);
    t.equal(second?.outcomes.ok, 31);
    t.ok(second!.duration_sec > 0 && second!.rate_per_sec.completed > 0, 'as long as it took');
    t.match(result.config, { duration_sec: null, count: 31 });
  },
);

t.test('two workers share one schedule; a warm-up and a second round are apart', async (t) => {
  const { close, port } = await echoServer();
  const plan = await planOf(port, { rate: ['300', '150'], duration: '1s', warmup: '500ms', workers: '2' });
  const seconds: number[] = [];
  const warmups: number[] = [];
  const emit = onSecond(({ round, warmup }) => (warmup ? warmups : seconds).push(round));
  const result = await inTime(() => runClient(plan, { emit }));
  close();
  checkIdentities(t, result);
  t.strictSame(
    result.rounds.map(({ attempts, outcomes }) => [attempts.scheduled, outcomes.ok]),
    [
      [300, 300],
      [150, 150],
    ],
  );
  t.ok(warmups.includes(0) && warmups.includes(1), 'the warm-ups were told');
  t.ok(seconds.includes(0) && seconds.includes(1), 'the seconds were told');
  t.equal(result.error, undefined);
});

t.test('native memory of the threads is given back when a run has ended', { skip: noUring }, async (t) => {
  const { close, port } = await echoServer();
  const plan = await planOf(port, { rate: '100', count: '20', workers: '2', engine: 'uring' });
  await runClient(plan);
  const before = lowMemoryBytes();
  for (let i = 0; i < 4; i++) checkIdentities(t, await runClient(plan));
  const grown = lowMemoryBytes() - before;
  close();
  // A thread has some 300 KiB.
  t.ok(grown < 300 * 1024, 'what four runs leave', { found: grown });
});

t.test('a stop ends the round early and accounts for it', async (t) => {
  const { close, port } = await echoServer();
  const plan = await planOf(port, { rate: ['200', '100'], duration: '60s' });
  const stop = new AbortController();
  const result = await runClient(plan, {
    stop: stop.signal,
    emit: onSecond(() => stop.abort()),
  });
  close();
  checkIdentities(t, result);
  t.equal(result.interrupted, true);
  t.equal(result.rounds.length, 1, 'the round behind it is not begun');
  const { scheduled } = result.rounds[0]!.attempts;
  t.ok(scheduled > 0 && scheduled < 12_000, `${scheduled} were due`);
});

t.test('a worker that dies: what was measured stands, marked, and adds up', async (t) => {
  const { close, port } = await echoServer();
  const threads: Worker[] = [];
  const onWorker = (worker: Worker): unknown => threads.push(worker);
  process.on('worker', onWorker);
  // Held connections make sure that the one that dies has something under way.
  const plan = await planOf(port, { rate: '400', duration: '3s', workers: '2', hold: '300ms' });
  const result = await runClient(plan, {
    emit: onSecond(({ second }) => {
      if (second === 0) void threads[1]?.terminate();
    }),
  });
  process.off('worker', onWorker);
  close();
  t.equal(threads.length, 2);
  checkIdentities(t, result);
  t.match(result.rounds[0]!.verdict, { status: 'generator_limited' });
  t.ok(result.rounds[0]!.verdict.reasons.some(({ code }) => code === 'worker_died'));
  t.equal(result.error?.code, 'worker_exited');
  const { attempts, outcomes } = result.rounds[0]!;
  t.equal(attempts.scheduled, 1200, 'what was due on it after its death is missed');
  t.ok(attempts.missed > 100, `${attempts.missed} were missed`);
  t.match(
    result.rounds[0]!.verdict.reasons[0]?.message,
    /^1 of 2 pacing threads died during the round \(worker 1 ended with code 1\): \d+ starts due after that were missed\./,
  );
  const { intervals } = result.rounds[0]!;
  t.ok((intervals[2]?.missed ?? 0) > 150, 'and is told in the seconds in which it was due', { found: intervals[2] });
  t.ok(outcomes.ok >= 600, 'the other worker did its whole share');
});
