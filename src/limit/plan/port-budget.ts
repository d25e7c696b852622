/** What a plan of trials has of source ports, and whether its target shares this machine. No engine is needed to know it. */
import { reuseDelayNs } from '../../kernel/proc.ts';
import { isOwnAddress } from '../../plan/address/address.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { restingPorts } from '../../plan/ports/resting-ports.ts';
import type { PortBudget } from '../decide/port-budget.ts';

/** Null where no port of ours rests in TIME_WAIT, or the kernel keeps the account. */
export function portBudgetOf(plan: ClientPlan): PortBudget | null {
  return restingPorts(plan, reuseDelayNs);
}

/** Whether the target is an address of this machine, so that it shares its cores. A fleet does not generate the load on this machine. */
export function isLocalTarget({ target, fleet }: ClientPlan): boolean {
  return fleet === undefined && isOwnAddress(target.address);
}
