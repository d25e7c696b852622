import { EventEmitter, once } from 'node:events';
import t from 'tap';
import { ThreadHost, moduleBeside, type ThreadFailure } from '../../src/runtime/thread-host.ts';
import { moduleUrl } from '../support/modules.ts';
import type { Echo, Order } from './thread-host-entry.ts';

interface Started {
  readonly host: ThreadHost<Order, Echo>;
  readonly failures: readonly ThreadFailure[];
  /** Emits `message` and `failure`. */
  readonly events: EventEmitter;
}

function start(): Started {
  const events = new EventEmitter();
  const failures: ThreadFailure[] = [];
  const host = new ThreadHost<Order, Echo>({
    url: moduleUrl('test/runtime/thread-host-entry.ts'),
    workerData: { name: 'nine' },
    name: 'thread 9',
    onMessage: (message) => events.emit('message', message),
    onFailure: (failure) => {
      failures.push(failure);
      events.emit('failure');
    },
  });
  return { host, failures, events };
}

t.test('messages go both ways, and a thread that is asked to end has not failed', async (t) => {
  const { host, failures, events } = start();
  host.post('echo');
  const [message] = (await once(events, 'message')) as [Echo];
  t.same(message, { type: 'echo', name: 'nine' });
  await host.close('exit');
  await host.ended;
  t.same(failures, []);
  t.equal(host.failure, undefined);
});

t.test('a thread that says that it failed has failed once, and is closed all the same', async (t) => {
  const { host, failures, events } = start();
  host.post('fail');
  await once(events, 'failure');
  t.match(host.failure, { code: 'worker_failed', message: /as it was told/ });
  host.post('throw');
  await host.ended;
  t.equal(failures.length, 1);
  await host.close('exit');
});

t.test('so has one that throws, or ends by itself', async (t) => {
  for (const [order, failure] of [
    ['throw', { code: 'worker_failed', message: /thrown/ }],
    ['leave', { code: 'worker_exited', message: 'thread 9 ended with code 3' }],
    ['exit', { code: 'worker_exited', message: 'thread 9 ended with code 0' }],
  ] as const) {
    const { host, failures } = start();
    host.post(order);
    await host.ended;
    t.match(failures, [failure], order);
    await host.close('exit');
  }
});

t.test('an end that is expected, or brought about, is none', async (t) => {
  const expected = start();
  expected.host.expectEnd();
  expected.host.post('leave');
  await expected.host.ended;
  t.same(expected.failures, []);
  const terminated = start();
  await terminated.host.terminate();
  await terminated.host.ended;
  t.same(terminated.failures, []);
});

t.test('a module beside another has its extension', async (t) => {
  t.equal(moduleBeside('file:///a/b/pool.ts', 'worker').href, 'file:///a/b/worker.ts');
  t.equal(moduleBeside('file:///a/b/pool.js', '../c/jobs').href, 'file:///a/c/jobs.js');
});
