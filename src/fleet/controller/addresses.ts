/** Which address each agent of a run connects to: counts are added up only where it is the same for all. */
import { OWN_ERROR_CODES } from '../../units/error-codes.ts';
import { RunError } from '../../units/run-error.ts';
import { shortList } from './agent-lines.ts';

/** Where an agent found the target. */
export interface Found {
  readonly name: string;
  readonly address: string;
}

/** Returns why a run cannot be where agents, or this controller, find different addresses for the host; null where all find the same. */
export function addressError(host: string, controllersAddress: string, agents: readonly Found[]): RunError | null {
  const byAddress = new Map<string, string[]>();
  for (const { name, address } of agents) byAddress.set(address, [...(byAddress.get(address) ?? []), name]);
  const found = [...byAddress].map(([address, names]) => `${shortList(names)} ${verb(names)} ${address}`);
  if (byAddress.size === 0 || (byAddress.size === 1 && byAddress.has(controllersAddress))) return null;
  const lines = [...found, `this controller finds ${controllersAddress}`].map((line) => `  ${line}`);
  const message = [`${host} is not the same address everywhere`, ...lines].join('\n');
  return new RunError('fleet_addresses', message, OWN_ERROR_CODES.fleet_addresses.remedy);
}

function verb(names: readonly string[]): string {
  return names.length === 1 ? 'finds' : 'find';
}
