/** A fleet on this machine: three real agents beside one client alone, and many simulated ones through a real nats-server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientResult, RoundResult } from '../../src/document/client.ts';
import { startNats, type NatsServer } from '../../test/support/nats.ts';
import { freePort } from '../../test/support/ports.ts';
import { Arrivals } from '../arrivals.ts';
import { conngen, cpuUsecOf, run, startServer, type RunningServer } from '../process.ts';
import { indexOfDispersion } from '../statistics.ts';

const NAMES = ['a', 'b', 'c'];
const BIN_MS = 10;
/** What is measured of a run begins this long after its first connection, and ends this long before its end. */
const EDGE_SEC = 1;
const POLL_MS = 20;

/** Of processes in a part of a run, in per cent of one core. */
interface Shares {
  readonly controllerPercent: number;
  readonly natsPercent: number;
  /** All agents together. */
  readonly agentsPercent: number;
}

/** What nats-server carried in a second, in both directions. */
interface Traffic {
  readonly messagesInPerSec: number;
  readonly messagesOutPerSec: number;
  readonly kibInPerSec: number;
  readonly kibOutPerSec: number;
}

interface Reading {
  readonly atMs: number;
  readonly controllerUsec: number;
  readonly natsUsec: number;
  readonly agentsUsec: number;
  readonly varz: { in_msgs: number; out_msgs: number; in_bytes: number; out_bytes: number };
}

class Watched {
  readonly nats: NatsServer;
  readonly #monitor: number;

  static async start(): Promise<Watched> {
    const monitor = await freePort();
    return new Watched(await startNats({ config: `http: "127.0.0.1:${monitor}"` }), monitor);
  }

  constructor(nats: NatsServer, monitor: number) {
    this.nats = nats;
    this.#monitor = monitor;
  }

  async read(controller: number, agents: readonly number[]): Promise<Reading> {
    const answer = await fetch(`http://127.0.0.1:${this.#monitor}/varz`);
    const varz = (await answer.json()) as Reading['varz'];
    return {
      atMs: performance.now(),
      controllerUsec: cpuUsecOf(controller),
      natsUsec: cpuUsecOf(this.nats.pid),
      agentsUsec: agents.reduce((sum, pid) => sum + cpuUsecOf(pid), 0),
      varz,
    };
  }
}

function sharesOf(from: Reading, to: Reading): Shares {
  const percent = (usec: number): number => usec / 10 / (to.atMs - from.atMs);
  return {
    controllerPercent: percent(to.controllerUsec - from.controllerUsec),
    natsPercent: percent(to.natsUsec - from.natsUsec),
    agentsPercent: percent(to.agentsUsec - from.agentsUsec),
  };
}

function trafficOf(from: Reading, to: Reading): Traffic {
  const perSec = (name: keyof Reading['varz']): number =>
    ((to.varz[name] - from.varz[name]) / (to.atMs - from.atMs)) * 1000;
  return {
    messagesInPerSec: perSec('in_msgs'),
    messagesOutPerSec: perSec('out_msgs'),
    kibInPerSec: perSec('in_bytes') / 1024,
    kibOutPerSec: perSec('out_bytes') / 1024,
  };
}

interface Controller {
  readonly pid: number;
  readonly ended: Promise<ClientResult>;
}

