// tier: kernel
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import t from 'tap';
import type { Test } from 'tap';
import type { ServerResult } from '../../src/document/server.ts';
import type { ServerPlan } from '../../src/plan/plan.ts';
import { dial, serve, sharedBytes, unreadBytes, until } from './serve.ts';
import { whyNot } from '../support/engines.ts';

const MS = 1e6;

/** So many peers at once, each with its request and its answer; returns what the server counted. */
async function served(t: Test, plan: Partial<ServerPlan>, count: number): Promise<ServerResult> {
  const { answered, result } = await ask(t, plan, count);
  t.equal(answered, count, 'every peer got its answer');
  return result;
}

/** The same, where a peer may get no answer. */
async function ask(
  t: Test,
  plan: Partial<ServerPlan>,
  count: number,
): Promise<{ answered: number; result: ServerResult }> {
  const server = await serve(t, plan);
  let answered = 0;
  await Promise.all(
    Array.from({ length: count }, async () => {
      const peer = await dial(t, server.port);
      peer.socket.end('request');
      if ((await peer.over) === 'end' && peer.data().toString() === 'answer') answered++;
    }),
  );
  return { answered, result: await server.stop() };
}

/** A machine that holds up a peer in each of so many runs cannot be measured on. */
const TRIES_MAX = 6;

function checkWork(t: Test, result: ServerResult, count: number): NonNullable<ServerResult['work']> {
  const work = result.work!;
  t.match(result, { accepted: count, completed: count, rejected: 0, idle_closed: 0, aborted: 0 });
  t.match(work, { jobs: count, done: count, unfinished: 0 });
  t.equal(work.on_loop + work.on_threads, work.jobs, 'each job was done once');
  return work;
}

const respond = { mode: 'respond', response: sharedBytes(Buffer.from('answer')) } as const;
const sleep = { kind: 'sleep', sleepNs: 2 * MS, longestNs: 2 * MS } as const;

