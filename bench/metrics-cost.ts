/**
 * What metrics cost: `node --import=tsx bench/metrics-cost.ts [pairs] [rate]`. First the work of the main thread for each second, then runs with
 * `--metrics-listen` and `--otlp`, a scrape and a request a second, in turns with runs without.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import {
  BUCKETS,
  LatencyHistogram,
  STATS,
  STAT_COUNT,
  STAT_MAX,
  STAT_MIN,
  STAT_SUM,
  lowestAt,
} from '../src/count/histogram.ts';
import { CLOCKS, type ClientResult, type IntervalResult } from '../src/document/client.ts';
import { exposition } from '../src/run/metrics/exposition.ts';
import { otlpRequest } from '../src/run/metrics/otlp-request.ts';
import { RunMetrics } from '../src/run/metrics/run-metrics.ts';

const PAIRS = Number(process.argv[2] ?? 5);
const RATE = process.argv[3] ?? '10000';
const TURNS = 300;
const METRICS_PORT = 9464;
const SERVER_PORT = 2345;
const CONNGEN = path.join(import.meta.dirname, '../bin/conngen.js');

/** Values from 50 µs to 50 ms, in every bucket between: more than a second of most runs has. */
function wideHistogram(): LatencyHistogram {
  const counts = new Uint32Array(BUCKETS);
  const stats = new Float64Array(STATS);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const ns = lowestAt(bucket);
    if (ns < 50_000 || ns > 50e6) continue;
    counts[bucket] = 1;
    stats[STAT_COUNT]! += 1;
    stats[STAT_SUM]! += ns;
    if (stats[STAT_COUNT] === 1) stats[STAT_MIN] = ns;
    stats[STAT_MAX] = ns;
  }
  const histogram = new LatencyHistogram();
  histogram.add(counts, stats);
  return histogram;
}

function usecEach(work: () => unknown): string {
  for (let turn = 0; turn < 20; turn++) work();
  const start = process.cpuUsage();
  for (let turn = 0; turn < TURNS; turn++) work();
  const { user, system } = process.cpuUsage(start);
  return `${((user + system) / TURNS).toFixed(0)} µs`;
}

function benchWork(): void {
  const metrics = new RunMetrics();
  const startedAt = new Date();
  metrics.on({
    ...{ type: 'run-started', command: 'client', startedAt, target: 'x', engine: 'uring', notes: [], rounds: 1 },
  });
  const latency = Object.fromEntries(CLOCKS.map((clock) => [clock, wideHistogram()]));
  const counts = {
    ...{ start_sec: 0, length_sec: 1, scheduled: 1, started: 1, missed: 0, established: 1, ok: 1, failed: 0 },
    ...{ in_flight: 0, held: 0, bytes: { sent: 0, received: 0 } },
  } as unknown as IntervalResult;
  const second = { type: 'second', of: 'connections', round: 0, second: 0, warmup: false, startNs: 0 } as const;
  const add = (): void => metrics.on({ ...second, counts, latency });
  add();
  const families = metrics.families();
  const otlp = (): string =>
    JSON.stringify(otlpRequest({ families, resource: {}, startMs: startedAt.getTime(), nowMs: Date.now() }));
  const text = exposition(families, 'prometheus');
  process.stdout.write(
    `a second's counts        ${usecEach(add)}\n` +
      `the text of a scrape     ${usecEach(() => exposition(families, 'prometheus'))}, ${text.length} bytes\n` +
      `the request of OTLP      ${usecEach(otlp)}, ${otlp().length} bytes\n`,
  );
}

/** Runs a client; returns its only round. */
async function round(args: readonly string[]): Promise<ClientResult['rounds'][number]> {
  const load = ['client', `127.0.0.1:${SERVER_PORT}`, '--rate', RATE, '--duration', '4s', '--warmup', '1s'];
  const child = spawn(process.execPath, [CONNGEN, ...load, '--payload-size', '64', '--json', '-', '--quiet', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  return (JSON.parse(text) as ClientResult).rounds[0]!;
}

async function benchRuns(): Promise<void> {
  let requests = 0;
  const collector = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as { port: number };
  let scrapes = 0;
  const scraper = setInterval(() => {
    fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`).then(
      async (response) => {
        await response.text();
        scrapes += 1;
      },
      () => undefined,
    );
  }, 1000);
  const server = spawn(process.execPath, [CONNGEN, 'server', '--port', String(SERVER_PORT), '--listeners', '1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(server.stdout, 'data');
  const both = ['--metrics-listen', `:${METRICS_PORT}`, '--otlp', `http://127.0.0.1:${port}`];
  process.stdout.write('pair         rate/s   lag p50   lag p99   CPU/connection   missed\n');
  for (let pair = 0; pair < PAIRS; pair++) {
    const order = pair % 2 === 0 ? [[], both] : [both, []];
    for (const args of order) {
      const { rate_per_sec: rate, latency_ns: latency, cpu, attempts } = await round(args);
      const { p50, p99 } = latency.schedule_lag;
      const cells = [
        `${pair + 1} ${args.length === 0 ? 'without' : 'with   '}`.padEnd(10),
        rate.completed.toFixed(0).padStart(9),
        `${(p50 / 1e3).toFixed(0)} µs`.padStart(9),
        `${(p99 / 1e3).toFixed(0)} µs`.padStart(9),
        `${cpu.usec_per_connection.toFixed(1)} µs`.padStart(16),
        String(attempts.missed).padStart(8),
      ];
      process.stdout.write(`${cells.join(' ')}\n`);
    }
  }
  process.stdout.write(`${scrapes} scrapes, ${requests} requests of OTLP\n`);
  clearInterval(scraper);
  server.kill();
  collector.closeAllConnections();
  collector.close();
}

benchWork();
if (PAIRS > 0) await benchRuns();
