/** Which cells ask for an engine that this machine does not have. */
import { RunError } from '../units/run-error.ts';
import type { Refusal } from './lab.ts';
import type { Cell } from '../document/lab-description.ts';

/** `choose` throws `RunError` for an engine that cannot work here; asked once for each value of the axis `engine`. */
export function refusedEngines(cells: readonly Cell[], choose: (engine: string) => unknown): Refusal[] {
  const reasons = new Map<string, string | null>();
  return cells.flatMap(({ name, axes }) => {
    const engine = String(axes['engine']);
    if (!reasons.has(engine)) reasons.set(engine, whyNot(engine, choose));
    const reason = reasons.get(engine) ?? null;
    return reason === null ? [] : [{ cell: name, expected: reason }];
  });
}

function whyNot(engine: string, choose: (engine: string) => unknown): string | null {
  try {
    choose(engine);
    return null;
  } catch (error) {
    if (error instanceof RunError) return `a machine where engine ${engine} works: ${error.message}`;
    throw error;
  }
}
