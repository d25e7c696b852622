// tier: kernel
/** Answers that are empty, too short or never end, in whole runs against real sockets. */
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { whyNot } from '../support/engines.ts';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { runClient } from '../support/runs.ts';
import type { RoundResult } from '../../src/document/client.ts';
import { checkIdentities } from '../support/identities.ts';
import { planClient, type Typed } from '../support/plans.ts';

const ATTEMPTS = 20;

/** A peer that answers each request with `answer(n)`, for the nth connection. */
async function listening(t: Test, answer: (socket: Socket, index: number) => void): Promise<number> {
  let count = 0;
  const server = createServer((socket) => {
    const index = count++;
    socket.on('error', () => undefined).once('data', () => answer(socket, index));
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
    'payload-size': '10',
    ...typed,
  });
  if (plan === null) throw new Error(problems.join('\n'));
  const result = await runClient(plan);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

const codesOf = ({ findings }: RoundResult): string[] => findings.map(({ code }) => code);

for (const engine of SOCKET_ENGINE_NAMES) {
  t.test(engine, { skip: await whyNot(engine) }, async (t) => {
    await t.test('an exchange that ends without a byte of answer is counted', async (t) => {
      const port = await listening(t, (socket, index) => (index % 2 === 0 ? socket.end() : socket.end('answer')));
      for (const finish of ['eof', 'half-close']) {
        const round = await roundOf(t, port, { engine, finish });
        t.same([round.outcomes.ok, round.empty_responses], [ATTEMPTS, ATTEMPTS / 2], finish);
        t.ok(codesOf(round).includes('empty_responses'));
      }
      const round = await roundOf(t, port, { engine, 'min-response': '1' });
      const { ok, short_response: short } = round.outcomes;
      t.same([ok, short, round.empty_responses, round.owners.target], [10, 10, 10, 10], '--min-response 1');
      t.equal((await roundOf(t, port, { engine, 'min-response': '7' })).outcomes.short_response, ATTEMPTS);
    });

    await t.test('where all answers are empty there is nothing to find', async (t) => {
      const port = await listening(t, (socket) => socket.end());
      const round = await roundOf(t, port, { engine });
      t.same([round.empty_responses, codesOf(round)], [ATTEMPTS, []]);
    });

    await t.test('an answer whose sender stays open', async (t) => {
      const open: Socket[] = [];
      t.teardown(() => open.forEach((socket) => socket.destroy()));
      const port = await listening(t, (socket) => {
        open.push(socket);
        socket.write('answer');
      });
      const round = await roundOf(t, port, { engine, timeout: '1s' });
      t.equal(round.outcomes.exchange_timeout, ATTEMPTS);
      const found = round.findings.find(({ code }) => code === 'peer_stays_open');
      t.match(found, { message: /Connection: close.*--finish bytes:N/, evidence: { answered_timeouts: ATTEMPTS } });
      const enough = await roundOf(t, port, { engine, finish: 'bytes:6' });
      t.same([enough.outcomes.ok, codesOf(enough)], [ATTEMPTS, []]);
    });

    await t.test('no answer is no answer that stays open', async (t) => {
      const open: Socket[] = [];
      t.teardown(() => open.forEach((socket) => socket.destroy()));
      const port = await listening(t, (socket) => void open.push(socket));
      const round = await roundOf(t, port, { engine, timeout: '1s' });
      t.same([round.outcomes.exchange_timeout, codesOf(round)], [ATTEMPTS, []]);
    });
  });
}
