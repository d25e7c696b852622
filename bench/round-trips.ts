import { SOCKET_ENGINE_NAMES } from '../src/plan/engines.ts';
import { availableParallelism } from 'node:os';
import type { RttResult } from '../src/document/rtt.ts';
import { conngen, run, startServer } from './process.ts';
import { spreadOf } from './statistics.ts';

/** Back to back on one connection: what an engine reached beside blocking sockets, in runs that took turns. */
export interface RoundTripRow {
  readonly protocol: string;
  /** Where both ends run: a wake-up of another core costs more than all else, so the kernel is not left to choose. */
  readonly place: string;
  readonly engine: string;
  /** Median round trip: the median of the runs. */
  readonly usec: number;
  /** To the blocking run just before, of the medians: median, lowest and highest of the pairs. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
}

interface Run {
  readonly port: number;
  readonly cpu: number;
  readonly protocol: string;
  readonly engine: string;
  readonly seconds: number;
}

async function medianUsec({ port, cpu, protocol, engine, seconds }: Run): Promise<number> {
  const target = `127.0.0.1:${port}`;
  const place = ['--cpu', String(cpu), '--protocol', protocol];
  const flags = [...place, '--engine', engine, '--duration', String(seconds), '--warmup', '1s'];
  const { stdout } = await run(
    conngen('rtt', target, '--rate', 'max', ...flags, '--quiet', '--json', '-'),
    seconds + 30,
  );
  const { rounds } = JSON.parse(stdout) as RttResult;
  return rounds[0]!.rtt_ns.p50 / 1e3;
}

/** The server is on core 0, the pinger there too or on the next. */
const PLACES = [
  { place: 'one core', cpu: 0 },
  { place: 'two cores', cpu: 1 },
];

/** Every engine against blocking, on TCP and UDP. */
export async function measureRoundTrips(pairs: number, seconds: number): Promise<RoundTripRow[]> {
  const rows: RoundTripRow[] = [];
  const own = ['--host', '127.0.0.1', '--listeners', '1', '--protocol', 'both', '--cpu', '0'];
  const server = await startServer((port) => conngen('server', '--port', String(port), ...own));
  try {
    for (const { place, cpu } of PLACES.slice(0, availableParallelism())) {
      for (const protocol of ['tcp', 'udp']) {
        for (const engine of SOCKET_ENGINE_NAMES) {
          rows.push(await compare(place, { port: server.port, cpu, protocol, engine, seconds }, pairs));
        }
      }
    }
  } finally {
    await server.stop();
  }
  return rows;
}

async function compare(place: string, run: Run, pairs: number): Promise<RoundTripRow> {
  const usec: number[] = [];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const blocking = await medianUsec({ ...run, engine: 'blocking' });
    usec.push(await medianUsec(run));
    ratios.push(usec.at(-1)! / blocking);
  }
  const { median, min, max } = spreadOf(ratios);
  const { protocol, engine } = run;
  return { protocol, place, engine, usec: spreadOf(usec).median, ratio: median, ratioMin: min, ratioMax: max };
}
