/**
 * What the live view costs: `node --import=tsx bench/live-view-cost.ts [PAIRS] [RATE] [SECONDS]`. Runs of `--ui none` and `--ui tui` in turns,
 * in a terminal of 120 × 40 (tmux), against a server on loopback. The pacing must be the same; the main thread may take what drawing takes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServerChild } from '../src/runtime/server-child.ts';
import { launchOf } from '../src/runtime/launch.ts';
import type { ClientResult } from '../src/document/client.ts';
import { formatLatency } from '../src/units/format.ts';

const [pairs = 5, ratePerSec = 10_000, seconds = 10] = process.argv.slice(2).map(Number);
const ROOT = path.join(import.meta.dirname, '..');
const UIS = ['none', 'tui'] as const;
type Ui = (typeof UIS)[number];

interface Cost {
  readonly lagP50Ns: number;
  readonly lagP99Ns: number;
  readonly missed: number;
  readonly mainMs: number;
}

const directory = mkdtempSync(path.join(tmpdir(), 'conngen-live-'));
const socket = `conngen-bench-${process.pid}`;
const tmux = (...args: readonly string[]): string =>
  execFileSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' });

// What the main thread has used when the process ends (schedstat of proc(5)).
const hook = path.join(directory, 'main-thread.mjs');
writeFileSync(
  hook,
  `import { isMainThread } from 'node:worker_threads';
import { readFileSync, writeFileSync } from 'node:fs';
if (isMainThread) process.on('exit', () => {
  writeFileSync(process.env.MAIN_THREAD, readFileSync('/proc/self/task/' + process.pid + '/schedstat'));
});`,
);

function run(port: number, ui: Ui): Cost {
  const json = path.join(directory, 'result.json');
  const times = path.join(directory, 'schedstat');
  const client = `client 127.0.0.1:${port} --rate ${ratePerSec} --duration ${seconds}s --warmup 2s --ui ${ui} --json ${json}`;
  const command = `${process.execPath} --import=${hook} ${path.join(ROOT, 'bin/conngen.js')} ${client}`;
  const setting = ['env', '-u', 'CI', 'LC_ALL=C.UTF-8', `MAIN_THREAD=${times}`];
  tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-x',
    '120',
    '-y',
    '40',
    ...setting,
    'sh',
    '-c',
    `${command}; tmux wait-for -S over`,
  );
  tmux('wait-for', 'over');
  const { rounds } = JSON.parse(readFileSync(json, 'utf8')) as ClientResult;
  const { latency_ns: latency, attempts } = rounds[0]!;
  const [runNs] = readFileSync(times, 'utf8').split(' ').map(Number);
  return {
    lagP50Ns: latency.schedule_lag.p50,
    lagP99Ns: latency.schedule_lag.p99,
    missed: attempts.missed,
    mainMs: runNs! / 1e6,
  };
}

function spread(values: readonly number[], format: (value: number) => string): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${format(sorted[Math.floor(sorted.length / 2)]!)} (${format(sorted[0]!)} to ${format(sorted.at(-1)!)})`;
}

const server = await ServerChild.start(['--listeners', '1'], {
  launch: launchOf(process.env),
  stop: new AbortController().signal,
  stderr: 'show',
  isDetached: true,
});
const costs: Record<Ui, Cost[]> = { none: [], tui: [] };
try {
  for (let pair = 0; pair < pairs; pair++) {
    for (const ui of pair % 2 === 0 ? UIS : UIS.toReversed()) costs[ui].push(run(server.port, ui));
  }
  process.stdout.write(`${pairs} pairs at ${ratePerSec}/s for ${seconds} s; median (lowest to highest)\n`);
  for (const ui of UIS) {
    const of = (figure: keyof Cost): number[] => costs[ui].map((cost) => cost[figure]);
    process.stdout.write(
      `--ui ${ui}: lag p50 ${spread(of('lagP50Ns'), formatLatency)}, p99 ${spread(of('lagP99Ns'), formatLatency)}, ` +
        `missed ${of('missed').reduce((sum, count) => sum + count, 0)}, ` +
        `main thread ${spread(of('mainMs'), (ms) => `${ms.toFixed(0)} ms`)}\n`,
    );
  }
} finally {
  await server.end();
  spawnSync('tmux', ['-L', socket, 'kill-server']);
  rmSync(directory, { recursive: true });
}
