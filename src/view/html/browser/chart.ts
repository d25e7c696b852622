/** What the parts of a chart know of it. */
import type { Drawn, Extent } from '../chart/geometry.ts';
import type { ChartSpec } from '../chart/spec.ts';
import type { ChartGroup } from './chart-group.ts';

export interface Chart {
  readonly spec: ChartSpec;
  readonly group: ChartGroup;
  /** The ends of the x axis while nothing is zoomed. */
  readonly full: Extent;
  readonly drawn: readonly Drawn[];
  /** The series in the order in which they are painted: areas from the highest to the lowest, then all else. */
  readonly order: readonly number[];
  readonly isShown: (index: number) => boolean;
  /** Puts the values at the cursor into the legend. */
  showValues(): void;
  /** Says the values at an index of the x axis. */
  announce(at: number): void;
  /** Says a text aloud, through a screen reader. */
  say(text: string): void;
}
