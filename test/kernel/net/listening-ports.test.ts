// tier: kernel
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { listeningPorts } from '../../../src/kernel/net/listening-ports.ts';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

function line(index: number, port: string, state: string): string {
  return `${String(index).padStart(4)}: 0100007F:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1`;
}

t.test('listeners of this machine', { skip: process.platform === 'linux' ? false : 'needs Linux' }, async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address!.port : 0;
  t.ok(listeningPorts().has(port));
  await new Promise((resolve) => server.close(resolve));
  t.notOk(listeningPorts().has(port));
});

t.test('what is not a listener ends the reading', async (t) => {
  const listeners = Array.from({ length: 2000 }, (_, index) =>
    line(index, (1000 + index).toString(16).toUpperCase().padStart(4, '0'), '0A'),
  );
  const directory = t.testdir({
    tcp: [HEADING, ...listeners, line(2000, '2000', '06'), line(2001, '2001', '0A'), ''].join('\n'),
    tcp6: [HEADING, line(0, 'FFFF', '0A'), ''].join('\n'),
    nonsense: 'nonsense\n',
  });
  const ports = listeningPorts(['tcp', 'tcp6', 'nonsense', 'missing'].map((name) => join(directory, name)));
  t.equal(ports.size, 2001);
  for (const port of [1000, 2999, 65_535]) t.ok(ports.has(port), String(port));
});
