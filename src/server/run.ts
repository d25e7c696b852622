import { engineSystem, packetSystem } from '../document/system.ts';
import type { Selection } from '../engine/registry.ts';
import { SERVER_PATIENCE_NS, type Attachment } from '../engine/seam/link.ts';
import { monotonicNs } from '../runtime/clock.ts';
import { serverFindingsOf } from '../judge/findings.ts';
import { KernelWatch } from '../judge/kernel-evidence.ts';
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import type { PacketCounts } from '../document/packet-evidence.ts';
import type { ServerCounts, ServerResult } from '../document/server.ts';
import type { Listening, RunContext, RunEvent, ServerSecond } from '../run/events.ts';
import { formatHostPort } from '../plan/address/address.ts';
import type { ServerPlan } from '../plan/plan.ts';
import { serverConfig } from '../plan/server-plan.ts';
import { VERSION } from '../units/version.ts';
import { ACCEPTED, FIRST_ACCEPT_NS, LAST_ACCEPT_NS, SLOW_READERS, type ListenerCounters } from './counters.ts';
import { serverCounts, type ServerTotals } from './counts.ts';
import type { ListenerPool } from './listener-pool.ts';
import { ServerSeconds } from './seconds.ts';
import { startServing } from './start.ts';

/** How often the kernel's counters are read. */
const SAMPLE_MS = 1000;

/** What a run is measured from. */
interface Start {
  readonly at: Date;
  readonly ns: bigint;
  readonly cpu: NodeJS.CpuUsage;
}

/** Serves until `stop` aborts and returns the result; rejects with `RunError` where it cannot listen. */
export async function runServer(plan: ServerPlan, { emit, stop }: RunContext = {}): Promise<ServerResult> {
  let isServing = false;
  const serving = await startServing(plan, (message) => {
    if (!isServing) return;
    emit?.({ type: 'notice', level: 'warning', text: message });
    serving.pool.drain();
  });
  const { selection, listeners, notes, port, pool, crew, attachment } = serving;
  const onStop = (): void => pool.drain();
  // A server may run for weeks: what each second added is not kept.
  const kernel = new KernelWatch({ keepsIntervals: false, hasSockets: attachment === null });
  let sampler: NodeJS.Timeout | undefined;
  try {
    isServing = true;
    kernel.begin(Number(monotonicNs()));
    const start: Start = { at: new Date(), ns: monotonicNs(), cpu: process.cpuUsage() };
    const { name: engine } = selection;
    const read = (): ServerTotals => serverCounts(pool, crew?.failures ?? 0);
    const seconds = new ServerSeconds({ read, originNs: start.ns, readPacket: attachment?.readCounters });
    emit?.(runStarted(start.at, { host: plan.host ?? '*', port, protocol: plan.protocol, listeners, engine }, notes));
    sampler = setInterval(() => {
      kernel.sample(Number(monotonicNs()));
      const second = seconds.next();
      emit?.(second);
      const notice = interfaceNotice(second, attachment);
      if (notice !== undefined) emit?.(notice);
    }, SAMPLE_MS);
    stop?.addEventListener('abort', onStop);
    if (stop?.aborted === true || pool.failures.length > 0) pool.drain();
    await pool.ended();
    emit?.(seconds.next());
    const counted = serverResult({ ...plan, port, listeners }, selection, pool, start, seconds.total);
    const watched = evidencePart(kernel.end(Number(monotonicNs())), seconds.packet, pool.counters);
    const system = { ...counted.system, ...packetSystem(attachment?.link) };
    const result: ServerResult = { ...counted, system, ...watched, ...crew?.result() };
    emit?.({ type: 'run-ended', result });
    return result;
  } finally {
    clearInterval(sampler);
    stop?.removeEventListener('abort', onStop);
    await pool.close();
    await crew?.close();
    attachment?.close();
  }
}

function runStarted(startedAt: Date, listening: Listening, notes: readonly string[]): RunEvent {
  const { host, port, engine } = listening;
  const target = formatHostPort(host, port);
  return { type: 'run-started', command: 'server', startedAt, target, engine, notes, rounds: null, listening };
}

/** A word for each time that the interface of the packet engine is down: a server that hears nothing looks like one without clients. */
function interfaceNotice({ counts }: ServerSecond, attachment: Attachment | null): RunEvent | undefined {
  if (attachment === null || counts.packet?.interface_down === undefined) return undefined;
  const { interfaceName } = attachment.link;
  const text = `${interfaceName} was set down: nothing arrives until it is up again; the server ends when it is down for ${SERVER_PATIENCE_NS / 1e9} s`;
  return { type: 'notice', level: 'warning', text };
}

/** What the kernel and the packet engine counted, and what that shows. */
function evidencePart(
  kernel: KernelEvidence | undefined,
  packet: PacketCounts | undefined,
  counters: readonly ListenerCounters[],
): Pick<ServerResult, 'kernel' | 'packet' | 'findings'> {
  const sum = (counter: number): number => counters.reduce((total, each) => total + each.get(counter), 0);
  const facts = packet === undefined ? undefined : { packet, connections: sum(ACCEPTED) };
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(packet === undefined ? {} : { packet }),
    findings: serverFindingsOf(kernel, sum(SLOW_READERS), facts),
  };
}

function serverResult(
  plan: ServerPlan,
  selection: Selection,
  pool: ListenerPool,
  start: Start,
  counts: ServerCounts,
): Omit<ServerResult, 'kernel' | 'packet' | 'findings'> {
  const { name: engine, notes } = selection;
  const cpu = process.cpuUsage(start.cpu);
  const [failure] = pool.failures;
  const { accepted, ...others } = counts;
  return {
    schema: 'conngen.server/1',
    conngen: VERSION,
    started_at: start.at.toISOString(),
    duration_sec: Math.round(Number(monotonicNs() - start.ns) / 1e3) / 1e6,
    system: engineSystem(engine, notes),
    config: serverConfig(plan),
    accepted,
    ...acceptingOf(pool.counters),
    ...others,
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    cpu: {
      user_usec: cpu.user,
      system_usec: cpu.system,
      usec_per_connection: accepted > 0 ? Math.round(((cpu.user + cpu.system) / accepted) * 100) / 100 : 0,
    },
  };
}

/** What came within less time tells no rate. */
const ACCEPTING_MIN_SEC = 0.1;

/** How fast connections came while they came. The first one marks where the time begins, and is not among those that it is divided by. */
export function acceptingOf(counters: readonly ListenerCounters[]): Pick<ServerResult, 'accepting'> {
  const used = counters.filter((each) => each.get(ACCEPTED) > 0);
  const accepted = used.reduce((total, each) => total + each.get(ACCEPTED), 0);
  const firstNs = Math.min(...used.map((each) => each.get(FIRST_ACCEPT_NS)));
  const lastNs = Math.max(...used.map((each) => each.get(LAST_ACCEPT_NS)));
  const durationSec = (lastNs - firstNs) / 1e9;
  if (accepted < 2 || durationSec < ACCEPTING_MIN_SEC) return {};
  return {
    accepting: {
      duration_sec: Math.round(durationSec * 1e6) / 1e6,
      rate_per_sec: Math.round(((accepted - 1) / durationSec) * 100) / 100,
    },
  };
}
