/** How the cost of a connection grows: with the rate, with the size of what is sent, with the connections that are held. */
import { conngen, startServer } from './process.ts';
import { oneRound } from './open-loop.ts';

const SOURCES = ['--source', '127.0.0.1-127.0.0.8'];

export interface GrowthRow {
  readonly of: string;
  readonly at: number;
  readonly completedPerSec: number;
  readonly usecPerConnection: number;
  readonly totalP50Usec: number;
  readonly totalP99Usec: number;
  readonly failed: number;
  readonly missed: number;
}

async function row(port: number, of: string, at: number, seconds: number, ...args: string[]): Promise<GrowthRow> {
  const round = await oneRound(port, seconds, '--finish', 'echo', ...SOURCES, ...args);
  return {
    of,
    at,
    completedPerSec: round.rate_per_sec.completed,
    usecPerConnection: round.cpu.usec_per_connection,
    totalP50Usec: round.latency_ns.total.p50 / 1e3,
    totalP99Usec: round.latency_ns.total.p99 / 1e3,
    failed: round.attempts.started - round.outcomes.ok,
    missed: round.attempts.missed,
  };
}

/** Against `conngen server --listeners 1` on loopback. */
export async function measureGrowth(isQuick: boolean): Promise<Record<string, GrowthRow[]>> {
  const seconds = isQuick ? 1 : 4;
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  const rate: GrowthRow[] = [];
  const payload: GrowthRow[] = [];
  const held: GrowthRow[] = [];
  try {
    for (const perSec of [1000, 2000, 5000, 10_000, 15_000, 20_000, 25_000]) {
      rate.push(await row(server.port, 'rate', perSec, seconds, '--rate', String(perSec), '--payload-size', '64'));
    }
    for (const bytes of [0, 64, 1024, 16_384, 65_536, 262_144, 1_048_576]) {
      const size = ['--payload-size', String(bytes), '--rate', 'max', '--max-in-flight', '32'];
      payload.push(await row(server.port, 'payload bytes', bytes, seconds, ...size));
    }
    for (const connections of [0, 1000, 10_000, 100_000]) {
      const hold = connections === 0 ? [] : ['--hold', `${connections / 5000}s`];
      const duration = Math.max(seconds, connections / 5000);
      const args = ['--rate', '5000', '--payload-size', '64', ...hold];
      held.push(await row(server.port, 'held', connections, duration, ...args));
    }
  } finally {
    await server.stop();
  }
  return { rate, payload, held };
}
