/** A client and a server, each in a namespace, beside another such pair in runs that take turns. */
import { setTimeout as sleep } from 'node:timers/promises';
import { conngenClient } from '../contenders.ts';
import type { Contender, Figure, Load } from '../contenders.ts';
import { rowOf } from '../pairs.ts';
import type { PairOptions, Row } from '../pairs.ts';
import { conngen } from '../process.ts';
import type { RunningServer } from '../process.ts';
import { INTERFACE } from './network.ts';
import type { Network } from './network.ts';

export type Close = 'fin' | 'rst';

export type ServerCommand = (port: number) => readonly string[];

/** Two ends that measure together. */
export interface Ends {
  readonly client: Contender;
  readonly network: Network;
  /** What the client connects to. */
  readonly host: string;
  /** Ends with the same one share a server: there can be one XDP program on an interface. */
  readonly server: ServerCommand;
}

const ECHO = ['--payload-size', '64', '--finish', 'echo'];

/** The options with which a client works on the interface of its namespace, from `sources` of the network's addresses. */
export function packetOptions(network: Network, sources = '0/29'): string[] {
  const addresses = ['--source', `${network.packetSources}.${sources}`, '--source-ports', '1024-65535'];
  return ['--engine', 'packet', '--interface', INTERFACE, ...addresses];
}

export function packetClient(name: string, network: Network, close: Close): Contender {
  return conngenClient(name, ...packetOptions(network), ...ECHO, '--close', close);
}

export function packetServer(network: Network, ...args: readonly string[]): ServerCommand {
  const engine = ['--engine', 'packet', '--interface', INTERFACE];
  return (port) => serverOn(network.packetHost, port, ...engine, ...args);
}

export function uringClient(name: string, network: Network, close: Close): Contender {
  const addresses = ['--source', network.kernelSources, '--source-ports', '10000-59999'];
  return conngenClient(name, '--engine', 'uring', ...addresses, ...ECHO, '--close', close);
}

export function uringServer(network: Network): ServerCommand {
  return (port) => serverOn(network.kernelHost, port, '--engine', 'uring');
}

function serverOn(host: string, port: number, ...args: readonly string[]): readonly string[] {
  const place = ['--host', host, '--port', String(port), '--listeners', '1'];
  return conngen('server', ...place, '--quiet', '--json', '-', ...args);
}

interface Running {
  readonly ends: Ends;
  readonly server: RunningServer;
}

function measure({ ends, server }: Running, options: PairOptions, seconds = options.seconds): Promise<Figure> {
  const { host, network } = ends;
  const load: Load = {
    host,
    port: server.port,
    seconds,
    inFlight: options.inFlight,
    prefix: network.clientPrefix,
  };
  return ends.client.measure(load);
}

/** Rows: the reference, then the contenders. Each ratio is to the run of the reference just before. */
export async function compareEnds(reference: Ends, contenders: readonly Ends[], options: PairOptions): Promise<Row[]> {
  const servers = new Map<ServerCommand, RunningServer>();
  try {
    const running: Running[] = [];
    for (const ends of [reference, ...contenders]) {
      const server = servers.get(ends.server) ?? (await ends.network.serve(ends.server));
      servers.set(ends.server, server);
      running.push({ ends, server });
    }
    // The servers compile their code under load.
    for (const each of running) await measure(each, options, 1);
    const figures: Figure[][] = running.map(() => []);
    for (let turn = 0; turn < options.pairs; turn++) {
      for (const [index, each] of running.entries()) {
        figures[index]!.push(await measure(each, options));
        await sleep(options.pauseMs);
      }
    }
    return running.map(({ ends }, index) => rowOf(ends.client.name, figures[index]!, figures[0]!));
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}
