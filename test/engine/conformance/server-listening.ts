/** Listening, and the end of it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { importExpression } from '../../support/modules.ts';
import { RunError } from '../../../src/units/run-error.ts';
import { loadLibc } from '../../../src/kernel/libc.ts';
import { Wakers } from '../../../src/runtime/shared/wakers.ts';
import { checkDeadlines } from './deadlines.ts';
import { ServerRun } from './driver.ts';
import { MS, withoutIpv6 } from './harness.ts';
import type { Case, ServerHarness } from './harness.ts';
import type { PeerRecord } from './peer-calls.ts';
import { PeerThread, until } from './peer-thread.ts';
import { echoing } from './server-modes.ts';

export const listeningCases: readonly Case<ServerHarness>[] = [
  {
    name: 'port 0 takes a free port',
    async run(t, h) {
      const { engine } = await h.create({ port: 0 });
      await engine.listen();
      t.ok(Number.isInteger(engine.port) && engine.port > 0 && engine.port < 65_536, `port ${engine.port}`);
      engine.dispose();
    },
  },
  {
    name: 'a port in use: RunError EADDRINUSE that names the port and says what to do',
    skip: ({ traits }) => traits.noKernelAddresses ?? false,
    async run(t, h) {
      const here = await PeerThread.start({ ...h.site, peerNamespace: null });
      t.teardown(() => here.stop());
      const { port } = here.serve({ behaviour: 'drain', host: h.site.own[4] });
      const { engine } = await h.create({ port });
      const error = await failureOf(async () => engine.listen());
      t.ok(error instanceof RunError);
      t.equal((error as RunError).code, 'EADDRINUSE');
      t.match((error as RunError).message, String(port));
      t.match((error as RunError).hint, '--port');
      engine.dispose();
    },
  },
  {
    name: 'an address that this machine does not have: RunError EADDRNOTAVAIL',
    skip: ({ traits }) => traits.noKernelAddresses ?? false,
    async run(t, h) {
      const { engine } = await h.create({ host: '192.0.2.1' });
      const error = await failureOf(async () => engine.listen());
      t.ok(error instanceof RunError);
      t.equal((error as RunError).code, 'EADDRNOTAVAIL');
      engine.dispose();
    },
  },
  {
    name: 'two engines on one port',
    skip: (h) => h.traits.noReusePort ?? false,
    async run(t, h) {
      const first = await h.create({});
      await first.engine.listen();
      const second = await h.create({ port: first.engine.port });
      await second.engine.listen();
      t.equal(second.engine.port, first.engine.port);
      first.engine.dispose();
      const id = h.peers.dial({ port: second.engine.port, bytes: 64 });
      const run = new ServerRun(second.engine, 16, second.clock, echoing(1));
      await second.engine.run(run);
      t.equal(run.totals.received, 64, 'the one that is left serves');
      t.ok(h.peers.dialled(id)[0]!.connected);
      second.engine.dispose();
    },
  },
  {
    name: 'host null listens on every address of both families',
    skip: ({ traits }) => traits.noEveryAddress ?? false,
    async run(t, h) {
      const { own } = h.site;
      const hosts = withoutIpv6(h) === false ? [own[4], own[6]] : [own[4]];
      const ids: number[] = [];
      await h.run(t, { host: null }, (port) => {
        for (const host of hosts) ids.push(h.peers.dial({ host, port, bytes: 64 }));
        return echoing(hosts.length);
      });
      for (const id of ids) {
        await until('the peer saw the end', () => h.peers.dialled(id)[0]!.ended);
        t.equal(h.peers.dialled(id)[0]!.receivedBytes, 64);
      }
    },
  },
  {
    name: 'an IPv6 address',
    skip: withoutIpv6,
    async run(t, h) {
      const host = h.site.own[6];
      const result = await h.run(t, { host }, (port) => {
        h.peers.dial({ host, port, bytes: 64 });
        return echoing(1);
      });
      t.equal(result.totals.received, 64);
    },
  },
  {
    name: 'stopListening refuses new connections and leaves the open ones alone',
    async run(t, h) {
      let first = 0;
      let second = -1;
      await h.run(t, {}, (port) => {
        first = h.peers.dial({ port, bytes: 64, then: 'keep' });
        const script = echoing(1);
        let acted = false;
        return {
          ...script,
          step: (run) => {
            if (second < 0 && run.totals.sent === 64) {
              run.engine.stopListening();
              second = h.peers.dial({ port, bytes: 64 });
            }
            if (!acted && second >= 0 && h.peers.dialled(second)[0]!.error !== null) {
              acted = true;
              h.peers.act(first, 'send', 1000);
              h.peers.act(first, 'end');
            }
            return script.step(run);
          },
        };
      });
      t.equal(h.peers.dialled(second)[0]!.error, 'ECONNREFUSED');
      await until('the open one got its echo', () => h.peers.dialled(first)[0]!.receivedBytes === 1064);
    },
  },
  {
    name: 'dispose closes the listener and what is open',
    async run(t, h) {
      const { engine, clock } = await h.create({});
      await engine.listen();
      const { port } = engine;
      const id = h.peers.dial({ port, then: 'keep', count: 3 });
      const run = new ServerRun(engine, 16, clock, { step: (now) => now.totals.accepted === 3 });
      await engine.run(run);
      engine.dispose();
      const isOver = ({ ended, error }: PeerRecord): boolean =>
        h.traits.resetsAtDispose === true ? error === 'ECONNRESET' : ended;
      await until('the peers saw the end', () => h.peers.dialled(id, 3).every(isOver));
      const late = h.peers.dial({ port });
      await until('a late one is refused', () => h.peers.dialled(late)[0]!.error === 'ECONNREFUSED');
      t.equal(run.totals.released, 0);
    },
  },
  {
    name: 'step is called again when its deadline has come',
    async run(t, h) {
      const { engine, clock } = await h.create({});
      await engine.listen();
      await checkDeadlines(t, clock, (driver) => engine.run(driver));
      engine.dispose();
    },
  },
  {
    name: 'step is called again after events, however far its deadline is',
    async run(t, h) {
      const { engine, clock } = await h.create({});
      await engine.listen();
      h.peers.dial({ port: engine.port });
      const farNs = clock.now() + 60_000 * MS;
      let released = false;
      const close = (slot: number): void => engine.close(slot, false);
      await engine.run({
        deadlineNs: farNs,
        step: () => !released,
        admits: () => true,
        accepted: () => {},
        received: () => {},
        sent: () => {},
        flushed: () => {},
        ended: close,
        failed: close,
        released: () => {
          released = true;
        },
        acceptFailed: () => {},
      });
      t.ok(clock.now() < farNs, 'did not sleep until the deadline');
      engine.dispose();
    },
  },
  {
    name: 'another thread that writes to what is watched ends a wait, each time',
    skip: () => (process.platform === 'linux' ? false : 'needs eventfd(2), or pipe2(2) of Linux'),
    async run(t, h) {
      const { engine, clock } = await h.create({});
      await engine.listen();
      const libc = loadLibc();
      const memory = Wakers.create(libc, 1, engine.name === 'node' ? 'pipe' : 'eventfd');
      const wakers = new Wakers(libc, memory);
      engine.watch(wakers.readFd(0));
      const waits = 20;
      const asked = new Int32Array(new SharedArrayBuffer(4));
      const other = wakeFromThread(memory, asked, waits);
      let steps = 0;
      let early = 0;
      const farNs = clock.now() + 60_000 * MS;
      const idle = { admits: () => true, accepted() {}, received() {}, sent() {}, flushed() {}, acceptFailed() {} };
      await engine.run({
        ...idle,
        deadlineNs: farNs,
        ended() {},
        failed() {},
        released() {},
        step: () => {
          wakers.awake(0);
          // The thread asks before it wakes: a step that it did not ask for is one of the engine's own.
          if (Atomics.load(asked, 0) === steps) early++;
          else steps++;
          if (steps === waits) return false;
          wakers.asleep(0);
          return true;
        },
      });
      await other;
      t.ok(clock.now() < farNs, 'did not sleep until the deadline');
      t.ok(early <= 2, `${early} steps without a reason`);
      engine.dispose();
      wakers.close();
    },
  },
  {
    name: 'what the driver throws ends the run',
    async run(t, h) {
      const { engine, clock } = await h.create({});
      await engine.listen();
      const run = new ServerRun(engine, 16, clock, {
        step: () => {
          throw new Error('thrown by the driver');
        },
      });
      await t.rejects(async () => engine.run(run), { message: 'thrown by the driver' });
      engine.dispose();
    },
  },
];

/** A thread that wakes owner 0 `times` times, each time after it was asleep again. */
function wakeFromThread(memory: SharedArrayBuffer, asked: Int32Array, times: number): Promise<unknown> {
  const source = `
    const { workerData: { memory, asked, times } } = require('node:worker_threads');
    Promise.all([
      ${importExpression('src/runtime/shared/wakers.ts')},
      ${importExpression('src/kernel/libc.ts')},
    ]).then(async ([{ Wakers }, { loadLibc }]) => {
      const waker = new Wakers(loadLibc(), memory);
      const state = new Int32Array(memory);
      for (let i = 0; i < times; i++) {
        while (Atomics.load(state, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        // Long enough for the wait to have begun.
        await new Promise((resolve) => setTimeout(resolve, 5));
        Atomics.add(asked, 0, 1);
        waker.wake(0);
      }
    });`;
  const workerData = { memory, asked, times };
  return once(new Worker(source, { eval: true, workerData }), 'exit');
}

async function failureOf(action: () => Promise<void>): Promise<unknown> {
  try {
    await action();
    return null;
  } catch (error) {
    return error;
  }
}
