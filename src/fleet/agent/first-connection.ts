/** One connection to the target before a run: whether this agent can reach it at all. */
import { selectEngine, tryConnection } from '../../engine/registry.ts';
import { PINGS_RECEIVED, PingRound } from '../../count/ping.ts';
import { PingThread } from '../../ping/ping-thread.ts';
import type { SocketEngineName } from '../../plan/engines.ts';
import { formatHostPort } from '../../plan/address/address.ts';
import type { ClientPlan, Endpoint } from '../../plan/plan.ts';
import type { RttPlan } from '../../plan/ping-plan.ts';
import { firstSource } from '../../plan/address/sources.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { NS_PER_MS, NS_PER_SEC } from '../../units/quantity.ts';
import type { Refusal } from '../protocol.ts';

/** Long enough for a second SYN where the first is lost. */
const WITHIN_MS = 3000;
/** More of them than one: a datagram may be lost. */
const DATAGRAMS = 3;

/** What came of it: nothing where it was established; a refusal, or a remark where it cannot be told. */
export type FirstTry = { readonly refused: Refusal } | { readonly note: string } | null;

/**
 * Opens one connection with a socket of the kernel's and resets it. The packet engine has addresses of its own: there the kernel's
 * address is used, and only a target that refuses is certain.
 */
export async function tryClient(plan: ClientPlan): Promise<FirstTry> {
  const { target, packet, isFreebind } = plan;
  const place = formatHostPort(plan.host, target.port);
  const source = packet === null ? (firstSource(plan.sources)[0] ?? null) : null;
  if (isFreebind && packet === null)
    return { note: 'no connection to the target was tried beforehand: with --freebind the answer may come elsewhere' };
  const error = await tryFrom(target, source, plan.timeoutNs);
  if (error === null) return null;
  const what = `${place}: ${textOf(error)}`;
  if (packet === null || error === 'ECONNREFUSED') return { refused: noConnection(what) };
  return { note: `a connection from the kernel's own address failed (${what}); the packet engine uses its own` };
}

/** Opens one connection; with UDP a ping must come back. */
export async function tryPings(plan: RttPlan): Promise<FirstTry> {
  const { target, isFreebind } = plan;
  const place = formatHostPort(plan.host, target.port);
  if (plan.protocol === 'udp') {
    const isAnswered = await tryDatagrams(plan);
    return isAnswered ? null : { refused: noConnection(`${place} answered none of ${DATAGRAMS} datagrams`) };
  }
  if (isFreebind) return null;
  const error = await tryFrom(target, firstSource(plan.sources)[0] ?? null, plan.timeoutNs);
  return error === null ? null : { refused: noConnection(`${place}: ${textOf(error)}`) };
}

function tryFrom({ address, port }: Endpoint, source: string | null, timeoutNs: number): Promise<string | null> {
  const timeoutMs = Math.max(1, Math.min(WITHIN_MS, Math.ceil(timeoutNs / NS_PER_MS)));
  return tryConnection({ address, port, source, timeoutMs });
}

async function tryDatagrams(plan: RttPlan): Promise<boolean> {
  const { name: engine } = await selectEngine<SocketEngineName>('auto');
  const baseNs = monotonicNs();
  const setup = {
    ...{ engine, protocol: plan.protocol, target: plan.target, sources: firstSource(plan.sources) },
    ...{ isFreebind: plan.isFreebind, sizeBytes: plan.sizeBytes, connections: 1, thinkNs: 0 },
    ...{ timeoutNs: Math.min(plan.timeoutNs, NS_PER_SEC), cpu: null, busyTasks: 0, samples: 0, recordsLag: false },
  } as const;
  const thread = new PingThread(setup, baseNs);
  try {
    await thread.ready();
    const { established } = await thread.open();
    if (established === 0) return false;
    const nowNs = Number(monotonicNs() - baseNs);
    const pings = new PingRound(nowNs, () => undefined);
    const command = { rate: 10 * DATAGRAMS, depth: DATAGRAMS, baseNs: nowNs, warmupNs: 0, durationNs: NS_PER_SEC / 10 };
    await thread.round(command, pings);
    return pings.total.get(PINGS_RECEIVED) > 0;
  } finally {
    await thread.close();
  }
}

function noConnection(message: string): Refusal {
  return {
    code: 'no_connection',
    message: `no connection to ${message}`,
    hint: 'check from that machine that the target listens, and the routes and firewalls between them',
  };
}

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused (nothing listens there)',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ECONNRESET: 'reset',
  EADDRNOTAVAIL: 'the source address is not of this machine',
};

function textOf(code: string): string {
  const known = TEXTS[code];
  return known === undefined ? code : `${known} (${code})`;
}
