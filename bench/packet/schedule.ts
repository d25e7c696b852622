/** How the packet engine keeps a schedule: lag, misses and failures at a rate, and how evenly the SYNs reach the other end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dispersionOf, dispersionsOf, measureStalls, pacingRow, roundOf } from '../open-loop.ts';
import type { MachineFloor, PacingRow } from '../open-loop.ts';
import { conngen } from '../process.ts';
import { spreadOf } from '../statistics.ts';
import { packetOptions, packetServer } from './ends.ts';
import type { ServerCommand } from './ends.ts';
import type { Network } from './network.ts';

const PROGRAM = fileURLToPath(new URL('arrivals-program.ts', import.meta.url));
const ECHO = ['--payload-size', '64', '--finish', 'echo', '--workers', '1'];

type Columns = Readonly<Record<string, number>>;

/** The median of each column of several runs. */
function medians(rows: readonly object[]): Columns {
  const all = rows as readonly Columns[];
  return Object.fromEntries(
    Object.keys(all[0]!).map((column) => [column, spreadOf(all.map((row) => row[column]!)).median]),
  );
}

/** How often each is measured, and for how long the machine is beside each. */
export interface Repetition {
  readonly runs: number;
  readonly seconds: number;
  /** Where the reference programs are. */
  readonly reference: string;
}

/** Open loop against the packet engine's server, in turns with a loop that shows what is the machine's own: medians, and the worst p99. */
export async function measurePacketPacing(network: Network, ratePerSec: number, times: Repetition): Promise<Columns> {
  const rows: PacingRow[] = [];
  const floors: MachineFloor[] = [];
  for (let turn = 0; turn < times.runs; turn++) {
    floors.push(await measureStalls(times.reference, ratePerSec, times.seconds / 2));
    rows.push(await pacingOnce(network, ratePerSec, times.seconds));
  }
  const worst = { lagP99UsecMost: spreadOf(rows.map(({ lagP99Usec }) => lagP99Usec)).max };
  const sums = {
    missed: rows.reduce((sum, { missed }) => sum + missed, 0),
    failed: rows.reduce((sum, { failed }) => sum + failed, 0),
  };
  return { ...medians(rows), ...sums, ...worst, ...medians(floors) };
}

async function pacingOnce(network: Network, ratePerSec: number, seconds: number): Promise<PacingRow> {
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

/** Of one run: all of it, and its median second, which a single stall of the machine does not change. */
interface Evenness {
  readonly arrived: number;
  readonly dispersion: number;
  readonly medianSecond: number;
}

/** Evenness at the other end, in turns with a loop that shows what is the machine's own: medians, and the best and worst run. */
export async function measurePacketEvenness(
  network: Network,
  kernelServer: ServerCommand,
  ratePerSec: number,
  times: Repetition,
): Promise<Columns> {
  const rows: Evenness[] = [];
  const floors: MachineFloor[] = [];
  for (let turn = 0; turn < times.runs; turn++) {
    floors.push(await measureStalls(times.reference, ratePerSec, times.seconds / 2));
    rows.push(await evennessOnce(network, kernelServer, ratePerSec, times.seconds));
  }
  const { min, max } = spreadOf(rows.map(({ dispersion }) => dispersion));
  const most = { loopDispersionMost: spreadOf(floors.map(({ loopDispersion }) => loopDispersion)).max };
  return { ratePerSec, ...medians(rows), least: min, most: max, ...medians(floors), ...most };
}

/** Arrivals of SYNs at the kernel of the other end, by the millisecond: what the packet engine's own server takes, no kernel sees. */
async function evennessOnce(
  network: Network,
  kernelServer: ServerCommand,
  ratePerSec: number,
  seconds: number,
): Promise<Evenness> {
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
    const medianSecond = spreadOf(dispersionsOf(timesMs, seconds)).median;
    return { arrived: timesMs.length, dispersion: dispersionOf(timesMs, seconds), medianSecond };
  } finally {
    watcher.kill('SIGKILL');
    await server.stop();
  }
}
