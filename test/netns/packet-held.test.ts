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
/** What a connection may take at either end. */
const BYTES_PER_CONNECTION = 200;
/** What the heap of V8 may grow by meanwhile. */
const HEAP_BYTES = 24 * 1024 * 1024;
const PACKET = ['--engine', 'packet', '--interface', DEVICE];

const skip = noLab() || ((await troubleOf('packet'))?.reason ?? false);

/** Resident memory of a process, in bytes (proc_pid_status(5)). */
function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

t.test(`${CONNECTIONS} connections are held at once`, { skip, timeout: 180_000 }, async (t) => {
  const pair = VethPair.forTest(t);
  const limits = ['--max-connections', '200000', '--idle-timeout', '300s'];
  const host = ['--host', '198.18.9.1', '--port', '7000'];
  const server = await startServer([...PACKET, ...host, ...limits], { prefix: pair.far.prefix });
  t.teardown(() => server.stop());
  const looks: { open: number; client: number; server: number }[] = [];
  const watch = (child: ChildProcess): void => {
    child.stderr!.on('data', (text: string) => {
      const [, inFlight = '', held = '0'] = /in flight ([\d,]+)(?:\s+held ([\d,]+))?/.exec(text) ?? [];
      const open = Number(inFlight.replaceAll(',', '')) + Number(held.replaceAll(',', ''));
      if (open >= FIRST_LOOK)
        looks.push({ open, client: residentBytes(child.pid!), server: residentBytes(server.pid) });
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
      '9s',
      '--timeout',
      '9s',
      '--json',
      '-',
    ],
    { prefix: pair.near.prefix, onSpawn: watch, timeoutMs: 170_000 },
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
  t.equal(served.completed, started);

  const [first] = looks;
  const most = looks.reduce((a, b) => (b.open > a.open ? b : a));
  const allowed = (most.open - first!.open) * BYTES_PER_CONNECTION + HEAP_BYTES;
  t.ok(most.open > 2 * first!.open, `looked at ${first!.open} and ${most.open} open connections`);
  for (const end of ['client', 'server'] as const) {
    const grown = most[end] - first![end];
    t.ok(grown <= allowed, `${end}: ${grown} bytes more, at most ${allowed} expected`);
  }
});
