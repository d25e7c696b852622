/** `lab bodies`: responses of 8 MiB, by where they are kept and where that is done. */
import { SOCKET_ENGINE_NAMES, engineHas, type EngineName } from '../plan/engines.ts';
import { selectEngine } from '../engine/registry.ts';
import { access, constants, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoundResult } from '../document/client.ts';
import type { WorkResult } from '../document/common.ts';
import { formatBytes } from '../units/format.ts';
import { NS_PER_MS, NS_PER_SEC } from '../units/quantity.ts';
import { besideServer } from './children.ts';
import { refusedEngines } from './engines.ts';
import type { CellContext, Lab, Refusal } from './lab.ts';
import { BODIES_LAB } from '../document/labs.ts';
import type { Cell, CellMeasurement } from '../document/lab-description.ts';
import { elapsedSec, failures, meanOf, sampledRounds, startsSec, sumOf } from './rounds.ts';
import { deviationPercent } from '../units/statistics.ts';

const RESPONSE_BYTES = 8 * 1024 * 1024;
const IN_FLIGHT = 16;
const SAMPLE_NS = 250 * NS_PER_MS;
const WORKERS = 2;

/** A file system in memory, as most Linux systems have it. */
const TMPFS = '/dev/shm';
/** statfs(2). */
const TMPFS_MAGIC = 0x01021994;
/** What all responses together may take there, with one of each worker that is being written. */
const TMPFS_BYTES = (IN_FLIGHT + 2 * WORKERS) * RESPONSE_BYTES;

const SINKS = ['null', 'memory', 'gather', 'file', 'tmpfs'];
const STRATEGIES: Readonly<Record<string, string>> = {
  direct: 'direct',
  permit: 'permit:1',
  dispatch: 'dispatch:2,queue=16',
  pool: 'pool',
};

const isFile = (sink: unknown): boolean => sink === 'file' || sink === 'tmpfs';

export const BODIES: Lab = {
  ...BODIES_LAB,
  times: {
    full: { settleNs: NS_PER_SEC, warmupNs: 2 * NS_PER_SEC, durationNs: 5 * NS_PER_SEC },
    quick: { settleNs: 100 * NS_PER_MS, warmupNs: 500 * NS_PER_MS, durationNs: 1500 * NS_PER_MS },
  },
  overheadSec: 1.5,
  axes: (quick) => [
    { name: 'engine', values: quick ? ['uring', 'node'] : SOCKET_ENGINE_NAMES },
    { name: 'sink', values: SINKS },
    { name: 'strategy', values: quick ? ['direct', 'dispatch', 'pool'] : Object.keys(STRATEGIES) },
  ],
  // Where nothing is kept nothing is done; the runtime's own threads only write files, and answer one engine only.
  isWanted: ({ engine, sink, strategy }) =>
    strategy === 'direct' ||
    (strategy === 'pool' ? engineHas(engine, 'turnsEventLoop') && isFile(sink) : sink !== 'null'),
  refusals: async (cells) => [
    ...(await refusedEngines(cells, (engine) => selectEngine(engine as EngineName))),
    ...(await refusedTmpfs(cells)),
  ],
  measure,
};

async function refusedTmpfs(cells: readonly Cell[]): Promise<Refusal[]> {
  const there = cells.filter(({ axes }) => axes['sink'] === 'tmpfs');
  const expected = there.length === 0 ? null : await whyNoTmpfs();
  return expected === null ? [] : there.map(({ name }) => ({ cell: name, expected }));
}

async function whyNoTmpfs(): Promise<string | null> {
  try {
    await access(TMPFS, constants.W_OK | constants.X_OK);
    const { type, bavail, bsize } = await statfs(TMPFS);
    if (type !== TMPFS_MAGIC) return `a tmpfs at ${TMPFS}`;
    const free = bavail * bsize;
    return free >= TMPFS_BYTES
      ? null
      : `${formatBytes(TMPFS_BYTES)} free in ${TMPFS}, where there are ${formatBytes(free)}`;
  } catch (error) {
    return `a tmpfs at ${TMPFS} that may be written to (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function measure({ axes }: Cell, context: CellContext): Promise<CellMeasurement> {
  const directory = await mkdtemp(join(tmpdir(), 'conngen-lab-'));
  try {
    const response = join(directory, 'response');
    await writeFile(response, Buffer.alloc(RESPONSE_BYTES, 'conngen'));
    const { measured } = await besideServer(
      context,
      ['--listeners', '1', '--response', response, '--respond-on', 'accept'],
      (port) =>
        sampledRounds(context, {
          port,
          inFlight: IN_FLIGHT,
          sampleNs: SAMPLE_NS,
          exchange: exchangeOf(axes, directory, response),
        }),
    );
    return summaryOf(measured);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function exchangeOf(axes: Cell['axes'], directory: string, response: string): string[] {
  const sink = String(axes['sink']);
  const place = sink === 'tmpfs' ? TMPFS : directory;
  return [
    ...['--engine', String(axes['engine']), '--workers', String(WORKERS), '--finish', 'eof', '--verify', response],
    ...['--sink', isFile(sink) ? `file:${place}` : sink, '--sink-strategy', STRATEGIES[String(axes['strategy'])]!],
  ];
}

function summaryOf(rounds: readonly RoundResult[]): CellMeasurement {
  const useful = rounds.filter(({ outcomes }) => outcomes.ok > 0);
  const samples = useful.map((round) => (round.outcomes.ok * RESPONSE_BYTES) / elapsedSec(round));
  const work = (count: (work: WorkResult) => number): number | null =>
    useful.some((round) => round.sink_work === undefined) ? null : sumOf(useful, (round) => count(round.sink_work!));
  const responses = sumOf(useful, ({ outcomes }) => outcomes.ok);
  return {
    samples,
    atSec: startsSec(useful),
    figures: {
      responses,
      deviation_percent: deviationPercent(samples),
      total_p50_ns: meanOf(useful, ({ latency_ns: { total } }) => total.p50),
      total_p99_ns: meanOf(useful, ({ latency_ns: { total } }) => total.p99),
      cpu_usec: sumOf(useful, ({ cpu }) => cpu.user_usec + cpu.system_usec) / responses,
      waited: work(({ waited }) => waited),
      queue_full: work(({ queue_full: count }) => count),
      caller_runs: work(({ caller_runs: count }) => count),
      failures: sumOf(rounds, failures),
    },
  };
}
