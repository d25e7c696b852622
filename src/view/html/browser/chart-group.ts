/** Charts with the same x axis: they share cursor and zoom. */
import type { Extent } from '../chart/geometry.ts';

/** A chart as its group knows it. */
interface Member {
  /** Shows the part of the x axis that the group shows. */
  showRange(): void;
  /** Moves the cursor to a value of x; null hides it. */
  showCursor(x: number | null): void;
}

export class ChartGroup {
  /** The name under which uPlot links the cursors. */
  readonly name: string;
  readonly #members: Member[] = [];
  #zoomed: Extent | null = null;

  constructor(name: string) {
    this.name = name;
  }

  add(member: Member): void {
    this.#members.push(member);
  }

  /** What the x axis shows; null where it shows everything. */
  get zoomed(): Extent | null {
    return this.#zoomed;
  }

  /** Shows a part of the x axis in all charts, or everything. */
  zoom(extent: Extent | null): void {
    this.#zoomed = extent;
    for (const member of this.#members) member.showRange();
  }

  /** Moves the cursors of all charts to a value of x; null hides them. */
  moveTo(x: number | null): void {
    for (const member of this.#members) member.showCursor(x);
  }
}
