/** Cells of a lab as its result holds them: made, put into order, and compared with a plan that was begun. */
import type { Cell, CellMeasurement } from '../document/lab-description.ts';
import type { CellResult, DoneCell, FailedCell, LabPlan } from '../document/lab.ts';
import { summarize } from '../units/statistics.ts';

export function doneCell(cell: Cell, startedAt: Date, tookSec: number, measured: CellMeasurement): DoneCell {
  return {
    cell: cell.name,
    axes: cell.axes,
    status: 'done',
    started_at: startedAt.toISOString(),
    took_sec: rounded(tookSec),
    summary: summarize(measured.samples),
    figures: measured.figures,
    samples: measured.samples,
    at_sec: measured.atSec.map(rounded),
    ...(measured.quantiles === undefined ? {} : { quantiles: measured.quantiles }),
  };
}

export function failedCell(cell: Cell, startedAt: Date, tookSec: number, error: unknown): FailedCell {
  return {
    cell: cell.name,
    axes: cell.axes,
    status: 'failed',
    started_at: startedAt.toISOString(),
    took_sec: rounded(tookSec),
    error: error instanceof Error ? error.message : String(error),
  };
}

/** Rounds to a millisecond. */
function rounded(sec: number): number {
  return Math.round(sec * 1000) / 1000;
}

/** Results in the order of the plan, the later one where a cell was measured twice. */
export function inPlanOrder(plan: LabPlan, results: readonly CellResult[]): CellResult[] {
  const byName = new Map(results.map((result) => [result.cell, result]));
  return plan.cells.flatMap((name) => byName.get(name) ?? []);
}

/** What differs between a plan that was begun and the one that is asked for, in words: `duration_sec is 1, it was 5`. */
export function planChanges(before: object, now: object): string[] {
  const was = before as Readonly<Record<string, unknown>>;
  return Object.entries(now)
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(was[key]))
    .map(([key, value]) => `${key} is ${shown(value)}, it was ${shown(was[key])}`);
}

function shown(value: unknown): string {
  if (Array.isArray(value) && value.length > 3) return `a list of ${value.length}`;
  return value === undefined ? 'not there' : JSON.stringify(value);
}
