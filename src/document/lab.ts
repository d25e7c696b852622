/** The result of a lab, as `lab.json` holds it: what is resumed, and what every plot and report is a function of. */
import type { AxisValue, Cell, CellMeasurement } from './lab-description.ts';
import { summarize, type Summary } from '../units/statistics.ts';

/** What decides on the figures: a run that is resumed has to have the same. */
export interface LabPlan {
  readonly lab: string;
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly settle_sec: number;
  readonly warmup_sec: number;
  readonly duration_sec: number;
  /** By name, in the order they are run. */
  readonly cells: readonly string[];
}

/** Where it ran: figures of two machines do not belong into one plot. */
export interface LabSystem {
  readonly kernel: string;
  readonly node: string;
  readonly cpus: number;
  readonly cpu_model: string;
}

interface CellHead {
  readonly cell: string;
  readonly axes: Readonly<Record<string, AxisValue>>;
  readonly started_at: string;
  /** With settling and warm-up. */
  readonly took_sec: number;
}

export interface DoneCell extends CellHead {
  readonly status: 'done';
  readonly summary: Summary;
  readonly figures: Readonly<Record<string, number | null>>;
  readonly samples: readonly number[];
  readonly at_sec: readonly number[];
  readonly quantiles?: readonly (readonly [value: number, share: number])[];
}

export interface FailedCell extends CellHead {
  readonly status: 'failed';
  readonly error: string;
}

export type CellResult = DoneCell | FailedCell;

export interface LabResult {
  readonly schema: 'conngen.lab/1';
  readonly conngen: string;
  readonly lab: string;
  readonly title: string;
  readonly started_at: string;
  readonly system: LabSystem;
  readonly plan: LabPlan;
  /** What the samples are. */
  readonly quantity: { readonly name: string; readonly unit: string };
  /** Present and true when a signal ended the run before its last cell. */
  readonly interrupted?: boolean;
  /** In the order of the plan; those that were not run yet are missing. */
  readonly cells: readonly CellResult[];
}

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

/** To a millisecond. */
function rounded(sec: number): number {
  return Math.round(sec * 1000) / 1000;
}

export function isDone(cell: CellResult): cell is DoneCell {
  return cell.status === 'done';
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
