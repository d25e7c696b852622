import { availableParallelism, release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNs } from '../engine/clock.ts';
import { selectEngine } from '../engine/select.ts';
import { sourceAddressTowards } from '../linux/route.ts';
import type { ClientResult, IntervalResult, RoundResult } from '../measure/result.ts';
import { RoundMerger } from '../measure/round.ts';
import { verdictOf } from '../measure/verdict.ts';
import { clientConfig } from '../plan/client-plan.ts';
import type { ClientPlan, EngineName } from '../plan/plan.ts';
import { VERSION } from '../plan/version.ts';
import { WorkerPool } from './worker-pool.ts';

/** What a caller of `runClient` is told while it runs. Nothing here is on a pacing thread. */
export interface ClientRunHooks {
  /** Once, before the first connection: the engine that was chosen and why others were passed over. */
  onStart?(info: { engine: string; workers: number; notes: readonly string[] }): void;
  onRoundStart?(round: { index: number; count: number; offeredRatePerSec: number | null }): void;
  /** Once a second; `roundIndex` counts from 0. Warm-up intervals are told too, with `warmup` true. */
  onInterval?(roundIndex: number, interval: IntervalResult, warmup: boolean): void;
  /** Something worth a line in the log. */
  onNotice?(message: string): void;
  /** When it aborts, the run starts nothing more, drains for at most 5 s and reports. */
  readonly stop?: AbortSignal;
}

/** Workers get the message of a round this long before it begins. */
const LEAD_NS = 10e6;
/** How often finished seconds are fetched from the workers. */
const COLLECT_MS = 100;

/** Runs every round of the plan and returns the result; rejects with `EngineError` where no engine can work. */
export async function runClient(plan: ClientPlan, hooks: ClientRunHooks = {}): Promise<ClientResult> {
  const { name: engine, notes } = selectEngine(plan.engine);
  const startedAt = new Date();
  const baseNs = monotonicNs();
  const sources = boundSources(plan, engine);
  const portOffset = Math.random();
  const pool = new WorkerPool(
    Array.from({ length: plan.workers }, (_, worker) => ({ plan, engine, worker, baseNs, sources, portOffset })),
  );
  try {
    await pool.ready();
    hooks.onStart?.({ engine, workers: plan.workers, notes });
    const rounds = await runRounds(plan, pool, baseNs, hooks);
    const [failure] = pool.failures;
    return {
      schema: 'conngen.client/1',
      conngen: VERSION,
      started_at: startedAt.toISOString(),
      system: {
        kernel: release(),
        node: process.version,
        cpus: availableParallelism(),
        engine,
        workers: plan.workers,
      },
      config: clientConfig(plan),
      ...(hooks.stop?.aborted === true ? { interrupted: true } : {}),
      ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
      rounds,
    };
  } finally {
    await pool.close();
  }
}

/** Ports can only be handed out for an address that is known: the given ones, or what the kernel would choose. */
function boundSources(plan: ClientPlan, engine: EngineName): readonly string[] {
  if (plan.sources.length > 0 || plan.sourcePorts.kind === 'kernel') return plan.sources;
  if (engine === 'node' && process.platform !== 'linux') return [];
  try {
    const address = sourceAddressTowards(plan.target.family, plan.target.address, plan.target.port);
    return address === undefined ? [] : [address];
  } catch {
    // Without koffi there is no way to ask; the kernel then chooses the port too.
    return [];
  }
}

async function runRounds(
  plan: ClientPlan,
  pool: WorkerPool,
  runBaseNs: bigint,
  hooks: ClientRunHooks,
): Promise<RoundResult[]> {
  const rounds: RoundResult[] = [];
  const onStop = (): void => {
    pool.stop();
  };
  hooks.stop?.addEventListener('abort', onStop);
  try {
    for (const [index, rate] of plan.rates.entries()) {
      if (hooks.stop?.aborted === true || pool.failures.length > 0) break;
      const offeredRatePerSec = rate === 'max' ? null : rate;
      hooks.onRoundStart?.({ index, count: plan.rates.length, offeredRatePerSec });
      rounds.push(await runRound(plan, pool, runBaseNs, index, offeredRatePerSec, hooks));
      if (index + 1 < plan.rates.length) await cooldown(plan.cooldownNs, hooks.stop);
    }
  } finally {
    hooks.stop?.removeEventListener('abort', onStop);
  }
  return rounds;
}

