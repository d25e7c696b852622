/** How conngen keeps a schedule: lag, misses and failures at a rate, and how evenly a server sees the connections come. */
import path from 'node:path';
import type { ClientResult, RoundResult } from '../src/document/client.ts';
import { Arrivals } from './arrivals.ts';
import { conngen, run, startServer } from './process.ts';
import { indexOfDispersion } from './statistics.ts';

export interface PacingRow {
  readonly ratePerSec: number;
  readonly startedShare: number;
  readonly missed: number;
  readonly failed: number;
  readonly lagP50Usec: number;
  readonly lagP99Usec: number;
  readonly lagP999Usec: number;
  readonly usecPerConnection: number;
  /** Share of one core. */
  readonly cpuShare: number;
}

export function oneRound(port: number, seconds: number, ...args: string[]): Promise<RoundResult> {
  return roundOf(conngen('client', `127.0.0.1:${port}`), seconds, ...args);
}

/** The round of a client, of which `command` is the begin: its target, and what stands before it. */
export async function roundOf(command: readonly string[], seconds: number, ...args: string[]): Promise<RoundResult> {
  const duration = ['--duration', `${seconds}s`];
  const { stdout, stderr } = await run([...command, ...duration, '--quiet', '--json', '-', ...args], seconds + 60);
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as ClientResult).rounds[0]!;
}

export function pacingRow(round: RoundResult): PacingRow {
  const { attempts, outcomes, latency_ns: latency, cpu } = round;
  return {
    ratePerSec: round.offered_rate_per_sec ?? round.rate_per_sec.started,
    startedShare: attempts.started / attempts.scheduled,
    missed: attempts.missed,
    failed: attempts.started - outcomes.ok,
    lagP50Usec: latency.schedule_lag.p50 / 1e3,
    lagP99Usec: latency.schedule_lag.p99 / 1e3,
    lagP999Usec: latency.schedule_lag.p99_9 / 1e3,
    usecPerConnection: cpu.usec_per_connection,
    cpuShare: (cpu.user_usec + cpu.system_usec) / 1e6 / round.duration_sec,
  };
}

export interface WakeUpFloor {
  readonly sleeperP50Usec: number;
  readonly sleeperP99Usec: number;
  readonly sleeperP999Usec: number;
}

/** How late a C program is woken that only sleeps to the same schedule: no generator can be less late on this machine. */
export async function measureWakeUps(directory: string, ratePerSec: number, seconds: number): Promise<WakeUpFloor> {
  const { stdout } = await run([path.join(directory, 'sleeper'), String(ratePerSec), String(seconds)], seconds + 20);
  const figure = JSON.parse(stdout) as { p50_usec: number; p99_usec: number; p99_9_usec: number };
  return {
    sleeperP50Usec: figure.p50_usec,
    sleeperP99Usec: figure.p99_usec,
    sleeperP999Usec: figure.p99_9_usec,
  };
}

/** What a C program that never sleeps makes of a schedule, beside no other load: what is uneven or late there is the machine's own. */
export interface MachineFloor {
  readonly loopStallsPerSec: number;
  readonly loopLongestUsec: number;
  readonly loopDispersion: number;
  readonly loopP99Usec: number;
}

export async function measureStalls(directory: string, ratePerSec: number, seconds: number): Promise<MachineFloor> {
  const { stdout } = await run([path.join(directory, 'stalls'), String(ratePerSec), String(seconds)], seconds + 20);
  const figure = JSON.parse(stdout) as { stalls: number; longest_usec: number; dispersion: number; p99_usec: number };
  return {
    loopStallsPerSec: figure.stalls / seconds,
    loopLongestUsec: figure.longest_usec,
    loopDispersion: figure.dispersion,
    loopP99Usec: figure.p99_usec,
  };
}

/** Open loop against `conngen server --listeners 1`, 64 bytes there and back. */
export async function measurePacing(ratePerSec: number, seconds: number, ...args: string[]): Promise<PacingRow> {
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  try {
    // The server compiles its hot path in the first moments of load.
    await oneRound(server.port, 2, '--rate', '2000', '--payload-size', '64', '--finish', 'echo');
    const load = ['--rate', String(ratePerSec), '--payload-size', '64', '--finish', 'echo', '--warmup', '1s'];
    return pacingRow(await oneRound(server.port, seconds, ...load, ...args));
  } finally {
    await server.stop();
  }
}

export interface EvennessRow {
  readonly name: string;
  readonly ratePerSec: number;
  readonly dispersion: number;
  readonly cpuShare: number;
}

/** How arrivals by millisecond are spread, without the first 1.5 s (1 s of warm-up) and the last half. */
export function dispersionOf(timesMs: readonly number[], seconds: number): number {
  return indexOfDispersion(countsOf(timesMs, seconds));
}

/** The same of each second: a stall of the machine is in one of them only. */
export function dispersionsOf(timesMs: readonly number[], seconds: number): number[] {
  const counts = countsOf(timesMs, seconds);
  const wholeSeconds = Math.floor(counts.length / 1000);
  return Array.from({ length: wholeSeconds }, (_, second) =>
    indexOfDispersion(counts.slice(second * 1000, (second + 1) * 1000)),
  );
}

function countsOf(timesMs: readonly number[], seconds: number): number[] {
  const counts = new Array<number>(Math.max(1, (seconds - 1) * 1000)).fill(0);
  for (const timeMs of timesMs) {
    const bin = Math.floor(timeMs - 1500);
    if (bin >= 0 && bin < counts.length) counts[bin]! += 1;
  }
  return counts;
}

/** Arrivals of SYNs at `conngen server`, by millisecond, without the first second and the last half. 0 is a perfect clock, 1 is chance. */
export async function measureEvenness(ratePerSec: number, seconds: number): Promise<EvennessRow> {
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  const arrivals = new Arrivals(server.port, (seconds + 2) * ratePerSec);
  try {
    const load = ['--rate', String(ratePerSec), '--finish', 'connect', '--warmup', '1s'];
    const round = await oneRound(server.port, seconds, ...load);
    const dispersion = dispersionOf(arrivals.timesMs(), seconds);
    return { name: 'conngen', ratePerSec, dispersion, cpuShare: pacingRow(round).cpuShare };
  } finally {
    arrivals.close();
    await server.stop();
  }
}
