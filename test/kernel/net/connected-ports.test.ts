// tier: kernel
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { connectedPorts } from '../../../src/kernel/net/connected-ports.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux';

/** A connection over a server of its own, and the port that it comes from. */
async function connected(
  t: Test,
  host: string,
  to = host,
): Promise<{ port: number; local: number; close: () => void }> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket: Socket = connect(port, to);
  await once(socket, 'connect');
  t.teardown(() => {
    socket.destroy();
    server.close();
  });
  return { port, local: socket.localPort!, close: () => socket.resetAndDestroy() };
}

t.test('the ports of connections to a target', { skip }, async (t) => {
  const { port, local, close } = await connected(t, '127.0.0.1');
  t.ok(connectedPorts('127.0.0.1', port).has(local));
  t.notOk(connectedPorts('127.0.0.2', port).has(local), 'another address');
  t.notOk(connectedPorts('127.0.0.1', port + 1).has(local), 'another port');
  close();
  t.notOk(connectedPorts('127.0.0.1', port).has(local), 'it is over');
});

t.test('IPv6, and IPv4 in a socket of IPv6', { skip }, async (t) => {
  const six = await connected(t, '::1');
  t.strictSame([...connectedPorts('::1', six.port)], [six.local]);
  const mapped = await connected(t, '127.0.0.1', '::ffff:127.0.0.1');
  t.strictSame([...connectedPorts('127.0.0.1', mapped.port)], [mapped.local]);
});

t.test('what rests in TIME_WAIT is free, and what cannot be read has none', async (t) => {
  const row = (local: string, state: string): string =>
    `   0: 0100007F:${local} 0100007F:0050 ${state} 00000000:00000000\n`;
  const files: Record<string, string> = {
    '/proc/net/tcp': `heading\n${row('1000', '01')}${row('1001', '06')}${row('1002', '08')}`,
  };
  t.strictSame([...connectedPorts('127.0.0.1', 80, (path) => files[path])], [0x1000, 0x1002]);
  t.equal(connectedPorts('127.0.0.1', 80, () => undefined).size, 0);
});
