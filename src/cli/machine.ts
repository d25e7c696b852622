import { availableParallelism } from 'node:os';
import { openFileLimit } from '../linux/limits.ts';
import { localPortRange } from '../linux/proc.ts';
import type { Machine } from '../plan/client-plan.ts';

/** What plans need to know of the machine we run on. */
export function thisMachine(): Machine {
  return { fdLimit: openFileLimit(), cpus: availableParallelism(), localPorts: localPortRange() };
}
