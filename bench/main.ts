/**
 * npm run bench -- [--quick] [--json FILE] [--pairs N] [--seconds N] [SECTION …]
 *
 * Figures side by side, in runs that take turns; medians with their spread. Sections: clients, servers, peers, pacing,
 * evenness, fleet-evenness, growth, trips, bodies, packet, fleet; all of them if none is named. Traffic stays on loopback and in
 * namespaces of its own.
 */
import { SOCKET_ENGINE_NAMES } from '../src/plan/engines.ts';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { PEERS, buildReference, conngenClient, referenceClient } from './contenders.ts';
import type { ReferenceFinish } from './contenders.ts';
import { measureBodies } from './bodies.ts';
import { measureAgentsEvenness, measureFleetEvenness } from './fleet-evenness.ts';
import { measureSimulated, measureThreeAgents } from './fleet/fleet.ts';
import { measureGrowth } from './growth.ts';
import { measureEvenness, measurePacing, measureWakeUps } from './open-loop.ts';
import { compareClients, compareServers } from './pairs.ts';
import type { PairOptions, Row } from './pairs.ts';
import { PACKET_PARTS, measurePacketPart } from './packet/sections.ts';
import { conngen, isInstalled, timeWaits, untilTimeWaitsAreGone } from './process.ts';
import { measureRoundTrips } from './round-trips.ts';
import { printPairs, printTable } from './table.ts';

const SOURCES = ['--source', '127.0.0.1-127.0.0.8', '--source-ports', '10000-59999'];
const PAYLOAD = ['--payload-size', '64'];

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    pairs: { type: 'string' },
    seconds: { type: 'string' },
  },
  allowPositionals: true,
});
const options: PairOptions = {
  pairs: Number(values.pairs ?? (values.quick ? 1 : 5)),
  seconds: Number(values.seconds ?? (values.quick ? 1 : 4)),
  inFlight: 100,
  pauseMs: values.quick ? 0 : 1000,
};
const reference = buildReference();
// What ran before may have had every port that the kernel may choose.
await untilTimeWaitsAreGone();
const results: Record<string, unknown> = {
  machine: { cpu: cpus()[0]?.model, cpus: availableParallelism(), kernel: release(), node: process.version },
  options,
};

async function clients(): Promise<void> {
  if (reference === undefined) {
    process.stdout.write('clients: skipped, needs a C compiler (cc)\n');
    return;
  }
  const server = (port: number): string[] => [path.join(reference, 'epoll_server'), String(port), '1'];
  const rows: Row[] = [];
  const compare = async (engine: string, finish: ReferenceFinish, args: string[], note = ''): Promise<void> => {
    const contender = conngenClient(
      `conngen ${engine}, ${finish}${note}`,
      '--engine',
      engine,
      '--finish',
      finish,
      ...PAYLOAD,
      ...args,
    );
    const pair = await compareClients(server, referenceClient(reference, 8, finish), contender, options);
    rows.push(...pair);
    printPairs(pair);
  };
  for (const engine of SOCKET_ENGINE_NAMES) {
    for (const finish of ['echo', 'half-close'] as const) await compare(engine, finish, SOURCES);
  }
  const one = ['--source', '127.0.0.1', '--source-ports', '1024-65535'];
  await compare('uring', 'echo', one, `, 1 source, ${timeWaits()} TIME_WAITs`);
  results['clients'] = rows;
}

async function servers(): Promise<void> {
  if (reference === undefined) {
    process.stdout.write('servers: skipped, needs a C compiler (cc)\n');
    return;
  }
  const rows: Row[] = [];
  for (const finish of ['echo', 'half-close'] as const) {
    for (const engine of ['uring', 'epoll']) {
      const pair = await compareServers(
        { name: `C server, ${finish}`, command: (port) => [path.join(reference, 'epoll_server'), String(port), '1'] },
        {
          name: `conngen server ${engine}, ${finish}`,
          command: (port) =>
            conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1', '--engine', engine),
        },
        referenceClient(reference, 8, finish),
        options,
      );
      rows.push(...pair);
      printPairs(pair);
    }
  }
  results['servers'] = rows;
}

