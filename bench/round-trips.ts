import type { RttResult } from '../src/measure/rtt-result.ts';
import { conngen, run, startServer } from './process.ts';
import { spreadOf } from './statistics.ts';

/** Back to back on one connection: what an engine reached beside blocking sockets, in runs that took turns. */
export interface RoundTripRow {
  readonly protocol: string;
  readonly engine: string;
  /** Median round trip: the median of the runs. */
  readonly usec: number;
  /** To the blocking run just before, of the medians: median, lowest and highest of the pairs. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
}

async function medianUsec(port: number, protocol: string, engine: string, seconds: number): Promise<number> {
  const target = `127.0.0.1:${port}`;
  const flags = ['--protocol', protocol, '--engine', engine, '--duration', String(seconds), '--warmup', '1s'];
  const { stdout } = await run(
    conngen('rtt', target, '--rate', 'max', ...flags, '--quiet', '--json', '-'),
    seconds + 30,
  );
  const { rounds } = JSON.parse(stdout) as RttResult;
  return rounds[0]!.rtt_ns.p50 / 1e3;
}

/** Every engine against blocking, on TCP and UDP. The kernel places both ends, as it does for a user. */
export async function measureRoundTrips(pairs: number, seconds: number): Promise<RoundTripRow[]> {
  const rows: RoundTripRow[] = [];
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1', '--protocol', 'both'),
  );
  try {
    for (const protocol of ['tcp', 'udp']) {
      for (const engine of ['uring', 'epoll', 'node']) {
        const usec: number[] = [];
        const ratios: number[] = [];
        for (let pair = 0; pair < pairs; pair++) {
          const blocking = await medianUsec(server.port, protocol, 'blocking', seconds);
          usec.push(await medianUsec(server.port, protocol, engine, seconds));
          ratios.push(usec.at(-1)! / blocking);
        }
        const { median, min, max } = spreadOf(ratios);
        rows.push({ protocol, engine, usec: spreadOf(usec).median, ratio: median, ratioMin: min, ratioMax: max });
      }
    }
  } finally {
    await server.stop();
  }
  return rows;
}
