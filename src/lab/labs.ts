/** The labs there are, by name. */
import { ABSTRACTION } from './abstraction/lab.ts';
import { BODIES } from './bodies.ts';
import { BLOCKING } from './blocking.ts';
import type { Lab } from './lab.ts';
import { RTT } from './rtt.ts';

export const LABS: readonly Lab[] = [RTT, BLOCKING, BODIES, ABSTRACTION];

export function labNamed(name: string): Lab | undefined {
  return LABS.find((lab) => lab.name === name);
}
