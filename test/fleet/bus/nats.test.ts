// tier: kernel
/** The bus over NATS, against a real nats-server. */
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { Bus, BusEvent, BusOptions } from '../../../src/fleet/bus/bus.ts';
import { connectBus } from '../../../src/fleet/bus/nats.ts';
import { RunError } from '../../../src/units/run-error.ts';
import { busOptions, noNats, startNats, type NatsOptions, type NatsServer } from '../../support/nats.ts';
import { freePort } from '../../support/ports.ts';

/** For what comes, however long a busy machine takes. */
const LONG_MS = 60_000;
/** Longer than a busy machine stands still. */
const QUIET_MS = 1600;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | null): string | null => (data === null ? null : new TextDecoder().decode(data));

async function serverOf(test: Test, options?: NatsOptions): Promise<NatsServer> {
  const server = await startNats(options);
  test.teardown(() => server.stop());
  return server;
}

async function busOf(test: Test, url: string, changes?: Partial<BusOptions>): Promise<Bus> {
  const bus = await connectBus(busOptions(url, changes));
  test.teardown(() => bus.close());
  return bus;
}

/** What a connection is refused with. */
async function refusal(options: BusOptions): Promise<RunError> {
  try {
    const bus = await connectBus(options);
    await bus.close();
  } catch (error) {
    if (error instanceof RunError) return error;
    throw error;
  }
  throw new Error('connected');
}

function nextEvent(bus: Bus, kind: BusEvent['kind']): Promise<BusEvent> {
  return new Promise((resolve) => bus.onEvent((event) => event.kind === kind && resolve(event)));
}

t.test('messages, requests and who listens', { skip: noNats }, async (t) => {
  const server = await serverOf(t);
  const [a, b] = [await busOf(t, server.url), await busOf(t, server.url)];
  t.ok(a.isConnected && a.isLocal);
  t.equal(a.seenFrom, '127.0.0.1');
  t.equal(a.maxPayloadBytes, 1 << 20);
  const got: string[] = [];
  const unsubscribe = b.subscribe('x.*', ({ subject, data, respond }) => {
    got.push(`${subject} ${String(text(data))} ${respond === undefined ? 'no' : 'yes'}`);
    respond?.(bytes(`${String(text(data))}!`));
  });
  await b.flush();
  a.publish('x.one', bytes('1'));
  t.equal(text(await a.request('x.two', bytes('2'), LONG_MS)), '2!');
  t.strictSame(got, ['x.one 1 no', 'x.two 2 yes']);
  t.equal(await a.request('nobody', bytes(''), LONG_MS), null);
  t.equal(await a.isHeard('nobody', bytes(''), LONG_MS), false);
  t.equal(await a.isHeard('x.two', bytes('2'), LONG_MS), true);
  t.strictSame((await a.requestAll('x.all', bytes('3'), QUIET_MS)).map(text), ['3!']);
  t.strictSame(await a.requestAll('nobody', bytes('3'), 50), []);
  const one = await a.requestAll('x.all', bytes('4'), LONG_MS, (answers) => answers.length === 1);
  t.strictSame(one.map(text), ['4!'], 'and no longer than it takes');
  unsubscribe();
  const slow = b.subscribe('x.slow', ({ respond }) => {
    for (let at = 0; at < 4; at++) setTimeout(() => respond?.(bytes(String(at))), 600 * at);
  });
  await b.flush();
  const all = await a.requestAll('x.slow', bytes(''), QUIET_MS, (answers) => answers.length === 4);
  t.equal(all.length, 4, 'answers are waited for while others come');
  slow();
  await b.flush();
  t.equal(await a.request('x.two', bytes('2'), LONG_MS), null);
});

t.test('a server that is away: what is published is kept, and arrives when it is back', { skip: noNats }, async (t) => {
  const server = await serverOf(t);
  const [a, b] = [await busOf(t, server.url), await busOf(t, server.url)];
  const got: string[] = [];
  b.subscribe('x', ({ data }) => got.push(text(data)!));
  b.subscribe('ask', ({ respond }) => respond?.(bytes('answer')));
  await b.flush();
  const away = [nextEvent(a, 'disconnected'), nextEvent(b, 'disconnected')];
  const back = [nextEvent(a, 'reconnected'), nextEvent(b, 'reconnected')];
  await server.stop();
  await Promise.all(away);
  t.notOk(a.isConnected);
  await a.flush();
  t.equal(await a.request('ask', bytes(''), 50), null);
  t.strictSame(await a.requestAll('ask', bytes(''), 50), []);
  // More than is kept: the oldest are lost, and memory does not grow.
  for (let index = 0; index < 30; index++) a.publish('large', new Uint8Array(100_000));
  a.publish('x', bytes('meanwhile'));
  const asked = a.request('ask', bytes(''), LONG_MS);
  await server.restart();
  await Promise.all(back);
  // The receiver may have been back later than the sender: an answer comes to whoever asks again.
  await b.flush();
  for (let tries = 0; tries < 100 && !got.includes('again'); tries++) {
    a.publish('x', bytes('again'));
    await a.flush();
    await b.flush();
  }
  t.ok(got.includes('again'));
  await asked;
  t.equal(text(await a.request('ask', bytes(''), LONG_MS)), 'answer');
});

