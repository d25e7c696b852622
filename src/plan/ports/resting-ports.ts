/** How many source ports a plan has where each of them rests after a connection. */
import { leavesTimeWait } from '../demand/demand.ts';
import { PACKET_REST_NS } from '../packet/packet-plan.ts';
import type { ClientPlan } from '../plan.ts';
import { countPorts } from './source-ports.ts';
import { countSources } from '../address/sources.ts';

export interface RestingPorts {
  /** Over all source addresses. */
  readonly ports: number;
  /** The time until a port can be used again. */
  readonly reuseDelayNs: number;
}

/**
 * Returns the ports of a plan and how long each rests in TIME_WAIT; null where no port of ours rests, or the kernel keeps the account.
 * `reuseDelayNs` tells how long the kernel keeps a port towards an address.
 */
export function restingPorts(
  { sources, sourcePorts, target, finish, close, packet }: ClientPlan,
  reuseDelayNs: (address: string) => number,
): RestingPorts | null {
  if (sourcePorts.kind === 'kernel' || !leavesTimeWait(finish, close)) return null;
  return {
    ports: Math.max(1, countSources(sources)) * countPorts(sourcePorts.ranges),
    reuseDelayNs: packet === null ? reuseDelayNs(target.address) : PACKET_REST_NS,
  };
}
