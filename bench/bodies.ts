/** Response bodies: GiB/s of each sink beside a C program that reads the same responses and drops them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ClientResult } from '../src/document/client.ts';
import { conngen, run, startServer } from './process.ts';
import { spreadOf } from './statistics.ts';
import type { Spread } from './statistics.ts';

const BODY_BYTES = 8 * 1024 * 1024;
const IN_FLIGHT = 16;
const GIB = 2 ** 30;

interface Reader {
  readonly name: string;
  /** Bytes per second and the CPU time of a response in µs. */
  measure(port: number, seconds: number): Promise<Reading>;
}

interface Reading {
  readonly bytesPerSec: number;
  readonly usecPerResponse: number;
}

function referenceReader(directory: string, how: 'copy' | 'trunc'): Reader {
  return {
    name: `C, ${how}`,
    async measure(port, seconds) {
      const args = [port, IN_FLIGHT, seconds].map(String);
      const { stdout } = await run([path.join(directory, 'body_reader'), ...args, how], seconds + 20);
      const figure = JSON.parse(stdout) as { bytes_per_sec: number; usec_per_connection: number };
      return { bytesPerSec: figure.bytes_per_sec, usecPerResponse: figure.usec_per_connection };
    },
  };
}

function sinkReader(engine: string, sink: string, directory: string): Reader {
  const value = sink === 'file' ? `file:${directory}` : sink;
  return {
    name: `conngen ${engine}, --sink ${sink}`,
    async measure(port, seconds) {
      const load = [
        '--rate',
        'max',
        '--max-in-flight',
        String(IN_FLIGHT),
        '--duration',
        `${seconds}s`,
        '--warmup',
        '2s',
      ];
      const how = ['--finish', 'eof', '--workers', '1', '--engine', engine, '--sink', value, '--quiet', '--json', '-'];
      const { stdout, stderr } = await run(conngen('client', `127.0.0.1:${port}`, ...load, ...how), seconds + 30);
      if (stdout === '') throw new Error(stderr);
      const round = (JSON.parse(stdout) as ClientResult).rounds[0]!;
      return { bytesPerSec: bytesInTime(round), usecPerResponse: round.cpu.usec_per_connection };
    },
  };
}

/** Of the seconds that the round was to last: what comes while it drains is not of them. */
function bytesInTime({ intervals, duration_sec: durationSec }: ClientResult['rounds'][0]): number {
  const counted = intervals.filter(({ start_sec: start }) => start < durationSec);
  const bytes = counted.reduce((sum, interval) => sum + interval.bytes.received, 0);
  return bytes / counted.reduce((sum, interval) => sum + interval.length_sec, 0);
}

export interface BodyRow {
  readonly name: string;
  readonly 'GiB/s': string;
  readonly reference: string;
  readonly 'reference GiB/s': string;
  readonly ratio: string;
  readonly 'µs each': number;
}

export interface BodyOptions {
  readonly reference: string;
  readonly engine: string;
  readonly pairs: number;
  readonly seconds: number;
}

/** Sinks against the C reader in turn, on one server. `null` meets a reader that has the bytes dropped by the kernel too. */
export async function measureBodies({ reference, engine, pairs, seconds }: BodyOptions): Promise<BodyRow[]> {
  const directory = mkdtempSync(path.join(tmpdir(), 'conngen-bodies-'));
  const response = path.join(directory, 'response');
  writeFileSync(response, Buffer.alloc(BODY_BYTES, 'conngen'));
  const arguments_ = ['--listeners', '1', '--response', response, '--respond-on', 'accept'];
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), ...arguments_),
  );
  try {
    const rows: BodyRow[] = [];
    for (const sink of ['null', 'memory', 'gather', 'file']) {
      const first = referenceReader(reference, sink === 'null' ? 'trunc' : 'copy');
      rows.push(await compare(first, sinkReader(engine, sink, directory), server.port, pairs, seconds));
    }
    return rows;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

async function compare(first: Reader, second: Reader, port: number, pairs: number, seconds: number): Promise<BodyRow> {
  const references: Reading[] = [];
  const readings: Reading[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    references.push(await first.measure(port, seconds));
    readings.push(await second.measure(port, seconds));
  }
  const rates = (each: readonly Reading[]): Spread => spreadOf(each.map(({ bytesPerSec }) => bytesPerSec / GIB));
  return {
    name: second.name,
    'GiB/s': text(rates(readings)),
    reference: first.name,
    'reference GiB/s': text(rates(references)),
    ratio: text(spreadOf(readings.map(({ bytesPerSec }, i) => bytesPerSec / references[i]!.bytesPerSec))),
    'µs each': spreadOf(readings.map(({ usecPerResponse }) => usecPerResponse)).median,
  };
}

function text({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
