import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { serve } from './serve.ts';

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
