/** The words in which sentences of an agent are told of it. */
import { AGENTS_OWN } from '../plan/fleet/fleet-refusals.ts';

/**
 * Returns a sentence that a machine says of itself as it is said of an agent, whose name stands before it: `this machine` is that machine.
 * Options that only `conngen agent` has are named as such, because they are refused beside `--fleet`.
 */
export function saidOfAgent(sentence: string): string {
  const told = sentence
    .replaceAll('This machine', 'That machine')
    .replaceAll('this machine', 'that machine')
    .replaceAll("this process's", "the agent's")
    .replaceAll(/\bhere\b/g, 'there');
  return withOwner(told);
}

function withOwner(sentence: string): string {
  const own = AGENTS_OWN.filter((name) => new RegExp(`--${name}(?![\\w-])`).test(sentence)).map((name) => `--${name}`);
  if (own.length === 0) return sentence;
  const note = ` (${own.join(', ')}: of conngen agent)`;
  return sentence.endsWith('.') ? `${sentence.slice(0, -1)}${note}.` : `${sentence}${note}`;
}
