/** The hold of a client on the interface of its engine. */
import { attachInterface } from '../engine/registry.ts';
import type { Attachment } from '../engine/seam/link.ts';
import type { EngineName } from '../plan/engines.ts';
import type { ClientPlan } from '../plan/plan.ts';

/** Takes hold of the interface of a plan, for all of its workers; null where the engine has the kernel's sockets. */
export async function attachClient(plan: ClientPlan, engine: EngineName): Promise<Attachment | null> {
  const { packet, sourcePorts } = plan;
  if (packet === null) return null;
  return attachInterface(engine, {
    ...packet,
    target: plan.target,
    listenPort: null,
    portRanges: sourcePorts.kind === 'own' ? sourcePorts.ranges : [],
    workers: plan.workers,
  });
}