t.test('permissions: what the server refuses is told, and the connection stays', { skip: noNats }, async (t) => {
  const user = '{ user: a, password: secret, permissions: { publish: ["ok"], subscribe: ["ok", "_INBOX.>"] } }';
  const server = await serverOf(t, { config: `authorization { users = [ ${user} ] }` });
  const bus = await busOf(t, server.url, { user: 'a', password: 'secret' });
  const told = nextEvent(bus, 'refused');
  bus.publish('forbidden', bytes(''));
  t.match(await told, { message: /forbidden/ });
  const again = nextEvent(bus, 'refused');
  bus.publish('ok', new Uint8Array(bus.maxPayloadBytes + 1));
  t.match(await again, { message: /max_payload|payload/ });
  t.ok(bus.isConnected);
});

t.test('credentials', { skip: noNats }, async (t) => {
  const server = await serverOf(t, { config: 'authorization { user: a, password: secret }' });
  const none = await refusal(busOptions(server.url));
  t.match(none, { code: 'fleet_refused', message: /wants credentials/, hint: /--fleet-creds/ });
  const wrong = await refusal(busOptions(server.url, { user: 'a', password: 'guess-me-not' }));
  t.match(wrong, { code: 'fleet_refused', message: /refused the credentials/ });
  t.notMatch(`${wrong.message} ${wrong.hint}`, /guess-me-not/);
  const tokens = await serverOf(t, { config: 'authorization { token: "t0ken" }' });
  t.ok((await busOf(t, tokens.url, { token: 't0ken' })).isConnected);
  t.equal((await refusal(busOptions(tokens.url, { token: 'other' }))).code, 'fleet_refused');
});

t.test('an NKey', { skip: noNats }, async (t) => {
  const seed = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
  const nkey = 'UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4';
  const server = await serverOf(t, { config: `authorization { users = [ { nkey: ${nkey} } ] }` });
  const file = path.join(t.testdir({}), 'agent.nk');
  writeFileSync(file, `${seed}\n`);
  t.ok((await busOf(t, server.url, { credentialsFile: file })).isConnected);
  writeFileSync(file, 'not a seed');
  t.match(await refusal(busOptions(server.url, { credentialsFile: file })), { code: 'fleet_credentials' });
  t.match(await refusal(busOptions(server.url, { credentialsFile: `${file}.not` })), {
    message: /expected a file that exists/,
  });
  const endless = busOptions(server.url, { caFile: '/dev/zero' });
  t.match(await refusal(endless), { code: 'fleet_credentials', message: /at most 1MiB/ });
});

t.test('nobody there, and somebody else there', async (t) => {
  const nobody = await refusal(busOptions(`nats://127.0.0.1:${await freePort()}`));
  t.match(nobody, { code: 'fleet_no_server', message: /connection refused/, hint: /nats-server/ });
  const name = await refusal(busOptions('nats://no-such-host.invalid:4222'));
  t.match(name, { code: 'fleet_no_server', message: /no-such-host\.invalid/ });
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
  await new Promise((resolve) => mute.once('listening', resolve));
  const address = mute.address();
  const port = typeof address === 'object' ? address!.port : 0;
  t.match(await refusal(busOptions(`nats://127.0.0.1:${port}`)), { code: 'fleet_no_server', message: /within 5 s/ });
});

t.test('the second server of a list', { skip: noNats }, async (t) => {
  const server = await serverOf(t);
  const dead = `nats://127.0.0.1:${await freePort()}`;
  const bus = await busOf(t, server.url, { servers: [dead, server.url] });
  t.ok(bus.isConnected);
});

t.test('TLS asked for where there is none', { skip: noNats }, async (t) => {
  const server = await serverOf(t);
  const error = await refusal(busOptions(server.url.replace('nats:', 'tls:')));
  t.match(error, { code: 'fleet_tls', message: /no TLS/, hint: /nats:\/\// });
});