for (const engine of SOCKET_ENGINE_NAMES) {
  const listeners = engine === 'node' ? 1 : 2;
  const base = { ...respond, engine, listeners } as const;
  void t.test(engine, { skip: await whyNot(engine) }, async (t) => {
    await t.test('direct: on the loop', async (t) => {
      const work = checkWork(t, await served(t, { ...base, work: { kind: 'cpu', integers: 300 } }, 50), 50);
      t.match(work, { on_loop: 50, on_threads: 0, waited: 0, caller_runs: 0 });
    });

    await t.test('dispatch: on threads, and the loop sleeps meanwhile', async (t) => {
      const workStrategy = { kind: 'dispatch', threads: 2, queue: 100 } as const;
      const work = checkWork(t, await served(t, { ...base, work: sleep, workStrategy }, 50), 50);
      t.match(work, { on_loop: 0, on_threads: 50, queue_full: 0, caller_runs: 0, running_max: 2 });
    });

    await t.test('dispatch: where the queue is full the loop does the oldest', async (t) => {
      const workStrategy = { kind: 'dispatch', threads: 1, queue: 2 } as const;
      const work = checkWork(t, await served(t, { ...base, work: sleep, workStrategy }, 60), 60);
      t.ok(work.queue_full > 0, `the queue was full ${work.queue_full} times`);
      t.ok(work.caller_runs > 0, `${work.caller_runs} were run by the caller`);
      t.equal(work.on_loop, work.caller_runs);
      t.ok(work.on_threads > 0);
      t.ok(work.running_max! <= 1 + listeners);
    });

    await t.test('dispatch: the work is waited for however long the idle timeout is not', async (t) => {
      const workStrategy = { kind: 'dispatch', threads: 1, queue: 10 } as const;
      const slow = { kind: 'sleep', sleepNs: 200 * MS, longestNs: 200 * MS } as const;
      const plan = { ...base, work: slow, workStrategy, idleTimeoutNs: 100 * MS };
      let { answered, result } = await ask(t, plan, 2);
      // A peer that is held up for as long before its request is idle.
      for (let tries = 1; answered < 2 && tries < TRIES_MAX; tries++) ({ answered, result } = await ask(t, plan, 2));
      t.equal(answered, 2, 'every peer got its answer');
      checkWork(t, result, 2);
    });

    await t.test('dispatch: a peer that has gone leaves its job to be done for nobody', async (t) => {
      const workStrategy = { kind: 'dispatch', threads: 1, queue: 10 } as const;
      // Both ends may be held up for a while: the job must not be over when its peer goes.
      const slow = { kind: 'sleep', sleepNs: 1000 * MS, longestNs: 1000 * MS } as const;
      const server = await serve(t, { ...base, respondOn: 'data', work: slow, workStrategy });
      const gone = await dial(t, server.port);
      gone.socket.write('request');
      await until('the server has read it', () => unreadBytes(gone.socket) === 0);
      gone.socket.resetAndDestroy();
      const peer = await dial(t, server.port);
      peer.socket.write('request');
      t.equal(await peer.over, 'end');
      peer.socket.end();
      const result = await server.stop();
      t.match(result, { accepted: 2, completed: 1, errors: { reset: 1 }, work: { jobs: 2, done: 2 } });
    });

    await t.test('permit: never more than N at once', async (t) => {
      const workStrategy = { kind: 'permit', permits: 1 } as const;
      const work = checkWork(t, await served(t, { ...base, work: sleep, workStrategy }, 60), 60);
      t.match(work, { running_max: 1, on_threads: 0, on_loop: 60 });
      if (listeners > 1) t.ok(work.waited > 0, `${work.waited} waited`);
    });

    await t.test('permit: more wait than a listener keeps in its list', async (t) => {
      const workStrategy = { kind: 'permit', permits: 1 } as const;
      const quick = { kind: 'sleep', sleepNs: 0.2 * MS, longestNs: 0.2 * MS } as const;
      checkWork(t, await served(t, { ...base, work: quick, workStrategy }, 500), 500);
    });

    await t.test('busy tasks tick, beside connections and without', async (t) => {
      const server = await serve(t, { ...base, busyTasks: 10 });
      const peer = await dial(t, server.port);
      peer.socket.end('request');
      t.equal(await peer.over, 'end');
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { busy, work } = await server.stop();
      t.equal(work, undefined);
      const periods = (busy!.ticks + busy!.skipped) / 10;
      t.ok(Number.isInteger(periods) && periods >= 200 * listeners, `${periods} milliseconds`);
      // How many come too late is the machine's affair.
      t.ok(busy!.ticks > 0, `${busy!.ticks} ticks, ${busy!.skipped} skipped`);
    });
  });
}

for (const mode of ['echo', 'discard', 'reset'] as const) {
  void t.test(`epoll: work before the end of ${mode}`, { skip: await whyNot('epoll') }, async (t) => {
    const workStrategy = { kind: 'dispatch', threads: 1, queue: 10 } as const;
    const server = await serve(t, { mode, work: sleep, workStrategy });
    const peer = await dial(t, server.port);
    if (mode !== 'reset') peer.socket.end('request');
    t.equal(await peer.over, mode === 'reset' ? 'ECONNRESET' : 'end');
    t.equal(peer.data().toString(), mode === 'echo' ? 'request' : '');
    checkWork(t, await server.stop(), 1);
  });
}

t.test("pool: on the runtime's threads", async (t) => {
  const plan = { ...respond, engine: 'node', workStrategy: { kind: 'pool' } } as const;
  for (const work of [sleep, { kind: 'cpu', integers: 300 }, { kind: 'none' }] as const) {
    const counted = checkWork(t, await served(t, { ...plan, work }, 300), 300);
    t.equal(counted.running_max, null);
    t.ok(counted.on_threads > 0);
    t.equal(counted.on_loop, counted.caller_runs);
    if (work.kind === 'cpu') t.match(counted.stand_in, /^pbkdf2-sha1, iterations: \d+$/);
    else t.equal(counted.stand_in, work.kind === 'none' ? 'pbkdf2-sha1, iterations: 1' : undefined);
  }
});

t.test('without work and busy tasks the result says nothing of them', async (t) => {
  const result = await served(t, { ...respond, engine: 'node' }, 1);
  t.notOk('work' in result || 'busy' in result);
});