async function peers(): Promise<void> {
  const response = path.join(import.meta.dirname, 'response.http');
  const request = path.join(import.meta.dirname, '../examples/http-get.req');
  const server = (port: number): string[] =>
    conngen(
      'server',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--listeners',
      '1',
      '--response',
      response,
      '--respond-on',
      'data',
    );
  const ours = conngenClient('conngen uring, eof', '--finish', 'eof', '--payload', request, '--engine', 'uring');
  const rows: Row[] = [];
  await untilTimeWaitsAreGone();
  for (const peer of PEERS) {
    if (!isInstalled(peer.program!)) {
      process.stdout.write(`${peer.name}: skipped, not installed\n`);
      continue;
    }
    const pair = await compareClients(server, ours, peer, options);
    rows.push(...pair);
    printPairs(pair);
  }
  results['peers'] = rows;
}

async function pacing(): Promise<void> {
  const rows = [];
  for (const ratePerSec of [1000, 10_000, 20_000, 25_000]) {
    const seconds = values.quick ? 3 : 10;
    const floor = reference === undefined ? {} : await measureWakeUps(reference, ratePerSec, seconds / 2);
    // The system's 28 232 ports, each free again after a second, leave no room for a stall at 25 000/s.
    const row = await measurePacing(ratePerSec, seconds, '--source-ports', '1024-65535');
    rows.push({ ...row, ...floor });
  }
  printTable(rows);
  results['pacing'] = rows;
}

async function evenness(): Promise<void> {
  const rows = [await measureEvenness(5000, values.quick ? 3 : 6)];
  printTable(rows);
  results['evenness'] = rows;
}

/** One session; three that are one schedule; and three agents with a NATS server, where it is installed. */
async function fleetEvenness(): Promise<void> {
  const rows = [];
  const seconds = values.quick ? 3 : 6;
  for (const weights of [[1], [1, 1, 1], [1], [3, 1, 1]]) {
    rows.push(await measureFleetEvenness(weights, 3000, seconds));
  }
  if (isInstalled('nats-server')) rows.push(await measureAgentsEvenness(3000, seconds));
  else process.stdout.write('agents: skipped, nats-server is not installed\n');
  printTable(rows);
  results['fleet-evenness'] = rows;
}

async function growth(): Promise<void> {
  const figures = await measureGrowth(values.quick);
  for (const rows of Object.values(figures)) printTable(rows);
  results['growth'] = figures;
}

async function trips(): Promise<void> {
  const rows = await measureRoundTrips(options.pairs, options.seconds);
  printTable(rows);
  results['trips'] = rows;
}

async function bodies(): Promise<void> {
  if (reference === undefined) {
    process.stdout.write('bodies: skipped, needs a C compiler (cc)\n');
    return;
  }
  const { pairs, seconds } = options;
  const rows = [];
  for (const engine of SOCKET_ENGINE_NAMES) {
    const ofEngine = await measureBodies({ reference, engine, pairs, seconds });
    printTable(ofEngine);
    rows.push(...ofEngine);
  }
  results['bodies'] = rows;
}

async function packet(parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    if (parts.length > 1) process.stdout.write(`${part}:\n`);
    results[part] = await measurePacketPart(part, options, values.quick);
  }
}

async function fleet(): Promise<void> {
  if (!isInstalled('nats-server')) {
    process.stdout.write('fleet: skipped, needs nats-server\n');
    return;
  }
  await untilTimeWaitsAreGone();
  const three = await measureThreeAgents(3000, values.quick ? 5 : 20);
  printTable(three.rows);
  printTable([three.fleet]);
  const simulated = [];
  for (const agents of values.quick ? [100] : [10, 100, 250, 500]) {
    simulated.push(await measureSimulated(agents, 1000, values.quick ? 5 : 10));
  }
  printTable(simulated);
  results['fleet'] = { three, simulated };
}

const SECTIONS: Record<string, () => Promise<void>> = {
  clients,
  servers,
  peers,
  pacing,
  evenness,
  'fleet-evenness': fleetEvenness,
  growth,
  trips,
  bodies,
  packet: () => packet(PACKET_PARTS),
  fleet,
};
/** A part of a section, for who wants that one only. */
const PARTS = Object.fromEntries(PACKET_PARTS.map((part) => [part, () => packet([part])]));
for (const name of positionals.length > 0 ? positionals : Object.keys(SECTIONS)) {
  const section = SECTIONS[name] ?? PARTS[name];
  if (section === undefined) {
    const names = [...Object.keys(SECTIONS), ...PACKET_PARTS].join(', ');
    process.stderr.write(`${name}: not a section; there are ${names}\n`);
    process.exit(2);
  }
  process.stdout.write(`\n== ${name}\n`);
  await section();
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
