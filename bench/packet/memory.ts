/** What connections of the packet engine take: many held at both ends, and many one after the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ClientResult, RoundResult } from '../../src/document/client.ts';
import { conngen } from '../process.ts';
import { packetOptions, packetServer } from './ends.ts';
import type { Network } from './network.ts';

const MIB = 1024 * 1024;
const SAMPLE_MS = 500;

/** Resident memory of a process, in bytes (proc(5), status). */
function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

interface Sample {
  readonly clientBytes: number;
  readonly serverBytes: number;
}

interface Watched {
  readonly round: RoundResult;
  readonly samples: readonly Sample[];
}

/** A client's round, with the memory of both ends meanwhile. */
async function watch(network: Network, target: string, serverPid: number, args: readonly string[]): Promise<Watched> {
  const command = [...network.clientPrefix, ...conngen('client', target, '--quiet', '--json', '-', ...args)];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const clientBytes = residentBytes(child.pid!);
    if (clientBytes > 0) samples.push({ clientBytes, serverBytes: residentBytes(serverPid) });
  }, SAMPLE_MS);
  await once(child, 'close');
  clearInterval(timer);
  if (stdout === '') throw new Error(`${command.join(' ')} failed`);
  return { round: (JSON.parse(stdout) as ClientResult).rounds[0]!, samples };
}

const most = (samples: readonly Sample[], end: keyof Sample): number =>
  Math.max(...samples.map((sample) => sample[end]));

export interface HeldRow {
  readonly held: number;
  readonly failed: number;
  readonly missed: number;
  readonly clientMib: number;
  readonly serverMib: number;
  /** More than the first row took, for each connection more. */
  readonly clientBytesEach: number;
  readonly serverBytesEach: number;
}

/** Connections that are all open at the same time. Each figure with a server of its own, which has held nothing before. */
export async function measureHeld(network: Network, counts: readonly number[], ratePerSec: number): Promise<HeldRow[]> {
  const rows: HeldRow[] = [];
  for (const held of counts) {
    const server = await network.serve(packetServer(network, '--max-connections', String(held + 1000)));
    try {
      const seconds = Math.ceil(held / ratePerSec);
      const load = ['--rate', String(ratePerSec), '--count', String(held), '--hold', `${seconds + 3}s`];
      const ends = [
        '--payload-size',
        '64',
        '--finish',
        'echo',
        '--workers',
        '1',
        '--max-in-flight',
        String(held + 100),
      ];
      const options = [...packetOptions(network, '0/24'), ...load, ...ends];
      const { round, samples } = await watch(network, `${network.packetHost}:${server.port}`, server.pid, options);
      const client = most(samples, 'clientBytes');
      const serverBytes = most(samples, 'serverBytes');
      const first = rows[0];
      const each = (bytes: number, firstMib: number): number => (bytes - firstMib * MIB) / (held - first!.held);
      rows.push({
        held: round.attempts.in_flight_max,
        failed: round.attempts.started - round.outcomes.ok,
        missed: round.attempts.missed,
        clientMib: client / MIB,
        serverMib: serverBytes / MIB,
        clientBytesEach: first === undefined ? 0 : each(client, first.clientMib),
        serverBytesEach: first === undefined ? 0 : each(serverBytes, first.serverMib),
      });
    } finally {
      await server.stop();
    }
  }
  return rows;
}

export interface LongRunRow {
  readonly connections: number;
  readonly failed: number;
  readonly ratePerSec: number;
  /** At a tenth of the run, and at its end. */
  readonly clientMibEarly: number;
  readonly clientMibLate: number;
  readonly serverMibEarly: number;
  readonly serverMibLate: number;
  readonly gcPauses: number;
}

/** Closed loop for a number of connections. */
export async function measureLongRun(network: Network, connections: number): Promise<LongRunRow> {
  const server = await network.serve(packetServer(network));
  try {
    const load = ['--rate', 'max', '--count', String(connections), '--max-in-flight', '100'];
    const ends = ['--payload-size', '64', '--finish', 'echo', '--workers', '1'];
    const options = [...packetOptions(network, '0/28'), ...load, ...ends];
    const { round, samples } = await watch(network, `${network.packetHost}:${server.port}`, server.pid, options);
    const early = samples[Math.floor(samples.length / 10)]!;
    const late = samples.at(-2) ?? early;
    return {
      connections: round.attempts.started,
      failed: round.attempts.started - round.outcomes.ok,
      ratePerSec: round.rate_per_sec.completed,
      clientMibEarly: early.clientBytes / MIB,
      clientMibLate: late.clientBytes / MIB,
      serverMibEarly: early.serverBytes / MIB,
      serverMibLate: late.serverBytes / MIB,
      gcPauses: round.workers.reduce((sum, worker) => sum + (worker.gc_pauses ?? 0), 0),
    };
  } finally {
    await server.stop();
  }
}
