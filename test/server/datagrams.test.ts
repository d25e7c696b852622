// tier: kernel
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import type { Test } from 'tap';
import { serve, until } from './serve.ts';

/** Sends from a connected socket, which hears of that address alone, and resolves with the reply. */
async function ask(port: number, address: string, text: string): Promise<string> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.connect(port, address);
  await once(socket, 'connect');
  const answered = once(socket, 'message', { signal: AbortSignal.timeout(5000) });
  socket.send(text);
  const [message] = (await answered) as [Buffer];
  socket.close();
  return message.toString();
}

for (const engine of ['epoll', 'node'] as const) {
  t.test(`${engine}: datagrams are echoed and counted`, async (t) => {
    const server = await serve(t, { protocol: 'udp', engine, listeners: engine === 'node' ? 1 : 2 });
    for (let i = 0; i < 20; i++) t.equal(await ask(server.port, '127.0.0.1', `ping ${i}`), `ping ${i}`);
    const { datagrams, bytes, accepted, listeners } = await server.stop();
    t.same(datagrams, { received: 20, sent: 20 });
    t.same(bytes, { received: 130, sent: 130 });
    t.same([accepted, listeners], [0, []]);
  });
}

t.test('on every address the answer leaves from the one that was asked', async (t) => {
  const server = await serve(t, { protocol: 'udp', host: null });
  t.equal(await ask(server.port, '127.0.0.7', 'over IPv4'), 'over IPv4');
  t.equal(await ask(server.port, '::1', 'over IPv6'), 'over IPv6');
});

t.test('an empty datagram, and the largest', async (t) => {
  const server = await serve(t, { protocol: 'udp' });
  t.equal(await ask(server.port, '127.0.0.1', ''), '');
  const large = 'x'.repeat(65_507);
  t.equal(await ask(server.port, '127.0.0.1', large), large);
});

t.test('both protocols on one port, which nobody else gets', async (t) => {
  const server = await serve(t, { protocol: 'both' });
  t.equal(await ask(server.port, '127.0.0.1', 'ping'), 'ping');
  await t.rejects(serve(t, { protocol: 'udp', port: server.port }), { code: 'EADDRINUSE' });
  const { listeners, datagrams } = await server.stop();
  t.equal(listeners.length, 1);
  t.same(datagrams, { received: 1, sent: 1 });
});

/** Another echo: it answers whatever it gets, as every echo did once. */
async function startEcho(t: Test, address: string, port = 0): Promise<{ socket: Socket; answered: () => number }> {
  let answered = 0;
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    answered++;
    socket.send(message, from.port, from.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return { socket, answered: () => answered };
}

function markedPing(): Buffer {
  return Buffer.from(`head${'.'.repeat(4)}conngen?and more`);
}

for (const engine of ['epoll', 'node'] as const) {
  t.test(`${engine}: two echoes do not answer each other's replies to a ping`, async (t) => {
    const server = await serve(t, { protocol: 'udp', engine });
    const other = await startEcho(t, '127.0.0.2');
    other.socket.send(markedPing(), server.port, '127.0.0.1');
    await until('the echo has answered the reply', () => other.answered() === 1);
    // Answered in the order of arrival: what comes after the reply shows that this one is done with.
    t.equal(await ask(server.port, '127.0.0.1', 'ping'), 'ping');
    const { datagrams } = await server.stop();
    t.same(datagrams, { received: 3, sent: 2, dropped: { replies: 1, server_ports: 0, over_rate: 0 } });
    t.equal(other.answered(), 1);
  });

  t.test(`${engine}: datagrams from the port of the server are not answered`, async (t) => {
    const server = await serve(t, { protocol: 'udp', engine });
    const other = await startEcho(t, '127.0.0.2', server.port);
    other.socket.send('hello', server.port, '127.0.0.1');
    t.equal(await ask(server.port, '127.0.0.1', 'ping'), 'ping');
    const { datagrams } = await server.stop();
    t.same(datagrams, { received: 2, sent: 1, dropped: { replies: 0, server_ports: 1, over_rate: 0 } });
    t.equal(other.answered(), 0);
  });

  t.test(`${engine}: a peer whose datagrams come back is answered up to the rate`, async (t) => {
    const server = await serve(t, { protocol: 'udp', engine, datagramRate: 1 / 3600 });
    const other = await startEcho(t, '127.0.0.2');
    other.socket.send('hello', server.port, '127.0.0.1');
    await until('the answer came back', () => other.answered() === 1);
    t.equal(await ask(server.port, '127.0.0.1', 'ping'), 'ping', 'another peer is answered');
    const { datagrams } = await server.stop();
    t.same(datagrams, { received: 3, sent: 2, dropped: { replies: 0, server_ports: 0, over_rate: 1 } });
    t.equal(other.answered(), 1);
  });
}
