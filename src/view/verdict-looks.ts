import type { Verdict } from '../document/common.ts';
import type { Colour } from './layout.ts';

/** How a verdict is said to a person. */
export const VERDICT_LOOKS: Readonly<Record<Verdict['status'], { readonly words: string; readonly colour: Colour }>> = {
  valid: { words: 'valid', colour: 'green' },
  generator_limited: { words: 'generator limited: this machine was the bottleneck', colour: 'yellow' },
  invalid: { words: 'invalid: nothing could be measured', colour: 'red' },
};
