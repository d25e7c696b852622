import { availableParallelism } from 'node:os';
import { openFileLimit } from '../linux/limits.ts';
import { hasDirectDescriptors } from '../engine/select.ts';
import { localPortRange } from '../linux/proc.ts';
import type { Machine } from '../plan/client-plan.ts';

/** What plans need to know of the machine we run on. */
export function thisMachine(): Machine {
  return {
    fdLimit: openFileLimit(),
    hasDirectDescriptors: hasDirectDescriptors(),
    cpus: availableParallelism(),
    localPorts: localPortRange(),
  };
}
