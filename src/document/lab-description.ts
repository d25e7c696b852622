/** The words of a lab: axes and cells, what is sampled, figures, plots. */

export type AxisValue = string | number;

/** One direction of a matrix, with its values in the order of results. */
export interface Axis {
  readonly name: string;
  /** The name in plots, with its unit; `name` if not given. */
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
export interface SampleQuantity {
  /** The name in files: `ns_per_operation`. */
  readonly name: string;
  /** The name on an axis: `time per operation`. */
  readonly label: string;
  readonly unit: string;
  /** What the plots draw as a line across, if there is something to compare with. */
  readonly reference?: { readonly value: number; readonly label: string };
}

/** A figure of a cell beside its samples. */
export interface FigureSpec {
  /** The name in files, with its unit: `connections_per_sec`. */
  readonly name: string;
  /** Head of its column in the report. */
  readonly label: string;
  /** Formats a value for reports. */
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

/** What one cell gave. */
export interface CellMeasurement {
  /** The samples in the unit of the lab's quantity, in the order they were taken; at least one. */
  readonly samples: readonly number[];
  /** When each was taken, in seconds since the first began. */
  readonly atSec: readonly number[];
  /** Values and the share of all that is no larger, ascending, where more is known than the samples say. */
  readonly quantiles?: readonly (readonly [value: number, share: number])[];
  /** The values of the lab's figures, by name; null where one could not be measured. */
  readonly figures: Readonly<Record<string, number | null>>;
}

/** What a lab measures, and how its results are shown. */
export interface LabDescription {
  readonly name: string;
  /** What is compared, in half a sentence. */
  readonly title: string;
  readonly quantity: SampleQuantity;
  readonly figures: readonly FigureSpec[];
  readonly plots: readonly PlotSpec[];
}