async function cooldown(cooldownNs: number, stop: AbortSignal | undefined): Promise<void> {
  await sleep(cooldownNs / 1e6, undefined, stop === undefined ? {} : { signal: stop }).catch(() => undefined);
}

async function runRound(
  plan: ClientPlan,
  pool: WorkerPool,
  runBaseNs: bigint,
  index: number,
  ratePerSec: number | null,
  hooks: ClientRunHooks,
): Promise<RoundResult> {
  const roundBaseNs = Number(monotonicNs() - runBaseNs) + LEAD_NS;
  const measureNs = roundBaseNs + plan.warmupNs;
  const merger = new RoundMerger(pool.size, measureNs, (interval, warmup) =>
    hooks.onInterval?.(index, interval, warmup),
  );
  const collect = (): void => {
    for (const [worker, reader] of pool.readers.entries())
      reader.drain((bank) => {
        merger.add(worker, bank);
      });
  };
  const collector = setInterval(collect, COLLECT_MS);
  let cpuStart = process.cpuUsage();
  // What the warm-up cost is not part of the round.
  const cpuMark = setTimeout(() => (cpuStart = process.cpuUsage()), (LEAD_NS + plan.warmupNs) / 1e6);
  let stopNs = Infinity;
  const onStop = (): void => {
    stopNs = Number(monotonicNs() - runBaseNs);
  };
  hooks.stop?.addEventListener('abort', onStop, { once: true });
  try {
    await pool.round(ratePerSec, roundBaseNs);
  } finally {
    clearInterval(collector);
    clearTimeout(cpuMark);
    hooks.stop?.removeEventListener('abort', onStop);
  }
  collect();
  for (const { worker } of pool.failures) {
    const nowNs = Number(monotonicNs() - runBaseNs);
    pool.readers[worker]!.salvage(nowNs, (bank) => {
      merger.add(worker, bank);
    });
    merger.abandon(worker, nowNs);
  }
  merger.finish();
  const durationNs = Math.max(0, Math.min(plan.durationNs, stopNs - measureNs));
  return roundResult(plan, merger, ratePerSec, durationNs, process.cpuUsage(cpuStart));
}

function roundResult(
  plan: ClientPlan,
  merger: RoundMerger,
  ratePerSec: number | null,
  durationNs: number,
  cpu: NodeJS.CpuUsage,
): RoundResult {
  const { total: tally, inFlightMax } = merger;
  const durationSec = durationNs / 1e9;
  const perSec = (count: number): number => (durationSec > 0 ? Math.round((count / durationSec) * 10) / 10 : 0);
  return {
    offered_rate_per_sec: ratePerSec,
    duration_sec: Math.round(durationSec * 1e6) / 1e6,
    attempts: {
      scheduled: tally.scheduled,
      started: tally.started,
      missed: tally.missed,
      in_flight_max: inFlightMax,
    },
    outcomes: tally.outcomeCounts(),
    errno: tally.errnoCounts(),
    rate_per_sec: {
      started: perSec(tally.started),
      established: perSec(tally.established),
      completed: perSec(tally.ok),
    },
    latency_ns: tally.latencySummaries(),
    bytes: { sent: tally.bytesSent, received: tally.bytesReceived },
    ...(plan.holdNs > 0 ? { held: { lost: tally.heldLost } } : {}),
    cpu: {
      user_usec: cpu.user,
      system_usec: cpu.system,
      usec_per_connection: tally.started > 0 ? Math.round(((cpu.user + cpu.system) / tally.started) * 100) / 100 : 0,
    },
    intervals: merger.intervals,
    verdict: verdictOf({
      tally,
      inFlightMax,
      maxInFlight: plan.maxInFlight,
      isClosedLoop: ratePerSec === null,
      target: `${plan.host}:${plan.target.port}`,
    }),
  };
}
