// tier: kernel
/** Whose doing it was, told by real runs on loopback. */
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { whyNot } from '../support/engines.ts';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import type { Test } from 'tap';
import { runClient } from '../support/runs.ts';
import type { RoundResult } from '../../src/document/client.ts';
import type { Health, RunEvent } from '../../src/run/events.ts';
import type { Machine } from '../../src/plan/demand/machine.ts';
import { accept } from '../../src/units/problem.ts';
import { inTime } from '../support/in-time.ts';
import { checkIdentities } from '../support/identities.ts';
import { listenWithoutAccepting } from '../support/full-listener.ts';
import { MACHINE, planClient } from '../support/plans.ts';
import type { Typed } from '../support/plans.ts';
import { freePort } from '../support/ports.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux (/proc)';

async function roundOf(
  t: Test,
  port: number,
  typed: Typed,
  machine = MACHINE,
  emit: (event: RunEvent) => void = () => undefined,
): Promise<RoundResult> {
  const { plan, problems } = await planClient(
    { target: `127.0.0.1:${port}`, rate: '250', duration: '200ms', ...typed },
    machine,
  );
  if (plan === null) throw new Error(problems.join('\n'));
  const result = await inTime(() => runClient(plan, { emit }));
  checkIdentities(t, result);
  return result.rounds[0]!;
}

async function serve(onSocket: (socket: Socket) => void): Promise<{ port: number; close: () => void }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { port, close: () => server.close() };
}

t.test('a round carries what the kernel and the pacing threads tell', { skip }, async (t) => {
  const { port, close } = await serve((socket) => socket.pipe(socket));
  const { kernel, workers, attempts } = await roundOf(t, port, { workers: '2', duration: '2100ms' });
  close();
  t.ok((kernel?.active_opens ?? 0) >= attempts.started * 0.9, `${kernel?.active_opens} active opens`);
  t.ok((kernel?.cpu?.length ?? 0) > 0, 'cores');
  t.ok((kernel?.intervals?.length ?? 0) >= 2, 'read while it ran');
  t.equal(workers.length, 2);
  t.equal(
    workers.reduce((sum, { started }) => sum + started, 0),
    attempts.started,
  );
  for (const { cpu_usec: cpu, elapsed_usec: elapsed } of workers)
    t.ok(cpu !== undefined && elapsed !== undefined && cpu > 0 && cpu <= elapsed * 1.05, `${cpu} of ${elapsed} µs`);
});

t.test('while a round runs, its readings are told once a second', { skip }, async (t) => {
  const { port, close } = await serve((socket) => socket.pipe(socket));
  const told: Health[] = [];
  const { kernel, workers } = await roundOf(
    t,
    port,
    { workers: '2', warmup: '300ms', duration: '2500ms' },
    MACHINE,
    (event) => {
      // Each run anew.
      if (event.type === 'run-started') told.length = 0;
      if (event.type === 'health') told.push(event);
    },
  );
  close();
  t.ok(told.length >= 1 && told.length <= 2, `${told.length} readings`);
  for (const { round, lengthSec, threads, cpuUsec, added, fills } of told) {
    t.equal(round, 0);
    t.ok(lengthSec > 0.5, `${lengthSec} s`);
    t.equal(threads.length, 2);
    t.ok(cpuUsec > 0, `${cpuUsec} µs`);
    t.ok((added['active_opens'] ?? 0) > 0, 'connections were opened');
    t.ok((fills['sockets.time_wait'] ?? Infinity) <= (kernel?.sockets?.time_wait ?? 0), 'the highest is in the result');
  }
  const used = told.flatMap(({ threads }) => threads).reduce((sum, { cpu_usec: usec = 0 }) => sum + usec, 0);
  const whole = workers.reduce((sum, { cpu_usec: usec = 0 }) => sum + usec, 0);
  t.ok(used > 0 && used <= whole, `${used} of ${whole} µs`);
});

for (const engine of SOCKET_ENGINE_NAMES) {
  t.test(`${engine}: a RST before and after, and an end too soon`, { skip: await whyNot(engine) }, async (t) => {
    const refused = await roundOf(t, await freePort(), { engine });
    t.same(refused.owners, { generator: 0, network: 0, target: 50, unattributed: 0 });
    t.same([refused.outcomes.refused, refused.errno], [50, { ECONNREFUSED: 50 }]);
    t.match(refused.verdict, {
      status: 'invalid',
      reasons: [{ code: 'nothing_established', message: /were refused/ }],
    });

    const resetting = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const reset = await roundOf(t, resetting.port, { engine, 'payload-size': '10', finish: 'echo' });
    resetting.close();
    t.same([reset.outcomes.reset, reset.owners.target], [50, 50]);
    t.ok(reset.rate_per_sec.established > 0, 'it was established before');

    const halving = await serve((socket) =>
      socket.once('data', (data) => socket.end(data.subarray(0, data.length / 2))),
    );
    const short = await roundOf(t, halving.port, { engine, 'payload-size': '10', finish: 'echo' });
    halving.close();
    t.same([short.outcomes.short_response, short.owners.target], [50, 50]);
  });
}

t.test('a name with both families whose server listens in the other one', { skip }, async (t) => {
  const { port, close } = await serve((socket) => socket.end());
  const first = { address: '::1', family: 6, otherAddress: '127.0.0.1' } as const;
  const machine: Machine = {
    ...MACHINE,
    resolve: async (_host, family) => accept(family === 4 ? { address: '127.0.0.1', family } : first),
  };
  const target = `localhost:${port}`;
  const { verdict } = await roundOf(t, port, { target }, machine);
  t.equal(verdict.status, 'invalid');
  t.match(verdict.reasons[0]?.message, / conngen used an IPv6 address of this name; to use 127\.0\.0\.1, give -4\.$/);
  const { outcomes } = await roundOf(t, port, { target, ipv4: 'true' }, machine);
  close();
  t.equal(outcomes.ok, 50);
});

t.test('a listener that does not accept: its queue overflows, and the kernel says so', { skip }, async (t) => {
  const port = await freePort();
  const listener = listenWithoutAccepting(port, 1);
  // As long as it takes to send the first SYN again.
  const round = await roundOf(t, port, { finish: 'connect', timeout: '1500ms' });
  listener.close();
  const { outcomes, owners, kernel, findings } = round;
  t.ok(outcomes.ok >= 2 && outcomes.connect_timeout > 40, JSON.stringify(outcomes));
  t.equal(owners.network, outcomes.connect_timeout);
  t.ok((kernel?.listen_overflows ?? 0) >= outcomes.connect_timeout, `${kernel?.listen_overflows} overflows`);
  t.ok((kernel?.syn_retransmits ?? 0) > 0, 'SYNs went again');
  const codes = findings.map(({ code }) => code);
  t.ok(codes.includes('listen_queue_overflow'), codes.join());
  t.ok(codes.includes('syn_drops_suspected'), codes.join());
});
