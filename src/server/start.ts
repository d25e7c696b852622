import { canSharePort, choosePort, requireFreeDatagramPort, type Selection } from '../engine/registry.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { missingEvidenceNotes } from '../kernel/kernel-counters.ts';
import { readSysctlNumber } from '../kernel/proc.ts';
import type { ServerPlan } from '../plan/plan.ts';
import { ListenerPool } from './listener-pool.ts';
import { WorkCrew } from './work.ts';

/** A server whose listeners all accept. Close the pool, then the crew. */
export interface Serving {
  readonly selection: Selection;
  /** Threads for each protocol. */
  readonly listeners: number;
  /** What the log is to say of the start. */
  readonly notes: readonly string[];
  readonly port: number;
  readonly pool: ListenerPool;
  readonly crew: WorkCrew | null;
}

/**
 * Starts the threads of a plan; rejects with `RunError` where it cannot listen. `onDeath` is called for a thread that dies, also before
 * this resolves.
 */
export async function startServing(plan: ServerPlan, onDeath: (message: string) => void): Promise<Serving> {
  const wantedPort = plan.protocol === 'udp' ? plan.port : await choosePort(plan.host, plan.port);
  // Port 0 is free by definition.
  if (plan.protocol !== 'tcp' && plan.port !== 0) await requireFreeDatagramPort(plan.host, plan.port);
  return startOnEngine({ choice: plan.engine, threads: plan.listeners }, (selection) =>
    startOn(selection, plan, wantedPort, onDeath),
  );
}

async function startOn(
  selection: Selection,
  plan: ServerPlan,
  wantedPort: number,
  onDeath: (message: string) => void,
): Promise<Serving> {
  const { name: engine } = selection;
  const notes = [...selection.notes, ...backlogNotes(plan), ...missingEvidenceNotes()];
  let { listeners } = plan;
  if (listeners > 1 && !(await canSharePort(engine))) {
    listeners = 1;
    notes.push(`the ${engine} engine has one listener here: sharing a port needs Node 22.12 or 23.1`);
  }
  const crew = await WorkCrew.start(plan, engine, listeners, (message) =>
    onDeath(`a work thread died, so the server stops: ${message}`),
  );
  const pool = new ListenerPool({
    plan,
    engine,
    listeners,
    baseNs: monotonicNs(),
    work: crew?.work ?? null,
    onFailure: ({ listener, message }) => onDeath(`listener ${listener} died, so the server stops: ${message}`),
  });
  try {
    return { selection, listeners, notes, port: await pool.listen(wantedPort), pool, crew };
  } catch (error) {
    await pool.close();
    await crew?.close();
    throw error;
  }
}

function backlogNotes({ protocol, backlog }: ServerPlan): string[] {
  if (protocol === 'udp') return [];
  const limit = readSysctlNumber('net.core.somaxconn');
  if (limit === undefined || limit >= backlog) return [];
  return [
    `the kernel cuts the backlog of ${backlog} to ${limit}; to allow it: sysctl -w net.core.somaxconn=${backlog}`,
  ];
}
