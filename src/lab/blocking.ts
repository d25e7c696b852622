/** `lab blocking`: what work on each connection costs beside a loop, by where it is done. */
import { SOCKET_ENGINE_NAMES, engineHas, type EngineName } from '../plan/engines.ts';
import { selectEngine } from '../engine/registry.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoundResult } from '../document/client.ts';
import type { ServerResult } from '../document/server.ts';
import { NS_PER_MS, NS_PER_SEC } from '../units/quantity.ts';
import { besideServer } from './children.ts';
import { refusedEngines } from './engines.ts';
import type { CellContext, Lab } from './lab.ts';
import { BLOCKING_LAB } from '../document/labs.ts';
import type { Cell, CellMeasurement } from '../document/lab-description.ts';
import { elapsedSec, failures, meanOf, sampledRounds, startsSec, sumOf } from './rounds.ts';
import { deviationPercent } from '../units/statistics.ts';

const SAMPLE_NS = 100 * NS_PER_MS;
const MESSAGE_BYTES = 64;

/** What a connection costs: nothing; 300 integers shuffled and sorted; sleeps of 1 to 49 µs, the short ones more often. */
const WORK: Readonly<Record<string, string>> = { none: 'none', cpu: 'cpu:300', sleep: 'sleep:1us-49us' };

/** Each has four threads: four loops, or two loops and two threads that do their work. `pool` uses the threads of libuv. */
const STRATEGIES: Readonly<Record<string, readonly string[]>> = {
  direct: ['--work-strategy', 'direct', '--listeners', '4'],
  permit: ['--work-strategy', 'permit:2', '--listeners', '4'],
  dispatch: ['--work-strategy', 'dispatch:2,queue=64', '--listeners', '2'],
  pool: ['--work-strategy', 'pool', '--listeners', '4'],
};

export const BLOCKING: Lab = {
  ...BLOCKING_LAB,
  times: {
    full: { settleNs: NS_PER_SEC, warmupNs: 2 * NS_PER_SEC, durationNs: 5 * NS_PER_SEC },
    quick: { settleNs: 100 * NS_PER_MS, warmupNs: 700 * NS_PER_MS, durationNs: NS_PER_SEC },
  },
  overheadSec: 1.5,
  axes: (quick) => [
    { name: 'engine', values: quick ? ['uring', 'node'] : SOCKET_ENGINE_NAMES },
    { name: 'work', values: Object.keys(WORK) },
    { name: 'strategy', values: Object.keys(STRATEGIES) },
    { name: 'batch', label: 'concurrent connections', values: quick ? [100] : [100, 200] },
  ],
  // The other engines never return to the event loop through which the runtime's own pool answers.
  isWanted: ({ engine, strategy }) => strategy !== 'pool' || engineHas(engine, 'turnsEventLoop'),
  refusals: (cells) => refusedEngines(cells, (engine) => selectEngine(engine as EngineName)),
  measure,
};

async function measure({ axes }: Cell, context: CellContext): Promise<CellMeasurement> {
  const directory = await mkdtemp(join(tmpdir(), 'conngen-lab-'));
  const response = join(directory, 'response');
  try {
    await writeFile(response, Buffer.alloc(MESSAGE_BYTES, 'conngen'));
    const batch = Number(axes['batch']);
    const { measured, served } = await besideServer(context, serverArguments(axes, response), (port) =>
      sampledRounds(context, {
        port,
        inFlight: batch,
        sampleNs: SAMPLE_NS,
        // The server closes first: so many connections a second would soon have used up the client's ports.
        exchange: ['--finish', 'eof', '--payload-size', String(MESSAGE_BYTES), '--workers', '1'],
      }),
    );
    return summaryOf(batch, measured, served);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function serverArguments(axes: Cell['axes'], response: string): string[] {
  return [
    ...['--engine', String(axes['engine']), '--work', WORK[String(axes['work'])]!],
    ...STRATEGIES[String(axes['strategy'])]!,
    ...['--response', response, '--respond-on', 'data'],
  ];
}

function summaryOf(batch: number, rounds: readonly RoundResult[], served: ServerResult | null): CellMeasurement {
  const useful = rounds.filter(({ outcomes }) => outcomes.ok > 0);
  const samples = useful.map((round) => (batch * NS_PER_SEC * elapsedSec(round)) / round.outcomes.ok);
  const work = served?.work;
  return {
    samples,
    atSec: startsSec(useful),
    figures: {
      connections_per_sec: sumOf(useful, ({ outcomes }) => outcomes.ok) / sumOf(useful, elapsedSec),
      deviation_percent: deviationPercent(samples),
      total_p50_ns: meanOf(useful, ({ latency_ns: { total } }) => total.p50),
      total_p99_ns: meanOf(useful, ({ latency_ns: { total } }) => total.p99),
      server_cpu_usec: served?.cpu.usec_per_connection ?? null,
      waited: work?.waited ?? null,
      queue_full: work?.queue_full ?? null,
      caller_runs: work?.caller_runs ?? null,
      failures: sumOf(rounds, failures),
    },
  };
}
