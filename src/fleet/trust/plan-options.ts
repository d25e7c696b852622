/** Which options an order may have. What is an agent's own, and what is written or sent elsewhere, no order can say. */
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';

/** Options that say what the load is. */
const LOAD_GROUPS: readonly string[] = [
  GROUPS.target,
  GROUPS.load,
  GROUPS.exchange,
  GROUPS.responses,
  GROUPS.generator,
];
/** In the group of files and settings, and no file. */
const MORE = ['histograms', 'samples'];
/** A directory of the agent. */
const OWN = ['spill-dir'];

/** The names of the options of a command that an order may have. */
export function orderedOptions(table: OptionTable): string[] {
  const isOrdered = (name: string, group: string): boolean =>
    (LOAD_GROUPS.includes(group) && !OWN.includes(name)) || MORE.includes(name);
  return Object.entries(table).flatMap(([name, { group }]) => (isOrdered(name, group) ? [name] : []));
}

/** Returns what an order says and may not say: names of options that are none of these, or not in full, and files of the agent. */
export function forbiddenValues(table: OptionTable, values: Readonly<Record<string, unknown>>): string[] {
  const ordered = new Set(orderedOptions(table));
  return Object.entries(values).flatMap(([name, value]) => {
    if (!ordered.has(name)) return [`--${name}`];
    const writesFiles = name === 'sink' && String(value).trim().startsWith('file:');
    return writesFiles ? ['--sink file:DIRECTORY'] : [];
  });
}
