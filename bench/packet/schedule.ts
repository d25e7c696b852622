/** How the packet engine keeps a schedule: lag, misses and failures at a rate, and how evenly the SYNs reach the other end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dispersionOf, pacingRow, roundOf } from '../open-loop.ts';
import type { PacingRow } from '../open-loop.ts';
import { conngen } from '../process.ts';
import { packetOptions, packetServer } from './ends.ts';
import type { ServerCommand } from './ends.ts';
import type { Network } from './network.ts';

const PROGRAM = fileURLToPath(new URL('arrivals-program.ts', import.meta.url));
const ECHO = ['--payload-size', '64', '--finish', 'echo', '--workers', '1'];

/** Open loop against the packet engine's server. */
export async function measurePacketPacing(network: Network, ratePerSec: number, seconds: number): Promise<PacingRow> {
  const server = await network.serve(packetServer(network));
  const client = [...network.clientPrefix, ...conngen('client', `${network.packetHost}:${server.port}`)];
  const options = [...packetOptions(network), ...ECHO];
  try {
    // The server compiles its code in the first moments of load.
    await roundOf(client, 2, '--rate', '20000', ...options);
    return pacingRow(await roundOf(client, seconds, '--rate', String(ratePerSec), '--warmup', '1s', ...options));
  } finally {
    await server.stop();
  }
}

export interface PacketEvennessRow {
  readonly ratePerSec: number;
  readonly arrived: number;
  readonly dispersion: number;
}

/** Arrivals of SYNs at the kernel of the other end, by the millisecond: what the packet engine's own server takes, no kernel sees. */
export async function measurePacketEvenness(
  network: Network,
  kernelServer: ServerCommand,
  ratePerSec: number,
  seconds: number,
): Promise<PacketEvennessRow> {
  const server = await network.serve(kernelServer);
  const [program, ...args] = [...network.serverPrefix, process.execPath, ...process.execArgv, PROGRAM];
  const room = (seconds + 2) * ratePerSec;
  const watcher = spawn(program, [...args, String(server.port), String(room)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  watcher.stdout.on('data', (data) => (output += String(data)));
  try {
    await once(watcher.stdout, 'data');
    const client = [...network.clientPrefix, ...conngen('client', `${network.kernelHost}:${server.port}`)];
    const options = ['--rate', String(ratePerSec), '--warmup', '1s', ...packetOptions(network), ...ECHO];
    await roundOf(client, seconds, ...options);
    watcher.stdin.end();
    await once(watcher, 'close');
    const timesMs = JSON.parse(output.slice(output.indexOf('\n'))) as number[];
    return { ratePerSec, arrived: timesMs.length, dispersion: dispersionOf(timesMs, seconds) };
  } finally {
    watcher.kill('SIGKILL');
    await server.stop();
  }
}
