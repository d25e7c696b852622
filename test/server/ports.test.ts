// tier: kernel
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { MODULE_ARGS, modulePath } from '../support/modules.ts';
import type { Test } from 'tap';
import { RunError } from '../../src/units/run-error.ts';
import { listenError } from '../../src/engine/sockets/listen-error.ts';
import { readSysctlNumber } from '../../src/kernel/proc.ts';
import type { ServerPlan } from '../../src/plan/plan.ts';
import { runServer } from '../support/runs.ts';
import { freePort } from '../support/ports.ts';
import { dial, serve, serverPlanOf } from './serve.ts';
import { whyNot } from '../support/engines.ts';

/** What `runServer` rejects with. */
async function refusal(plan: Partial<ServerPlan>): Promise<RunError> {
  const stop = AbortSignal.abort();
  const error = await runServer(serverPlanOf(plan), { stop }).then(
    () => new Error('it listened'),
    (reason: unknown) => reason,
  );
  if (error instanceof RunError) return error;
  throw error as Error;
}

/** Takes a port the way any other program does. Resolves with the port. */
async function occupy(t: Test, host: string): Promise<number> {
  const server = createServer();
  server.listen({ port: await freePort(), host });
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const PLACES: readonly (readonly [taken: string | null, wanted: string | null])[] = [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', null],
  [null, '127.0.0.1'],
  [null, null],
  ['::1', null],
  [null, '::1'],
];

t.test('a port in use: by a listener of any kind, on the address or on all of them', async (t) => {
  for (const [taken, wanted] of PLACES) {
    for (const owner of ['another program', 'another conngen server'] as const) {
      await t.test(`${owner} has ${taken ?? '*'}, wanted ${wanted ?? '*'}`, async (t) => {
        const isOther = owner === 'another program';
        const port = isOther
          ? await occupy(t, taken ?? '::')
          : (await serve(t, { host: taken, port: await freePort() })).port;
        const error = await refusal({ host: wanted, port, listeners: 2 });
        t.equal(error.code, 'EADDRINUSE');
        const place = wanted?.includes(':') === true ? `[${wanted}]` : (wanted ?? '*');
        t.equal(error.message, `cannot listen on ${place}:${port}: EADDRINUSE`);
        t.match(error.hint, `ss -ltnp 'sport = :${port}'`);
        t.match(error.hint, '--port');
      });
    }
  }
});

t.test('an address that this machine does not have', async (t) => {
  for (const port of [0, await freePort()]) {
    const error = await refusal({ host: '192.0.2.1', port });
    t.equal(error.code, 'EADDRNOTAVAIL');
    t.match(error.message, `192.0.2.1:${port}`);
  }
});

t.test('a port whose last connections are in TIME_WAIT is free', async (t) => {
  const port = await freePort();
  for (let i = 0; i < 2; i++) {
    // The server closes first, so that TIME_WAIT is on its side.
    const server = await serve(t, { port, listeners: 2, mode: 'respond', respondOn: 'accept' });
    for (let n = 0; n < 20; n++) {
      const peer = await dial(t, port);
      t.equal(await peer.over, 'end');
      peer.socket.end();
    }
    t.match(await server.stop(), { accepted: 20, completed: 20 });
  }
});

for (const engine of SOCKET_ENGINE_NAMES) {
  void t.test(`${engine}: every listener gets connections`, { skip: await whyNot(engine) }, async (t) => {
    const server = await serve(t, { engine, listeners: 4, host: null });
    const count = 400;
    for (let done = 0; done < count; done += 50) {
      const peers = await Promise.all(Array.from({ length: 50 }, () => dial(t, server.port)));
      for (const { socket } of peers) socket.end('to any of them');
      for (const { over } of peers) t.equal(await over, 'end');
    }
    const result = await server.stop();
    t.match(result, { accepted: count, completed: count, rejected: 0 });
    t.strictSame(result.errors, {});
    if (result.listeners.length === 1) {
      t.match(server.notes, [/one listener/]);
      return;
    }
    t.equal(result.listeners.length, 4);
    t.ok(
      result.listeners.every(({ accepted }) => accepted > 0),
      result.listeners.map(({ accepted }) => accepted).join(' '),
    );
  });
}

t.test('both families on one port, and one of them on request', async (t) => {
  const both = await serve(t, { host: null });
  for (const host of ['127.0.0.1', '::1']) {
    const peer = await dial(t, both.port, host);
    peer.socket.end('hello');
    t.equal(await peer.over, 'end');
    t.equal(peer.data().toString(), 'hello');
  }
  const one = await serve(t, { host: '::1' });
  t.equal(await (await dial(t, one.port, '127.0.0.1')).over, 'ECONNREFUSED');
});

const somaxconn = readSysctlNumber('net.core.somaxconn');
t.test('a backlog that the kernel cuts is noted', { skip: somaxconn === undefined && 'needs somaxconn' }, async (t) => {
  const limit = somaxconn!;
  t.strictSame((await serve(t, { backlog: limit })).notes, []);
  const { notes } = await serve(t, { backlog: limit + 1 });
  t.equal(notes.length, 1);
  t.match(notes[0], `sysctl -w net.core.somaxconn=${limit + 1}`);
});

const canUnshare = spawnSync('unshare', ['--net', 'true']).status === 0;

t.test(
  'port 0 where others have all the ports that the kernel may choose',
  {
    skip: canUnshare ? false : 'needs a network namespace of its own (root, unshare)',
  },
  async (t) => {
    const range = [40_000, 40_007] as const;
    const script =
      'ip link set lo up && echo "$1 $2" > /proc/sys/net/ipv4/ip_local_port_range && range="$1 $2" && shift 2 && exec "$@" $range';
    const entry = modulePath('test/server/exhausted-server.ts');
    const argv = ['--net', 'sh', '-c', script, 'sh', ...range.map(String), process.execPath, ...MODULE_ARGS, entry];
    const { stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', input: '', timeout: 180_000 });
    const port = Number(stdout);
    t.ok(port >= 1024 && (port < range[0] || port > range[1]), `it listens on ${port} ${stderr}`);
  },
);

t.test('port 0 is nothing to look for with ss', (t) => {
  const { hint } = listenError('127.0.0.1', 0, 'EADDRINUSE');
  t.notMatch(hint, 'ss ');
  t.match(hint, 'TIME_WAIT');
  t.match(hint, '--port');
  t.end();
});
