// tier: netns
/** The kernel's clients and `conngen server` on the packet engine. */
import t from 'tap';
import { SOCKET_ENGINE_NAMES } from '../../../src/plan/engines.ts';
import { noLab } from '../lab.ts';
import { FAR, VethPair } from '../veth-pair.ts';
import { CONNECTIONS, FAMILIES, FEW, PACKET_HOST, checkEqual, load, serve } from './ends.ts';

const skip = noLab();

for (const engine of SOCKET_ENGINE_NAMES) {
  t.test(`a client on ${engine}`, { skip }, async (t) => {
    const pair = VethPair.forTest(t);
    for (const family of FAMILIES) {
      for (const [args, connections] of [
        [['--payload-size', '64', '--finish', 'echo'], family === 4 ? CONNECTIONS : FEW],
        [['--payload-size', '4KiB', '--finish', 'half-close'], FEW],
      ] as const) {
        const server = await serve(t, pair.far, { engine: 'packet', family, host: FAR[family] });
        const host = PACKET_HOST[family];
        const round = await load(t, pair.near, { engine, family, host, connections, args });
        checkEqual(t, round, await server.stop(), connections);
      }
    }
  });
}

t.test('a client on uring that closes with RST', { skip }, async (t) => {
  const pair = VethPair.forTest(t);
  const server = await serve(t, pair.far, { engine: 'packet', host: FAR[4] });
  const host = PACKET_HOST[4];
  const args = ['--payload-size', '64', '--finish', 'echo', '--close', 'rst'];
  const round = await load(t, pair.near, { engine: 'uring', host, connections: FEW, args });
  checkEqual(t, round, await server.stop(), FEW, 'reset');
});