function startController(target: string, url: string, args: readonly string[]): Controller {
  const [command, ...words] = conngen('client', target, '--fleet', url, ...args, '--quiet', '--json', '-');
  const child = spawn(command!, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(() => {
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as ClientResult;
  });
  return { pid: child.pid!, ended };
}

function stopAll(children: readonly ChildProcess[]): void {
  for (const child of children) child.kill('SIGKILL');
}

/** How many starts fell into each 10 ms, without the edges. 0 is a perfect clock, 1 is chance. */
function dispersionPerBin(timesMs: readonly number[], fromMs: number, seconds: number): number {
  const counts = new Array<number>((seconds * 1000) / BIN_MS).fill(0);
  for (const timeMs of timesMs) {
    const bin = Math.floor((timeMs - fromMs) / BIN_MS);
    if (bin >= 0 && bin < counts.length) counts[bin]! += 1;
  }
  return indexOfDispersion(counts);
}

export interface ThreeRow {
  readonly name: string;
  readonly ratePerSec: number;
  readonly started: number;
  readonly missed: number;
  /** Null for an agent: it tells the p99. */
  readonly lagP50Usec: number | null;
  readonly lagP99Usec: number;
  readonly dispersionPer10Ms: number | null;
  readonly verdict: string;
}

function rowOf(
  name: string,
  round: RoundResult,
  timesMs: readonly number[],
  skipped: number,
  seconds: number,
): ThreeRow {
  const first = timesMs[skipped] ?? 0;
  const { schedule_lag: lag } = round.latency_ns;
  return {
    name,
    ratePerSec: round.offered_rate_per_sec ?? 0,
    started: round.attempts.started,
    missed: round.attempts.missed,
    lagP50Usec: lag.p50 / 1e3,
    lagP99Usec: lag.p99 / 1e3,
    dispersionPer10Ms: dispersionPerBin(timesMs, first + (1 + EDGE_SEC) * 1000, seconds - 2 * EDGE_SEC),
    verdict: round.verdict.status,
  };
}

function loadOf(ratePerSec: number, seconds: number): string[] {
  const load = ['--rate', String(ratePerSec), '--duration', `${seconds}s`, '--warmup', '1s'];
  return [...load, '--payload-size', '64', '--finish', 'echo'];
}

async function aloneRow(server: RunningServer, ratePerSec: number, seconds: number): Promise<ThreeRow> {
  const arrivals = new Arrivals(server.port, ratePerSec * (seconds + 3));
  try {
    const command = conngen(
      'client',
      `127.0.0.1:${server.port}`,
      ...loadOf(ratePerSec, seconds),
      '--quiet',
      '--json',
      '-',
    );
    const { stdout, stderr } = await run(command, seconds + 60);
    if (stdout === '') throw new Error(stderr);
    const round = (JSON.parse(stdout) as ClientResult).rounds[0]!;
    return rowOf('alone', round, arrivals.epochMs(), 0, seconds);
  } finally {
    arrivals.close();
  }
}

export interface ThreeFigures {
  readonly rows: readonly ThreeRow[];
  readonly fleet: Shares & Traffic & { readonly startToT0Sec: number; readonly errorUsec: number };
}

/** Three agents at a rate, beside one client alone at the whole rate and at a third of it. */
export async function measureThreeAgents(ratePerSec: number, seconds: number): Promise<ThreeFigures> {
  const watched = await Watched.start();
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  const agents = NAMES.map((name) => {
    const args = ['--fleet', watched.nats.url, '--name', name, '--allow-target', '127.0.0.0/8'];
    const [command, ...words] = conngen('agent', ...args);
    return spawn(command!, words, { stdio: 'ignore' });
  });
  try {
    const rows = [await aloneRow(server, ratePerSec / 3, seconds), await aloneRow(server, ratePerSec, seconds)];
    const pids = agents.map(({ pid }) => pid!);
    const arrivals = new Arrivals(server.port, ratePerSec * (seconds + 3));
    try {
      const spawnedMs = Date.now();
      const args = ['--agents', NAMES.join(','), ...loadOf(ratePerSec, seconds)];
      const controller = startController(`127.0.0.1:${server.port}`, watched.nats.url, args);
      // One connection of each agent comes before the run.
      while (arrivals.epochMs().length <= NAMES.length) await Promise.race([sleep(POLL_MS), controller.ended]);
      const startToT0Sec = (arrivals.epochMs()[NAMES.length]! - spawnedMs) / 1000;
      await sleep((1 + EDGE_SEC) * 1000);
      const from = await watched.read(controller.pid, pids);
      await sleep((seconds - 2 * EDGE_SEC) * 1000);
      const to = await watched.read(controller.pid, pids);
      const round = (await controller.ended).rounds[0]!;
      rows.push(rowOf('three agents', round, arrivals.epochMs(), NAMES.length, seconds));
      for (const agent of round.agents ?? []) {
        const { name, share, started, missed, lag_p99_ns: lagP99Ns, verdict } = agent;
        const own = { name: `agent ${name}`, ratePerSec: ratePerSec * share, started, missed, lagP50Usec: null };
        rows.push({ ...own, lagP99Usec: lagP99Ns / 1e3, dispersionPer10Ms: null, verdict: verdict?.status ?? '' });
      }
      const errorUsec = Math.max(...(round.agents ?? []).map(({ clock_error_ns: errorNs }) => (errorNs ?? 0) / 1e3));
      return { rows, fleet: { startToT0Sec, errorUsec, ...sharesOf(from, to), ...trafficOf(from, to) } };
    } finally {
      arrivals.close();
    }
  } finally {
    stopAll(agents);
    await server.stop();
    await watched.nats.stop();
  }
}

export interface ScaleRow extends Shares, Traffic {
  readonly agents: number;
  readonly ratePerAgent: number;
  readonly startToT0Sec: number;
  /** Resident memory near the end of the run. */
  readonly controllerMib: number;
  readonly natsMib: number;
  readonly verdict: string;
  readonly started: number;
}

/** A real run whose seconds the simulated agents report. */
async function recordedRun(directory: string, ratePerSec: number): Promise<string> {
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  try {
    const load = ['--rate', String(ratePerSec), '--duration', '6s', '--payload-size', '64', '--finish', 'echo'];
    const command = conngen('client', `127.0.0.1:${server.port}`, ...load, '--histograms', '--quiet', '--json', '-');
    const { stdout, stderr } = await run(command, 60);
    if (stdout === '') throw new Error(stderr);
    const file = path.join(directory, `at-${ratePerSec}.json`);
    writeFileSync(file, stdout);
    return file;
  } finally {
    await server.stop();
  }
}

interface Simulators {
  readonly children: readonly ChildProcess[];
  /** Resolves with the base of the next round, in ns of CLOCK_MONOTONIC. */
  readonly begun: () => Promise<bigint>;
}

const AGENTS_PER_PROCESS = 250;

async function startSimulated(url: string, agents: number, file: string): Promise<Simulators> {
  const program = path.join(import.meta.dirname, 'simulated-agents.ts');
  const children: ChildProcess[] = [];
  let onBegin: (baseNs: bigint) => void = () => undefined;
  for (let first = 0; first < agents; first += AGENTS_PER_PROCESS) {
    const count = Math.min(AGENTS_PER_PROCESS, agents - first);
    const args = ['--import=tsx', program, url, String(first), String(count), file];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the simulated agents ended early (exit code ${String(code)})`)));
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else if (line.startsWith('begin ')) onBegin(BigInt(line.slice('begin '.length)));
      });
    });
    await ready;
  }
  return { children, begun: () => new Promise((resolve) => (onBegin = resolve)) };
}

/** Many simulated agents in one run. */
export async function measureSimulated(agents: number, ratePerAgent: number, seconds: number): Promise<ScaleRow> {
  const directory = mkdtempSync(path.join(tmpdir(), 'conngen-fleet-'));
  const watched = await Watched.start();
  let children: readonly ChildProcess[] = [];
  try {
    const simulated = await startSimulated(watched.nats.url, agents, await recordedRun(directory, ratePerAgent));
    children = simulated.children;
    const pids = children.map(({ pid }) => pid!);
    const begun = simulated.begun();
    const spawnedNs = process.hrtime.bigint();
    const load = ['--rate', String(agents * ratePerAgent), '--duration', `${seconds}s`];
    const controller = startController('127.0.0.1:9', watched.nats.url, ['--agents', String(agents), ...load]);
    const early = controller.ended.then(({ error }) => {
      throw new Error(`the controller ended early: ${error?.message ?? ''}`);
    });
    early.catch(() => undefined);
    const baseNs = await Promise.race([begun, early]);
    await sleep(Number(baseNs - process.hrtime.bigint()) / 1e6 + EDGE_SEC * 1000);
    const from = await watched.read(controller.pid, pids);
    await sleep((seconds - 2 * EDGE_SEC) * 1000);
    const to = await watched.read(controller.pid, pids);
    const [controllerMib, natsMib] = [controller.pid, watched.nats.pid].map(residentMib) as [number, number];
    const round = (await controller.ended).rounds[0]!;
    const startToT0Sec = Number(baseNs - spawnedNs) / 1e9;
    const result = { started: round.attempts.started, verdict: round.verdict.reasons[0]?.code ?? round.verdict.status };
    const measured = { ...sharesOf(from, to), ...trafficOf(from, to) };
    return { agents, ratePerAgent, startToT0Sec, ...measured, controllerMib, natsMib, ...result };
  } finally {
    stopAll(children);
    await watched.nats.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a process has in memory (proc(5), status). */
function residentMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib ?? 0) / 1024;
}
