/** What a lab does: which cells it has, whether they can work here, and how one of them is measured. */
import type { Axis, Cell, CellMeasurement, LabDescription } from '../document/lab-description.ts';
import type { Launch } from '../runtime/launch.ts';

/** How long things take, the same for every cell. Nanoseconds. */
export interface LabTimes {
  /** The pause before each cell, so that nothing of the one before is left: TIME_WAIT, writeback, heat. */
  readonly settleNs: number;
  readonly warmupNs: number;
  readonly durationNs: number;
}

export interface CellContext {
  readonly times: LabTimes;
  /** When it aborts, the cell ends immediately and its measurement is dropped. */
  readonly stop: AbortSignal;
  readonly launch: Launch;
}

/** A cell that cannot be measured here, and the sentence that says what would be needed: completes "expected …". */
export interface Refusal {
  readonly cell: string;
  readonly expected: string;
}

export interface Lab extends LabDescription {
  readonly times: { readonly full: LabTimes; readonly quick: LabTimes };
  /** What a cell takes beyond its times: processes to start, threads to wait for. */
  readonly overheadSec: number;
  /** The matrix; `quick` is a coarser one. */
  readonly axes: (quick: boolean) => readonly Axis[];
  /** Leaves out combinations that mean nothing. All are wanted where this is not given. */
  readonly isWanted?: (axes: Cell['axes']) => boolean;
  /** Cells that cannot work on this machine. Opens nothing that lasts. */
  readonly refusals: (cells: readonly Cell[]) => Promise<readonly Refusal[]>;
  /** Measures one cell. Rejects where it could not, and when `stop` aborts. */
  readonly measure: (cell: Cell, context: CellContext) => Promise<CellMeasurement>;
}
