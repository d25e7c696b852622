// tier: kernel
import { createServerEngine } from '../../src/engine/registry.ts';
import { whyNot } from '../support/engines.ts';
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import { MonotonicClock, monotonicNs } from '../../src/runtime/clock.ts';
import { onListening } from '../support/events.ts';
import { runServer } from '../support/runs.ts';
import { ACCEPTED, COMPLETED, ListenerCounters } from '../../src/server/counters.ts';
import { CONTROL_STATE, DRAIN, Listener } from '../../src/server/listener.ts';
import { modeOf } from '../../src/server/modes.ts';
import { dial, SEC, serve, serverPlanOf, until } from './serve.ts';

for (const engine of SOCKET_ENGINE_NAMES) {
  const skip = await whyNot(engine);

  void t.test(`${engine}: after a stop, open connections are served and new ones refused`, { skip }, async (t) => {
    const server = await serve(t, { engine, listeners: engine === 'node' ? 1 : 2 });
    const peer = await dial(t, server.port);
    peer.socket.write('before ');
    await until('it is back', () => peer.data().length === 7);
    const stopped = server.stop();
    let refused = '';
    for (let i = 0; i < 500 && refused !== 'ECONNREFUSED'; i++) {
      const late = await dial(t, server.port);
      late.socket.end();
      refused = await late.over;
    }
    t.equal(refused, 'ECONNREFUSED');
    peer.socket.end('after');
    t.equal(await peer.over, 'end');
    t.equal(peer.data().toString(), 'before after');
    const result = await stopped;
    t.equal(result.aborted, 0);
    t.equal(result.completed, result.accepted);
    t.ok(result.duration_sec < 5, 'it did not wait for longer than needed');
  });

  void t.test(`${engine}: a stop before the start`, { skip }, async (t) => {
    let listening = 0;
    const result = await runServer(serverPlanOf({ engine }), {
      stop: AbortSignal.abort(),
      emit: onListening(() => listening++),
    });
    t.equal(listening, 1);
    t.match(result, { accepted: 0, aborted: 0, errors: {} });
  });
}

t.test('what does not end within 5 s is reset and counted as aborted', async (t) => {
  const server = await serve(t, { mode: 'hold' });
  const held = await dial(t, server.port);
  const result = await server.stop();
  t.equal(await held.over, 'ECONNRESET');
  t.match(result, { accepted: 1, completed: 0, aborted: 1 });
});

t.test('a listener that dies: the server stops and says why', async (t) => {
  const threads: Worker[] = [];
  const onWorker = (worker: Worker): unknown => threads.push(worker);
  process.on('worker', onWorker);
  const server = await serve(t, { listeners: 2, engine: 'epoll' });
  process.off('worker', onWorker);
  void threads[0]!.terminate();
  await until('it is noticed', () => server.notices.length > 0);
  const result = await server.stop();
  t.match(result, { errors: { worker_failed: 1 }, error: { code: 'worker_exited', message: /^listener 0 ended/ } });
});

for (const name of ['uring', 'epoll'] as const) {
  // node:net closes its listener with what is in the backlog.
  void t.test(`${name}: what waits in the backlog at a stop is served`, { skip: await whyNot(name) }, async (t) => {
    const clock = new MonotonicClock(monotonicNs());
    const mode = modeOf('echo', 'eof');
    const capacity = 100;
    const { reads, halfCloses } = mode;
    const engine = await createServerEngine(name, {
      host: '127.0.0.1',
      port: 0,
      backlog: 128,
      payload: new Uint8Array(),
      capacity,
      reads,
      halfCloses,
      clock,
    });
    t.teardown(() => engine.dispose());
    await engine.listen();
    const peers = await Promise.all(Array.from({ length: 50 }, () => dial(t, engine.port)));
    await Promise.all(peers.map(({ socket }) => new Promise<void>((resolve) => socket.end('waiting', resolve))));
    const counters = new ListenerCounters(ListenerCounters.createMemory());
    const control = new Int32Array(new SharedArrayBuffer(8));
    control[CONTROL_STATE] = DRAIN;
    await engine.run(
      new Listener({
        engine,
        clock,
        mode,
        counters,
        idleTimeoutNs: 60 * SEC,
        capacity,
        maxConnections: capacity,
        control,
      }),
    );
    t.equal(counters.get(ACCEPTED), 50);
    t.equal(counters.get(COMPLETED), 50);
    for (const { over } of peers) t.equal(await over, 'end');
    t.ok(peers.every(({ data }) => data().toString() === 'waiting'));
  });
}
