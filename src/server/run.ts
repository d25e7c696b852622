import { availableParallelism, release } from 'node:os';
import { monotonicNs } from '../engine/clock.ts';
import { canSharePort, requireFreePort, selectEngine } from '../engine/select.ts';
import { readSysctlNumber } from '../linux/proc.ts';
import type { ServerResult } from '../measure/result.ts';
import type { EngineName, ServerPlan } from '../plan/plan.ts';
import { serverConfig } from '../plan/server-plan.ts';
import { VERSION } from '../plan/version.ts';
import { ABORTED, ACCEPTED, BYTES_RECEIVED, BYTES_SENT, COMPLETED, IDLE_CLOSED, REJECTED } from './counters.ts';
import type { ListenerCounters } from './counters.ts';
import { ListenerPool } from './listener-pool.ts';

/** What a caller of `runServer` is told while it runs. */
export interface ServerRunHooks {
  /** Once, when every listener accepts. `host` is what it listens on ("*" for every address). */
  onListening?(info: { host: string; port: number; listeners: number; engine: string; notes: readonly string[] }): void;
  /** Something worth a line in the log. */
  onNotice?(message: string): void;
  /** When it aborts, the server stops accepting, drains for at most 5 s and reports. */
  readonly stop?: AbortSignal;
}

/** What a run is measured from. */
interface Start {
  readonly at: Date;
  readonly ns: bigint;
  readonly cpu: NodeJS.CpuUsage;
}

/** Serves until `stop` aborts and returns the result; rejects with `EngineError` where it cannot listen. */
export async function runServer(plan: ServerPlan, hooks: ServerRunHooks = {}): Promise<ServerResult> {
  const selection = selectEngine(plan.engine);
  const notes = [...selection.notes, ...backlogNotes(plan.backlog)];
  let { listeners } = plan;
  if (listeners > 1 && !(await canSharePort(selection.name))) {
    listeners = 1;
    notes.push(`the ${selection.name} engine has one listener here: sharing a port needs Node 22.12 or 23.1`);
  }
  // Port 0 is free by definition.
  if (plan.port !== 0) await requireFreePort(plan.host, plan.port);
  let isServing = false;
  const pool = new ListenerPool({
    plan,
    engine: selection.name,
    listeners,
    baseNs: monotonicNs(),
    onFailure: ({ listener, message }) => {
      if (!isServing) return;
      hooks.onNotice?.(`listener ${listener} died, so the server stops: ${message}`);
      pool.drain();
    },
  });
  const onStop = (): void => pool.drain();
  try {
    const port = await pool.listen(plan.port);
    isServing = true;
    const start: Start = { at: new Date(), ns: monotonicNs(), cpu: process.cpuUsage() };
    hooks.onListening?.({ host: plan.host ?? '*', port, listeners, engine: selection.name, notes });
    hooks.stop?.addEventListener('abort', onStop);
    if (hooks.stop?.aborted === true || pool.failures.length > 0) pool.drain();
    await pool.ended();
    return serverResult({ ...plan, port, listeners }, selection.name, pool, start);
  } finally {
    hooks.stop?.removeEventListener('abort', onStop);
    await pool.close();
  }
}

function backlogNotes(backlog: number): string[] {
  const limit = readSysctlNumber('net.core.somaxconn');
  if (limit === undefined || limit >= backlog) return [];
  return [
    `the kernel cuts the backlog of ${backlog} to ${limit}; to allow it: sysctl -w net.core.somaxconn=${backlog}`,
  ];
}

function serverResult(plan: ServerPlan, engine: EngineName, pool: ListenerPool, start: Start): ServerResult {
  const cpu = process.cpuUsage(start.cpu);
  const { counters, failures } = pool;
  const sum = (counter: number): number => counters.reduce((total, each) => total + each.get(counter), 0);
  const accepted = sum(ACCEPTED);
  const errors: Record<string, number> = {};
  for (const each of counters) each.sumErrors(errors);
  if (failures.length > 0) errors.worker_failed = failures.length;
  return {
    schema: 'conngen.server/1',
    conngen: VERSION,
    started_at: start.at.toISOString(),
    duration_sec: Math.round(Number(monotonicNs() - start.ns) / 1e3) / 1e6,
    system: { kernel: release(), node: process.version, cpus: availableParallelism(), engine },
    config: serverConfig(plan),
    accepted,
    completed: sum(COMPLETED),
    rejected: sum(REJECTED),
    idle_closed: sum(IDLE_CLOSED),
    // What a listener that died had open was closed with it.
    aborted: sum(ABORTED) + failures.reduce((lost, { listener }) => lost + unended(counters[listener]!), 0),
    listeners: counters.map((each) => ({
      accepted: each.get(ACCEPTED),
      completed: each.get(COMPLETED),
      rejected: each.get(REJECTED),
    })),
    bytes: { received: sum(BYTES_RECEIVED), sent: sum(BYTES_SENT) },
    errors,
    cpu: {
      user_usec: cpu.user,
      system_usec: cpu.system,
      usec_per_connection: accepted > 0 ? Math.round(((cpu.user + cpu.system) / accepted) * 100) / 100 : 0,
    },
  };
}

/** How many of the connections that a listener accepted it has not seen the end of. */
function unended(counters: ListenerCounters): number {
  const ended = counters.get(COMPLETED) + counters.get(IDLE_CLOSED) + counters.get(ABORTED) + counters.connectionErrors;
  return counters.get(ACCEPTED) - ended;
}
