// tier: netns
/** The packet client and `conngen server` in every mode, on every engine. */
import path from 'node:path';
import t from 'tap';
import { ENGINE_NAMES } from '../../../src/plan/engines.ts';
import { noLab } from '../lab.ts';
import { FAR, VethPair } from '../veth-pair.ts';
import { CONNECTIONS, FEW, PACKET_HOST, accepted, checkEqual, load, serve, type ServedAs } from './ends.ts';

const RESPONSE_BYTES = 10_000;

interface Mode {
  readonly name: string;
  readonly serve: (folder: string) => readonly string[];
  readonly load: readonly string[];
  readonly receivedBytes: number;
  readonly as?: ServedAs;
}

const SENDS = ['--payload-size', '64'];
const responds = (on: string) => (folder: string) => [
  ...['--mode', 'respond', '--response', path.join(folder, 'response'), '--respond-on', on],
];

const MODES: readonly Mode[] = [
  { name: 'echo', serve: () => [], load: [...SENDS, '--finish', 'half-close'], receivedBytes: 64 },
  {
    name: 'respond on eof',
    serve: responds('eof'),
    load: [...SENDS, '--finish', 'half-close'],
    receivedBytes: RESPONSE_BYTES,
  },
  {
    name: 'respond on data',
    serve: responds('data'),
    load: [...SENDS, '--finish', 'eof'],
    receivedBytes: RESPONSE_BYTES,
  },
  { name: 'respond on accept', serve: responds('accept'), load: ['--finish', 'eof'], receivedBytes: RESPONSE_BYTES },
  { name: 'discard', serve: () => ['--mode', 'discard'], load: [...SENDS, '--finish', 'half-close'], receivedBytes: 0 },
  { name: 'hold', serve: () => ['--mode', 'hold'], load: ['--finish', 'connect'], receivedBytes: 0 },
];

// Many runs: on a machine that is busy with others they take minutes.
t.setTimeout(600_000);
t.comment('timeout=600000');

for (const engine of ENGINE_NAMES) {
  t.test(`a server on ${engine}`, { skip: noLab() }, async (t) => {
    const folder = t.testdir({ response: 'r'.repeat(RESPONSE_BYTES) });
    const pair = VethPair.forTest(t);
    const host = engine === 'packet' ? PACKET_HOST[4] : FAR[4];
    for (const mode of MODES) {
      await t.test(mode.name, async (t) => {
        const connections = mode.name === 'echo' ? CONNECTIONS : FEW;
        const server = await serve(t, pair.far, { engine, host: FAR[4], args: mode.serve(folder) });
        const args = [...mode.load];
        const round = await load(t, pair.near, { engine: 'packet', host, connections, args });
        // With `connect` the client does not wait for the server.
        await accepted(pair.far);
        checkEqual(t, round, await server.stop(), connections, mode.as);
        t.equal(round.bytes.received, connections * mode.receivedBytes);
      });
    }
    await t.test('reset', async (t) => {
      const server = await serve(t, pair.far, { engine, host: FAR[4], args: ['--mode', 'reset'] });
      const args = ['--finish', 'eof'];
      const round = await load(t, pair.near, { engine: 'packet', host, connections: FEW, args });
      const happened = Object.fromEntries(Object.entries(round.outcomes).filter(([, count]) => count > 0));
      t.strictSame(happened, { reset: FEW }, 'outcomes');
      const { accepted, completed, errors } = await server.stop();
      t.strictSame({ accepted, completed, errors }, { accepted: FEW, completed: FEW, errors: {} });
    });
  });
}
