/** How the engines of a conformance test are made: one that works on an interface takes hold of it first, and lets go when it is disposed of. */
import type { AddressRun, PacketLink } from '../../../src/engine/seam/link.ts';
import type { EngineModule } from '../../../src/engine/seam/module.ts';
import type { Endpoint } from '../../../src/plan/plan.ts';
import type { ClientFactory, ServerFactory } from './harness.ts';
import { moduleUrl } from '../../support/modules.ts';
import { PORTS, type Site } from './site.ts';

export interface Factories {
  readonly client: ClientFactory;
  readonly server: ServerFactory;
}

/** `name`: a folder of src/engine. */
export async function factoriesOf(name: string, site: Site): Promise<Factories> {
  const { engine } = (await import(moduleUrl(`src/engine/${name}/index.ts`).href)) as { engine: EngineModule };
  const { createClient, createServer, attach } = engine;
  if (attach === undefined) return { client: createClient!, server: createServer! };
  const hold = async (target: Endpoint | null, listenPort: number | null, addresses: readonly string[]) => {
    const attached = await attach({
      interfaceName: site.interfaceName!,
      gateway: null,
      vlan: null,
      target,
      listenPort,
      addresses: addresses.map((address) => runOf(address, site)),
      portRanges: [PORTS],
      workers: 1,
    });
    return { link: { ...attached.link, worker: 0 } satisfies PacketLink, release: () => attached.close() };
  };
  return {
    async client(options) {
      const { link, release } = await hold(options.target, null, options.sources);
      return releasing(() => createClient!({ ...options, link }), release);
    },
    async server(options) {
      const port = options.port === 0 ? nextPort() : options.port;
      const { link, release } = await hold(null, port, [options.host!]);
      return releasing(() => createServer!({ ...options, port, link }), release);
    },
  };
}

let port = PORTS.first + Math.floor(Math.random() * 10_000);

function nextPort(): number {
  return port++;
}

async function releasing<Engine extends { dispose(): void }>(
  create: () => Promise<Engine>,
  release: () => void,
): Promise<Engine> {
  try {
    const engine = await create();
    const dispose = engine.dispose.bind(engine);
    engine.dispose = () => {
      dispose();
      release();
    };
    return engine;
  } catch (error) {
    release();
    throw error;
  }
}

function runOf(address: string, site: Site): AddressRun {
  const family = address.includes(':') ? 6 : 4;
  const isKernels = address === site.own[family];
  if (family === 4) {
    const low = address.split('.').reduce((number, part) => number * 256n + BigInt(part), 0n);
    return { family, high: 0n, low, count: 1, isKernels };
  }
  const [head = '', tail = ''] = address.split('::');
  const groups = [head, tail].map((text) => text.split(':').filter(Boolean));
  const zeros = new Array<string>(8 - groups[0]!.length - groups[1]!.length).fill('0');
  const numbers = [...groups[0]!, ...zeros, ...groups[1]!].map((group) => BigInt(`0x${group}`));
  const joined = (from: number): bigint => numbers.slice(from, from + 4).reduce((sum, group) => sum * 65_536n + group);
  return { family, high: joined(0), low: joined(4), count: 1, isKernels };
}
