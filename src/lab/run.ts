/** Runs the cells of a lab one after the other. */
import { sleepNs } from '../runtime/timer.ts';
import { NS_PER_SEC } from '../units/quantity.ts';
import type { CellContext, Lab } from './lab.ts';
import type { Cell } from '../document/lab-description.ts';
import { doneCell, failedCell } from './cells.ts';
import type { CellResult } from '../document/lab.ts';

export interface LabRunHooks {
  /** `index` counts from 0 among the cells that are run now. */
  readonly onCell?: (cell: Cell, index: number) => void;
  /** Resolves when the result is kept: the next cell waits for it. */
  readonly onResult?: (result: CellResult, index: number) => Promise<void>;
  /** Seconds on a clock that only goes forward; the system's if not given. */
  readonly nowSec?: () => number;
}

/**
 * Settles, measures and reports each cell. A cell that fails does not end the lab; one that is under way when
 * `context.stop` aborts leaves nothing. Resolves when all are done, or early after an abort.
 */
export async function runCells(
  lab: Lab,
  cells: readonly Cell[],
  context: CellContext,
  hooks: LabRunHooks,
): Promise<void> {
  const nowSec = hooks.nowSec ?? (() => performance.now() / 1000);
  // Read each time: it changes while a cell is under way.
  const isStopped = (): boolean => context.stop.aborted;
  for (const [index, cell] of cells.entries()) {
    if (isStopped()) return;
    hooks.onCell?.(cell, index);
    const startedAt = new Date();
    const startSec = nowSec();
    const result = await measureCell(lab, cell, context).then(
      (measured) => doneCell(cell, startedAt, nowSec() - startSec, measured),
      (error: unknown) => failedCell(cell, startedAt, nowSec() - startSec, error),
    );
    // Whatever a cell says that was told to end is no result of it.
    if (isStopped()) return;
    await hooks.onResult?.(result, index);
  }
}

async function measureCell(lab: Lab, cell: Cell, context: CellContext): ReturnType<Lab['measure']> {
  await sleepNs(context.times.settleNs, context.stop);
  context.stop.throwIfAborted();
  const measured = await lab.measure(cell, context);
  if (measured.samples.length === 0) throw new Error('it gave no sample');
  return measured;
}

/** How long one cell should take. */
export function plannedCellSec(lab: Lab, { settleNs, warmupNs, durationNs }: CellContext['times']): number {
  return (settleNs + warmupNs + durationNs) / NS_PER_SEC + lab.overheadSec;
}
