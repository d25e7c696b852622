// tier: kernel
/** What responses begin with, in whole runs against real sockets. */
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { whyNot } from '../support/engines.ts';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { runClient } from '../support/runs.ts';
import type { RoundResult } from '../../src/document/client.ts';
import { checkIdentities } from '../support/identities.ts';
import { planClient, type Typed } from '../support/plans.ts';

const ATTEMPTS = 20;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const folder = t.testdir({ hello: 'hell', request: REQUEST, other: 'GET / FTP\r\n' });
const payload = join(folder, 'request');

type Answer = (socket: Socket) => void;

/** A peer that gives each connection the next of the answers, in turn. */
async function listening(t: Test, answers: readonly Answer[]): Promise<number> {
  let count = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const answer = answers[count++ % answers.length]!;
    socket.on('error', () => undefined).once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function roundOf(t: Test, port: number, typed: Typed): Promise<RoundResult> {
  const { plan, problems } = await planClient({
    target: `127.0.0.1:${port}`,
    // As fast as both ends can: a machine that is held up takes longer, and misses nothing.
    rate: 'max',
    'max-in-flight': String(ATTEMPTS),
    count: String(ATTEMPTS),
    finish: 'eof',
    payload,
    ...typed,
  });
  if (plan === null) throw new Error(problems.join('\n'));
  const result = await runClient(plan);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

const codesOf = ({ findings }: RoundResult): string[] => findings.map(({ code }) => code);

const status =
  (text: string): Answer =>
  (socket) =>
    socket.end(`HTTP/1.1 ${text}\r\nConnection: close\r\n\r\nbody`);

/** In pieces that arrive apart, with an interim response before. */
const slowly: Answer = (socket) => {
  socket.setNoDelay(true);
  void (async () => {
    for (const piece of ['HTTP/1.1 100 Contin', 'ue\r\n\r', '\nHTTP/', '1.1 50', '3 Busy\r\n\r\n']) {
      socket.write(piece);
      await sleep(5);
    }
    socket.end();
  })();
};

const large: Answer = (socket) => {
  socket.write('HTTP/1.1 206 Partial Content\r\n\r\n');
  socket.end(Buffer.alloc(300_000, 'x'));
};

const SIX = [
  status('200 OK'),
  status('404 Not Found'),
  slowly,
  large,
  (s: Socket) => s.end('hello'),
  (s: Socket) => s.end(),
];

for (const engine of SOCKET_ENGINE_NAMES) {
  t.test(engine, { skip: await whyNot(engine) }, async (t) => {
    await t.test('responses to an HTTP request are counted by status', async (t) => {
      const port = await listening(t, SIX);
      // Sinks that keep have their own places for the bytes; the last of these has none.
      for (const typed of [{}, { sink: 'memory' }, { finish: 'half-close' }, { 'max-body': '1MB' }]) {
        const round = await roundOf(t, port, { engine, ...typed, count: '18' });
        t.equal(round.outcomes.ok, 18);
        t.same(round.responses, { 200: 3, 404: 3, 503: 3, 206: 3, not_http: 3, none: 3 }, JSON.stringify(typed));
        const inIntervals = round.intervals.reduce((sum, { error_responses: count = 0 }) => sum + count, 0);
        t.same([round.error_responses, inIntervals], [6, 6], 'what is ok with the status of an error');
        t.match(
          round.findings.find(({ code }) => code === 'error_statuses'),
          {
            message: /answered 6 of 12 requests with an HTTP status other than 2xx and 3xx: .*--expect-status 2xx,3xx/,
            evidence: { error_statuses: 6, answered: 12 },
          },
        );
      }
    });

    await t.test('a connection that times out or is reset has its status too', async (t) => {
      const open: Socket[] = [];
      t.teardown(() => open.forEach((socket) => socket.destroy()));
      const port = await listening(t, [
        (socket) => {
          open.push(socket);
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
        },
        (socket) => void open.push(socket),
      ]);
      const round = await roundOf(t, port, { engine, timeout: '1s' });
      t.equal(round.outcomes.exchange_timeout, ATTEMPTS);
      t.same(round.responses, { 200: ATTEMPTS / 2, none: ATTEMPTS / 2 });
      const enough = await roundOf(t, port, { engine, timeout: '1s', finish: 'bytes:1', hold: '20ms' });
      t.same(enough.responses, { 200: ATTEMPTS / 2, none: ATTEMPTS / 2 });
    });

    await t.test('a response that is not expected ends the attempt as unexpected_response', async (t) => {
      const port = await listening(t, SIX);
      const expected: [Typed, ok: number][] = [
        [{ 'expect-status': '2xx' }, 6],
        [{ 'expect-status': '200,40X', sink: 'memory' }, 6],
        [{ 'expect-prefix': 'HTTP/1.1 2' }, 6],
        [{ 'expect-prefix': `@${join(folder, 'hello')}`, sink: 'gather' }, 3],
        [{ 'expect-status': '503', 'expect-prefix': 'HTTP/1.1 1' }, 3],
        [{ 'expect-status': '2xx', 'expect-prefix': 'hello' }, 0],
      ];
      for (const [typed, ok] of expected) {
        const round = await roundOf(t, port, { engine, count: '18', ...typed });
        const name = JSON.stringify(typed);
        const { outcomes, owners, responses, error_responses: errors } = round;
        t.equal(errors, undefined, 'the user said what is good');
        t.same([outcomes.ok, outcomes.unexpected_response, owners.target], [ok, 18 - ok, 18 - ok], name);
        t.same(responses, { 200: 3, 404: 3, 503: 3, 206: 3, not_http: 3, none: 3 }, name);
        t.same(codesOf(round).includes('error_statuses'), false, name);
      }
    });

    await t.test('what is expected of a payload that is no HTTP request', async (t) => {
      const port = await listening(t, [status('404 Not Found')]);
      const other = { engine, payload: join(folder, 'other') };
      const byPrefix = await roundOf(t, port, { ...other, 'expect-prefix': 'HTTP/1.1 2' });
      t.same([byPrefix.outcomes.unexpected_response, byPrefix.responses], [ATTEMPTS, undefined]);
      const byStatus = await roundOf(t, port, { ...other, 'expect-status': '404' });
      t.same([byStatus.outcomes.ok, byStatus.responses], [ATTEMPTS, { 404: ATTEMPTS }]);
    });

    await t.test('good statuses are no finding', async (t) => {
      const port = await listening(t, [status('200 OK'), status('302 Found'), status('101 Switching Protocols')]);
      t.same(codesOf(await roundOf(t, port, { engine })), []);
    });

    await t.test('a payload that is no HTTP request has no statuses', async (t) => {
      const port = await listening(t, [status('404 Not Found')]);
      for (const typed of [{ payload: join(folder, 'other') }, { finish: 'connect' }]) {
        const { responses, findings } = await roundOf(t, port, { engine, ...typed });
        t.same([responses, findings], [undefined, []]);
      }
    });
  });
}
