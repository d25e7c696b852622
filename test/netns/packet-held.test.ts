// tier: netns, alone
/** Very many connections that are open at once between a client and a server of the packet engine. */
import { readFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import t from 'tap';
import { troubleOf } from '../../src/engine/registry.ts';
import { clientResult, runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { noLab } from './lab.ts';
import { DEVICE, VethPair } from './veth-pair.ts';

const CONNECTIONS = 100_000;
/** Memory is compared from this many on: what a process has from its start is then there. */
const FIRST_LOOK = 20_000;
/** In so many seconds in a row nothing was under way and no more were held: all have been started. */
const SAME_SECONDS = 3;
/** What a connection may take at either end. */
const BYTES_PER_CONNECTION = 200;
/** What the heap of V8 may grow by meanwhile. */
const HEAP_BYTES = 24 * 1024 * 1024;
/** What a stalled machine loses is sent again after 1, 3, 7 and 15 s, and so on: no connection is given up, and none ends by itself. */
const LONG = '150s';
const PACKET = ['--engine', 'packet', '--interface', DEVICE];

const skip = noLab() || ((await troubleOf('packet'))?.reason ?? false);

/** Resident memory of a process, in bytes (proc_pid_status(5)). */
function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

t.test(`${CONNECTIONS} connections are held at once`, { skip, timeout: 240_000 }, async (t) => {
  const pair = VethPair.forTest(t);
  const limits = ['--max-connections', '200000', '--idle-timeout', '600s'];
  const host = ['--host', '198.18.9.1', '--port', '7000'];
  const server = await startServer([...PACKET, ...host, ...limits], { prefix: pair.far.prefix });
  t.teardown(() => server.stop());
  const looks: { open: number; client: number; server: number }[] = [];
  const watch = (child: ChildProcess): void => {
    let wereHeld = 0;
    let sameSeconds = 0;
    child.stderr!.on('data', (text: string) => {
      const [, inFlight = '', heldText = '0'] = /in flight ([\d,]+)(?:\s+held ([\d,]+))?/.exec(text) ?? [];
      const held = Number(heldText.replaceAll(',', ''));
      const underWay = Number(inFlight.replaceAll(',', ''));
      if (underWay + held < FIRST_LOOK) return;
      looks.push({ open: underWay + held, client: residentBytes(child.pid!), server: residentBytes(server.pid) });
      // A machine that is held up misses some: then their number stays as it is.
      sameSeconds = underWay === 0 && held === wereHeld ? sameSeconds + 1 : 0;
      wereHeld = held;
      if ((underWay === 0 && held === CONNECTIONS) || sameSeconds === SAME_SECONDS) child.kill('SIGINT');
    });
  };
  const load = ['--rate', '20000', '--count', String(CONNECTIONS), '--payload-size', '64', '--finish', 'echo'];
  const run = await runCli(
    [
      'client',
      '198.18.9.1:7000',
      ...PACKET,
      '--source',
      '198.18.8.0/29',
      ...load,
      '--hold',
      LONG,
      '--timeout',
      LONG,
      '--json',
      '-',
    ],
    { prefix: pair.near.prefix, onSpawn: watch, timeoutMs: 230_000 },
  );
  const result = clientResult(run);
  checkIdentities(t, result);
  const [round] = result.rounds;
  // A machine that is held up as the last are due misses them.
  const { started, missed } = round!.attempts;
  t.equal(started + missed, CONNECTIONS);
  t.equal(round!.outcomes.ok, started);
  t.equal(round!.attempts.in_flight_max, started, 'all were open at the same time');
  const served = await server.stop();
  t.equal(served.accepted, started);

  const [first] = looks;
  const most = looks.reduce((a, b) => (b.open > a.open ? b : a));
  const allowed = (most.open - first!.open) * BYTES_PER_CONNECTION + HEAP_BYTES;
  t.ok(most.open > 2 * first!.open, `looked at ${first!.open} and ${most.open} open connections`);
  for (const end of ['client', 'server'] as const) {
    const grown = most[end] - first![end];
    t.ok(grown <= allowed, `${end}: ${grown} bytes more, at most ${allowed} expected`);
  }
});
