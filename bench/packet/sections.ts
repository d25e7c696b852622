/** The figures of the packet engine, each beside what it is to be compared with. Made in namespaces of their own; needs root. */
import path from 'node:path';
import { buildReference, referenceClient } from '../contenders.ts';
import type { PairOptions, Row } from '../pairs.ts';
import { printPairs, printTable } from '../table.ts';
import { compareEnds, packetClient, packetServer, uringClient, uringServer } from './ends.ts';
import type { Close, Ends, ServerCommand } from './ends.ts';
import { measureHeld, measureLongRun } from './memory.ts';
import { DIRECT_MACROS, Network, noNetwork } from './network.ts';
import { measurePacketEvenness, measurePacketPacing } from './schedule.ts';

const CLOSES: readonly Close[] = ['fin', 'rst'];

/** One for each way to close, on one server. */
function packetEnds(name: string, network: Network, closes = CLOSES): Ends[] {
  const server = packetServer(network);
  return closes.map((close) => {
    const client = packetClient(`${name}, ${close}`, network, close);
    return { client, network, host: network.packetHost, server };
  });
}

function uringEnds(name: string, network: Network, closes = CLOSES): Ends[] {
  const server = uringServer(network);
  return closes.map((close) => {
    const client = uringClient(`${name}, ${close}`, network, close);
    return { client, network, host: network.kernelHost, server };
  });
}

function referenceServer(reference: string): ServerCommand {
  return (port) => [path.join(reference, 'epoll_server'), String(port), '1'];
}

function referenceEnds(reference: string, network: Network): Ends {
  const client = referenceClient(reference, 8, 'echo');
  return { client, network, host: network.kernelHost, server: referenceServer(reference) };
}

function needReference(): string {
  const reference = buildReference(DIRECT_MACROS);
  if (reference === undefined) throw new Error('this section needs a C compiler (cc)');
  return reference;
}

async function compared(reference: Ends, contenders: readonly Ends[], options: PairOptions): Promise<Row[]> {
  const rows = await compareEnds(reference, contenders, options);
  printPairs(rows);
  return rows;
}

/** Both ends of the packet engine beside the C pair, with the uring engine at both ends beside them. */
async function bothEnds(options: PairOptions): Promise<Row[]> {
  // A network each: the program that the packet engine attaches must not cost the others anything.
  using kernels = new Network(false);
  using packets = new Network(false);
  const contenders = [
    ...packetEnds('conngen packet, both ends', packets),
    ...uringEnds('conngen uring, both ends', kernels),
  ];
  return await compared(referenceEnds(needReference(), kernels), contenders, options);
}

/** The packet engine's client beside the C client, both on the C server. */
async function onTheCServer(options: PairOptions): Promise<Row[]> {
  using kernels = new Network(false);
  using packets = new Network(false);
  const reference = needReference();
  const server = referenceServer(reference);
  const contenders = CLOSES.map((close) => {
    const client = packetClient(`conngen packet on the C server, ${close}`, packets, close);
    return { client, network: packets, host: packets.kernelHost, server };
  });
  return await compared(referenceEnds(reference, kernels), contenders, options);
}

/** Through connection tracking of nftables: packet beside uring, at both ends. */
async function throughAFirewall(options: PairOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const close of CLOSES) {
    using kernels = new Network(true);
    using packets = new Network(true);
    const [reference] = uringEnds('conngen uring, nftables', kernels, [close]);
    rows.push(...(await compared(reference!, packetEnds('conngen packet, nftables', packets, [close]), options)));
  }
  return rows;
}

async function pacing(isQuick: boolean): Promise<object[]> {
  using network = new Network(false);
  const rows = [];
  const times = { runs: isQuick ? 1 : 3, seconds: isQuick ? 3 : 10, reference: needReference() };
  for (const ratePerSec of [20_000, 50_000, 100_000]) {
    rows.push(await measurePacketPacing(network, ratePerSec, times));
  }
  printTable(rows);
  return rows;
}

async function evenness(isQuick: boolean): Promise<object[]> {
  using network = new Network(false);
  const reference = needReference();
  const times = { runs: isQuick ? 2 : 7, seconds: isQuick ? 3 : 6, reference };
  const rows = [await measurePacketEvenness(network, referenceServer(reference), 20_000, times)];
  printTable(rows);
  return rows;
}

async function held(isQuick: boolean): Promise<object[]> {
  using network = new Network(false);
  const rows = await measureHeld(network, isQuick ? [1000, 100_000] : [1000, 1_000_000], 50_000);
  printTable(rows);
  return rows;
}

async function longRun(isQuick: boolean): Promise<object[]> {
  using network = new Network(false);
  const rows = [await measureLongRun(network, isQuick ? 500_000 : 10_000_000)];
  printTable(rows);
  return rows;
}

const PARTS: Readonly<Record<string, (options: PairOptions, isQuick: boolean) => Promise<object[]>>> = {
  'packet-ends': bothEnds,
  'packet-client': onTheCServer,
  'packet-firewall': throughAFirewall,
  'packet-pacing': (_, isQuick) => pacing(isQuick),
  'packet-evenness': (_, isQuick) => evenness(isQuick),
  'packet-held': (_, isQuick) => held(isQuick),
  'packet-long': (_, isQuick) => longRun(isQuick),
};

export const PACKET_PARTS: readonly string[] = Object.keys(PARTS);

/** One part; undefined where this machine cannot run it, with the reason on stdout. */
export async function measurePacketPart(
  name: string,
  options: PairOptions,
  isQuick: boolean,
): Promise<object[] | undefined> {
  const reason = noNetwork(name === 'packet-firewall');
  if (reason !== undefined) {
    process.stdout.write(`${name}: skipped, ${reason}\n`);
    return undefined;
  }
  // A signal ends the process, and with it the namespaces.
  const stop = (): never => process.exit(130);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await PARTS[name]!(options, isQuick);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
