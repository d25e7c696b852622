/** Which cells ask for an engine that this machine does not have. */
import { RunError } from '../units/run-error.ts';
import type { Refusal } from './lab.ts';
import type { Cell } from '../document/lab-description.ts';

/** `choose` rejects with `RunError` for an engine that cannot work here; asked once for each value of the axis `engine`. */
export async function refusedEngines(
  cells: readonly Cell[],
  choose: (engine: string) => Promise<unknown>,
): Promise<Refusal[]> {
  const reasons = new Map<unknown, string | null>();
  for (const { axes } of cells) {
    const { engine } = axes;
    if (!reasons.has(engine)) reasons.set(engine, await whyNot(String(engine), choose));
  }
  return cells.flatMap(({ name, axes: { engine } }) => {
    const reason = reasons.get(engine) ?? null;
    return reason === null ? [] : [{ cell: name, expected: reason }];
  });
}

async function whyNot(engine: string, choose: (engine: string) => Promise<unknown>): Promise<string | null> {
  try {
    await choose(engine);
    return null;
  } catch (error) {
    if (error instanceof RunError) return `a machine where engine ${engine} works: ${error.message}`;
    throw error;
  }
}
