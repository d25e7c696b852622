/** The labs there are, by name. */
import { ABSTRACTION } from './abstraction/lab.ts';
import type { Lab } from './lab.ts';

export const LABS: readonly Lab[] = [ABSTRACTION];

export function labNamed(name: string): Lab | undefined {
  return LABS.find((lab) => lab.name === name);
}
