/** What a plan of trials has of source ports, and whether its target shares this machine. No engine is needed to know it. */
import { reuseDelayNs } from '../../kernel/proc.ts';
import { isOwnAddress } from '../../plan/address.ts';
import { leavesTimeWait } from '../../plan/demand.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { PACKET_REST_NS } from '../../plan/packet-plan.ts';
import { countPorts } from '../../plan/source-ports.ts';
import { countSources } from '../../plan/sources.ts';
import type { PortBudget } from '../decide/port-budget.ts';

/** Null where no port of ours rests in TIME_WAIT, or the kernel keeps the account. */
export function portBudgetOf({ sources, sourcePorts, target, finish, close, packet }: ClientPlan): PortBudget | null {
  if (sourcePorts.kind === 'kernel' || !leavesTimeWait(finish, close)) return null;
  return {
    ports: Math.max(1, countSources(sources)) * countPorts(sourcePorts.ranges),
    reuseDelayNs: packet === null ? reuseDelayNs(target.address) : PACKET_REST_NS,
  };
}

/** Whether the target is an address of this machine, so that it shares its cores. */
export function isLocalTarget({ target }: ClientPlan): boolean {
  return isOwnAddress(target.address);
}
