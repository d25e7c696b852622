/** What an agent says of itself. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { machineSystem } from '../../document/system.ts';
import { troubleOf } from '../../engine/registry.ts';
import { ENGINE_NAMES } from '../../plan/engines.ts';
import { VERSION } from '../../units/version.ts';
import { AGENT_NAME, PROTOCOL, type Description } from '../protocol.ts';
import { describeLimits, type OwnLimits } from '../trust/plan-limits.ts';
import type { OwnOptions } from './own-options.ts';

const NAME_MAX = 64;

/** Returns the name of this host, made fit for the name of an agent. */
export function defaultName(host = hostname()): string {
  const name = host
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, NAME_MAX);
  // A number alone would be read as a number of agents.
  if (AGENT_NAME.test(name) && !/^\d+$/.test(name)) return name;
  return `agent-${name}`.replace(/-+$/, '').slice(0, NAME_MAX);
}

/** What of an agent does not change while it lives. */
export type Identity = Omit<Description, 'busy' | 'seenFrom'>;

/** Finds out what this machine is and which engines work on it. */
export async function identify(
  name: string,
  instance: string,
  own: OwnOptions,
  limits: OwnLimits,
  trusts: readonly string[],
): Promise<Identity> {
  return {
    ...{ protocol: PROTOCOL, conngen: VERSION, name, instance, system: machineSystem() },
    engines: await workingEngines(own),
    sources: own.source ?? [],
    interface: own.interface ?? null,
    ...marks(),
    limits: describeLimits(limits),
    trusts,
  };
}

/** The packet engine works on an interface, which an agent has of its own. */
async function workingEngines(own: OwnOptions): Promise<readonly string[]> {
  const names = ENGINE_NAMES.filter((name) => name !== 'packet' || own.interface !== undefined);
  const troubles = await Promise.all(names.map(troubleOf));
  return names.filter((_name, index) => troubles[index] === null);
}

/** `machine` is the same for all processes on a kernel; `host` for those that also share a network namespace, which addresses and ports belong to. */
function marks(): Pick<Description, 'machine' | 'host'> {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? hostname();
  const network = attempt(() => readlinkSync('/proc/self/ns/net')) ?? hostname();
  return { machine: markOf(boot), host: markOf(`${boot} ${network}`) };
}

/** The names of others' machines are not for everybody. */
function markOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function attempt(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
