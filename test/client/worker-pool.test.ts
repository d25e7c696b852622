// tier: kernel
/** The threads of a pool: what they do beside their rounds is not at the priority of a round, nor part of it. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WorkerPool } from '../../src/client/worker-pool.ts';
import { monotonicNs } from '../../src/runtime/clock.ts';
import { planClient } from '../support/plans.ts';
import { freePort } from '../support/ports.ts';

const mayGoFirst = process.platform === 'linux' && process.getuid?.() === 0;

/** proc_pid_stat(5): the 17th value after the name. */
function niceOf(threadId: number | null): number {
  const stat = readFileSync(`/proc/self/task/${threadId}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

const options = { skip: mayGoFirst ? false : 'needs Linux and root', timeout: 180_000 };

t.test('a thread goes before the others in a round only, and collects garbage outside of it', options, async (t) => {
  const { plan } = await planClient({
    target: `127.0.0.1:${await freePort()}`,
    engine: 'node',
    rate: '50',
    workers: '1',
  });
  const baseNs = monotonicNs();
  const pool = new WorkerPool([
    { plan: plan!, engine: 'node', worker: 0, baseNs, sources: [], portOffset: 0, sink: null, link: null },
  ]);
  t.teardown(() => pool.close());
  await pool.ready();
  const [threadId] = pool.threadIds;
  const usual = niceOf(threadId!);
  await pool.prepare();
  t.equal(niceOf(threadId!), usual, 'prepares as an ordinary thread');
  const order = {
    rate: 50,
    warmupNs: 0,
    rampUpNs: 0,
    rampDownNs: 0,
    maxLagNs: Infinity,
    exchangePerSec: null,
    isLed: false,
    count: null,
  };
  const round = pool.round({ ...order, baseNs: Number(monotonicNs() - baseNs), durationNs: 500e6 });
  const isOver = round.then(() => true);
  const seen = new Set<number>();
  while (!seen.has(-20) && !(await Promise.race([isOver, sleep(5)]))) seen.add(niceOf(threadId!));
  t.ok(seen.has(-20), 'goes first in a round', { found: [...seen] });
  await round;
  t.equal(niceOf(threadId!), usual, 'and is an ordinary one after it');
  await pool.prepare();
  t.equal(niceOf(threadId!), usual);
});
