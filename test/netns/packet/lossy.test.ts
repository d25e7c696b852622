// tier: netns
/** Packets that are dropped, doubled and reordered: every connection ends well all the same, and both ends count the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import type { ServerResult } from '../../../src/document/server.ts';
import { noLab, type Namespace } from '../lab.ts';
import { FAR } from '../veth-pair.ts';
import { FEW, PACKET_HOST, checkAllOk, checkEqual, load, serve, type Family } from './ends.ts';
import { LossyWire } from './lossy-wire.ts';

const skip = noLab();
const SEED = 20_261_129;
/** After this long ends that still wait for the other are an error of the count. */
const MOST_REST_MS = 20_000;

interface Trial {
  readonly client: string;
  readonly server: string;
  readonly family: Family;
  readonly connections: number;
  readonly inFlight: number;
  readonly load: readonly string[];
}

const ENDS: readonly Pick<Trial, 'client' | 'server' | 'family'>[] = [
  { client: 'packet', server: 'epoll', family: 4 },
  { client: 'uring', server: 'packet', family: 6 },
  { client: 'packet', server: 'packet', family: 4 },
];
const ECHO = ['--payload-size', '64', '--finish', 'echo'];
const long = (bytes: string): readonly string[] => ['--payload-size', bytes, '--finish', 'half-close'];

/** Fewer connections where packets are lost often: the test waits for retransmissions. */
const WIRES: readonly { share: number; trials: readonly Pick<Trial, 'connections' | 'inFlight' | 'load'>[] }[] = [
  {
    share: 0.01,
    trials: [
      { connections: FEW, inFlight: 500, load: ECHO },
      { connections: 60, inFlight: 20, load: long('64KiB') },
    ],
  },
  {
    share: 0.1,
    trials: [
      { connections: 300, inFlight: 300, load: ECHO },
      { connections: 10, inFlight: 10, load: long('16KiB') },
    ],
  },
  { share: 0.3, trials: [{ connections: 100, inFlight: 100, load: ECHO }] },
];

/**
 * As `checkEqual`, but the last FINs may not have arrived. The packet client sends them again for some seconds after its run; then it resets
 * what is left, where a kernel would go on for minutes.
 */
function checkAlmostEqual(
  t: Test,
  round: RoundResult,
  served: ServerResult,
  { connections }: Trial,
  share: number,
): void {
  checkAllOk(t, round, connections);
  const { reset = 0, ...errors } = served.errors;
  t.strictSame([served.accepted, errors], [connections, {}]);
  t.equal(served.completed + served.aborted + served.idle_closed + reset, connections);
  t.ok(
    connections - served.completed <= 1 + 0.2 * share * connections,
    `${served.completed} of ${connections} ended in order`,
  );
  t.strictSame([round.bytes.sent, round.bytes.received], [served.bytes.received, served.bytes.sent], 'bytes');
}

/** Waits until no socket of either kernel has data or a FIN that the other end has not acknowledged, or waits for the other's FIN. */
async function haveEnded(wire: LossyWire): Promise<void> {
  const states = ['established', 'close-wait', 'fin-wait-1', 'last-ack', 'closing'].flatMap((state) => [
    'state',
    state,
  ]);
  const isOpen = (end: Namespace): boolean => end.exec('ss', '-Htn', ...states).trim() !== '';
  const endMs = performance.now() + MOST_REST_MS;
  while ((isOpen(wire.near) || isOpen(wire.far)) && performance.now() < endMs) await sleep(50);
}

async function run(t: Test, wire: LossyWire, share: number, trial: Trial): Promise<void> {
  const { client, server: engine, family, connections, inFlight } = trial;
  const server = await serve(t, wire.far, { engine, family, host: FAR[family] });
  const host = engine === 'packet' ? PACKET_HOST[family] : FAR[family];
  const treatment = await wire.treat({ seed: SEED, drop: share, double: share, reorder: share });
  const args = [...trial.load, '--timeout', '1m'];
  const round = await load(t, wire.near, { engine: client, family, host, connections, inFlight, args });
  // What is on its way at the end arrives with the next retransmission.
  treatment.spare();
  await haveEnded(wire);
  const served = await server.stop();
  const counts = await treatment.stop();
  if (client === 'packet') checkAlmostEqual(t, round, served, trial, share);
  else checkEqual(t, round, served, connections);
  for (const what of ['dropped', 'doubled', 'reordered'] as const) {
    const wanted = share * (counts.received - (what === 'dropped' ? 0 : counts.dropped));
    // Chance, and the bound on packets that are dropped in a row.
    const most = 0.2 * wanted + 5 * Math.sqrt(wanted);
    t.ok(Math.abs(counts[what] - wanted) <= most, `${counts[what]} of ${counts.received} ${what}`);
  }
  t.equal(counts.lost, 0, 'the forwarder lost none itself');
}

// Many runs: on a machine that is busy with others they take minutes. They wait for timeouts most of the time.
t.setTimeout(600_000);
t.comment('timeout=600000');
t.jobs = WIRES.length;

for (const { share, trials } of WIRES) {
  t.test(`${100 * share} % dropped, doubled and reordered each`, { skip, jobs: ENDS.length }, async (t) => {
    const all = ENDS.map((ends) =>
      t.test(`${ends.client} against ${ends.server} over IPv${ends.family}`, async (t) => {
        const wire = LossyWire.forTest(t);
        for (const trial of trials) await run(t, wire, share, { ...ends, ...trial });
      }),
    );
    await Promise.all(all);
  });
}
