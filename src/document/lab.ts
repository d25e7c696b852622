/** The result of `conngen lab`: the document `conngen.lab/1`, as `lab.json` holds it. */
import type { Summary } from '../units/statistics.ts';
import type { AxisValue } from './lab-description.ts';
import type { LabSystem } from './system.ts';

/** What decides on the figures: a run that is resumed must have the same. */
export interface LabPlan {
  /** The name of the lab. */
  readonly lab: string;
  /** Whether the matrix is the coarser one of `--quick`. */
  readonly quick: boolean;
  /** The cells that were asked for (`--only`), as the user wrote them. */
  readonly only: readonly string[];
  /** The pause before each cell, in seconds. */
  readonly settle_sec: number;
  /** The part of each cell that is not measured, in seconds. */
  readonly warmup_sec: number;
  /** The measured part of each cell, in seconds. */
  readonly duration_sec: number;
  /** The names of the cells, in the order in which they are run. */
  readonly cells: readonly string[];
}

/** What every cell has. */
interface CellHead {
  /** The name of the cell: its values, joined by `/`. */
  readonly cell: string;
  /** The value of each axis. */
  readonly axes: Readonly<Record<string, AxisValue>>;
  /** When the cell was begun, in ISO 8601, UTC. */
  readonly started_at: string;
  /** How long the cell took, with settling and warm-up, in seconds. */
  readonly took_sec: number;
}

/** A cell that was measured. */
export interface DoneCell extends CellHead {
  /** The cell was measured. */
  readonly status: 'done';
  /** What the samples say. */
  readonly summary: Summary;
  /** Other figures of the cell, with their units in the names; null where one could not be measured. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** The samples, in the unit of the lab's quantity, in the order in which they were taken. */
  readonly samples: readonly number[];
  /** When each sample was taken, in seconds since the first began. */
  readonly at_sec: readonly number[];
  /** Values and the share of all that is no larger, ascending. Only there where more is known than the samples say. */
  readonly quantiles?: readonly (readonly [value: number, share: number])[];
}

/** A cell that could not be measured. */
export interface FailedCell extends CellHead {
  /** The cell could not be measured. */
  readonly status: 'failed';
  /** The reason, in a sentence. */
  readonly error: string;
}

/** A cell that was run. */
export type CellResult = DoneCell | FailedCell;

/** What the samples of a lab are. */
export interface LabQuantity {
  /** The name, as in files: `ns_per_operation`. */
  readonly name: string;
  /** The unit. */
  readonly unit: string;
}

/** The result of `conngen lab`. */
export interface LabResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.lab/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** The name of the lab. */
  readonly lab: string;
  /** What the lab compares, in half a sentence. */
  readonly title: string;
  /** When the lab was begun, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The machine. */
  readonly system: LabSystem;
  /** What decides on the figures. */
  readonly plan: LabPlan;
  /** What the samples are. */
  readonly quantity: LabQuantity;
  /** True where a signal ended the run before its last cell. Only there then. */
  readonly interrupted?: boolean;
  /** The cells that were run, in the order of the plan. */
  readonly cells: readonly CellResult[];
}

/** Returns whether a cell was measured. */
export function isDone(cell: CellResult): cell is DoneCell {
  return cell.status === 'done';
}
