/** Asks the system what no file says. Opens sockets and closes them; sends nothing. */
import { ENGINE_NAMES } from '../plan/engines.ts';
import { troubleOf } from '../engine/registry.ts';
import { availableParallelism } from 'node:os';
import { sourceAddressTowards } from '../kernel/net/towards.ts';
import type { ClientPlan, Endpoint } from '../plan/plan.ts';
import { listSources, missingSources } from '../plan/address/sources.ts';
import type { Inspected, Route } from './facts.ts';

export async function inspectMachine(plan: ClientPlan): Promise<Inspected> {
  const [missing, missingTarget] = await Promise.all([
    missingSources(plan.packet === null ? listSources(plan.sources) : []),
    missingSources([plan.target.address]),
  ]);
  return {
    cpus: availableParallelism(),
    engines: await engineTroubles(),
    route: routeTo(plan.target),
    isTargetLocal: missingTarget.length === 0,
    missingSources: missing,
    packet: await packetFacts(plan),
  };
}

/** Loaded here: other plans need nothing of that engine. */
async function packetFacts(plan: ClientPlan): Promise<Inspected['packet']> {
  return plan.packet === null ? null : (await import('./packet-facts.ts')).readPacketFacts(plan);
}

/** For each engine, why it cannot work here, or null. */
async function engineTroubles(): Promise<Inspected['engines']> {
  const troubles = await Promise.all(ENGINE_NAMES.map(async (name) => [name, await troubleOf(name)] as const));
  return Object.fromEntries(troubles) as Inspected['engines'];
}

function routeTo({ family, address, port }: Endpoint): Route {
  try {
    const source = sourceAddressTowards(family, address, port);
    return source === undefined ? { kind: 'none' } : { kind: 'found', source };
  } catch {
    return { kind: 'unknown', reason: 'asking the kernel needs Linux and koffi, which is missing here' };
  }
}
