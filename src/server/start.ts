import {
  attachInterface,
  canSharePort,
  choosePort,
  requireFreeDatagramPort,
  type Selection,
} from '../engine/registry.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { startOnEngine } from '../engine/start.ts';
import { missingEvidenceNotes } from '../kernel/kernel-counters.ts';
import { listeningPorts } from '../kernel/net/listening-ports.ts';
import { localPortRange, readSysctlNumber } from '../kernel/proc.ts';
import type { Attachment } from '../engine/seam/link.ts';
import type { EngineName } from '../plan/engines.ts';
import type { ServerPlan } from '../plan/plan.ts';
import { expandPorts, type PortRange } from '../plan/ports/source-ports.ts';
import { PORT_MAX } from '../units/quantity.ts';
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
  /** The hold on the interface of the engine, to be closed last; null for an engine that has the kernel's sockets. */
  readonly attachment: Attachment | null;
}

/**
 * Starts the threads of a plan; rejects with `RunError` where it cannot listen. `onDeath` is called for a thread that dies, also before
 * this resolves.
 */
export async function startServing(plan: ServerPlan, onDeath: (message: string) => void): Promise<Serving> {
  const wantedPort = await portFor(plan);
  // Port 0 is free by definition.
  if (plan.protocol !== 'tcp' && plan.port !== 0) await requireFreeDatagramPort(plan.host, plan.port);
  return startOnEngine({ choice: plan.engine, threads: plan.listeners }, (selection) =>
    startOn(selection, plan, wantedPort, onDeath),
  );
}

/** The port that all listeners are to have; of datagrams the first listener may choose it. */
async function portFor({ protocol, packet, host, port }: ServerPlan): Promise<number> {
  // The ports of an engine that works on an interface are not the kernel's.
  if (packet !== null) return port === 0 ? chooseOwnPort(localPortRange(), listeningPorts()) : port;
  return protocol === 'udp' ? port : choosePort(host, port);
}

const LOWEST_OWN_PORT = 10_000;

/** A port that the kernel gives to no program: an address of the server may be the kernel's too. */
function chooseOwnPort(kernels: PortRange, listening: ReadonlySet<number>): number {
  const free = expandPorts([{ first: LOWEST_OWN_PORT, last: PORT_MAX }]).filter(
    (port) => (port < kernels.first || port > kernels.last) && !listening.has(port),
  );
  return free[Math.floor(Math.random() * free.length)] ?? LOWEST_OWN_PORT;
}

async function attachServer(
  plan: ServerPlan,
  engine: EngineName,
  port: number,
  listeners: number,
): Promise<Attachment | null> {
  if (plan.packet === null) return null;
  return attachInterface(engine, {
    ...plan.packet,
    target: null,
    listenPort: port,
    portRanges: [{ first: port, last: port }],
    workers: listeners,
  });
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
  const attachment = await attachServer(plan, engine, wantedPort, listeners).catch(async (error: unknown) => {
    await crew?.close();
    throw error;
  });
  notes.push(...(attachment?.notes ?? []));
  const pool = new ListenerPool({
    plan,
    engine,
    listeners,
    baseNs: monotonicNs(),
    work: crew?.work ?? null,
    link: attachment?.link ?? null,
    onFailure: ({ listener, message, hint }) => {
      const cure = hint === '' ? '' : `; ${hint}`;
      onDeath(`listener ${listener} died, so the server stops: ${message}${cure}`);
    },
  });
  try {
    return { selection, listeners, notes, port: await pool.listen(wantedPort), pool, crew, attachment };
  } catch (error) {
    await pool.close();
    await crew?.close();
    attachment?.close();
    throw error;
  }
}

function backlogNotes({ protocol, backlog, packet }: ServerPlan): string[] {
  if (protocol === 'udp' || packet !== null) return [];
  const limit = readSysctlNumber('net.core.somaxconn');
  if (limit === undefined || limit >= backlog) return [];
  return [
    `the kernel cuts the backlog of ${backlog} to ${limit}; to allow it: sysctl -w net.core.somaxconn=${backlog}`,
  ];
}
