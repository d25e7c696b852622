/** What a lab is: a matrix of cells, how one of them is measured, and which plots are drawn of all. */

export type AxisValue = string | number;

/** One direction of a matrix, with its values in the order of results. */
export interface Axis {
  readonly name: string;
  /** As plots write it, with its unit; the name if not given. */
  readonly label?: string;
  readonly values: readonly AxisValue[];
}

/** One combination of values. */
export interface Cell {
  /** The values joined by `/`: `async/512`. Unique in its matrix. */
  readonly name: string;
  readonly axes: Readonly<Record<string, AxisValue>>;
}

/** What the samples of a lab are. */
export interface Quantity {
  /** As in files: `ns_per_operation`. */
  readonly name: string;
  /** As on an axis: `time per operation`. */
  readonly label: string;
  readonly unit: string;
  /** What the plots draw as a line across, if there is something to compare with. */
  readonly reference?: { readonly value: number; readonly label: string };
}

/** A figure of a cell beside its samples. */
export interface FigureSpec {
  /** With its unit: `connections_per_sec`. */
  readonly name: string;
  /** Head of its column in the report. */
  readonly label: string;
  /** As the report prints it. */
  readonly format: (value: number) => string;
}

export type PlotKind = 'median' | 'series' | 'ecdf' | 'density';

/** A plot for each combination of the axes that are named in neither `x` nor `lines`. */
export interface PlotSpec {
  readonly kind: PlotKind;
  /** The axis along which medians stand; only for `median`. */
  readonly x?: string;
  /** The axis whose values are lines of different colours. */
  readonly lines: string;
}

/** How long things take, the same for every cell. Nanoseconds. */
export interface LabTimes {
  /** Before each cell, so that nothing of the one before is left: TIME_WAIT, writeback, heat. */
  readonly settleNs: number;
  readonly warmupNs: number;
  readonly durationNs: number;
}

/** What one cell gave. */
export interface CellMeasurement {
  /** In the unit of the lab's quantity, in the order they were taken; at least one. */
  readonly samples: readonly number[];
  /** When each was taken, in seconds since the first began. */
  readonly atSec: readonly number[];
  /** Values and the share of all that is no larger, ascending, where more is known than the samples say. */
  readonly quantiles?: readonly (readonly [value: number, share: number])[];
  /** By the lab's figures; null where it could not be measured. */
  readonly figures: Readonly<Record<string, number | null>>;
}

/** How to start another conngen: the command and its arguments up to, without, the name of the command. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface CellContext {
  readonly times: LabTimes;
  /** Aborted: end at once, whatever was measured is dropped. */
  readonly stop: AbortSignal;
  readonly launch: Launch;
}

/** A cell that cannot be measured here, and the sentence that says what would be needed: completes "expected …". */
export interface Refusal {
  readonly cell: string;
  readonly expected: string;
}

export interface Lab {
  readonly name: string;
  /** What is compared, in half a sentence. */
  readonly title: string;
  readonly quantity: Quantity;
  readonly figures: readonly FigureSpec[];
  readonly plots: readonly PlotSpec[];
  readonly times: { readonly full: LabTimes; readonly quick: LabTimes };
  /** Beyond its times, what a cell takes: processes to start, threads to wait for. */
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
