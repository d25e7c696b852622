/** The keys of a chart that has the focus. */
import { shareOf, valueAt, type Extent } from '../chart/geometry.ts';
import { placesOf } from '../chart/steps.ts';
import { formatChartValue } from '../chart/ticks.ts';
import type { Chart } from './chart.ts';

const ZOOM = 2;
/** The share of what is shown by which it moves. */
const PAN = 0.25;
/** A page of the cursor: so many parts of what is shown. */
const PAGES = 10;
/** The smallest part of the whole axis that a zoom shows. */
const SMALLEST_SHARE = 1e-3;

export class ChartKeys {
  readonly #chart: Chart;
  readonly #places: readonly number[];
  /** The index of the cursor. */
  #at: number | null = null;

  constructor(chart: Chart, element: HTMLElement) {
    this.#chart = chart;
    this.#places = placesOf(chart.spec.x);
    element.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !this.#press(event)) return;
      event.preventDefault();
    });
    element.addEventListener('blur', () => chart.group.moveTo(null));
  }

  /** Does what a key stands for. Returns false of a key that stands for nothing. */
  #press({ key, shiftKey }: KeyboardEvent): boolean {
    const [first, last] = this.#shown();
    switch (key) {
      case 'ArrowRight':
        return shiftKey ? this.#pan(PAN) : this.#moveBy(1);
      case 'ArrowLeft':
        return shiftKey ? this.#pan(-PAN) : this.#moveBy(-1);
      case 'PageDown':
        return this.#moveBy(Math.ceil((last - first) / PAGES));
      case 'PageUp':
        return this.#moveBy(-Math.ceil((last - first) / PAGES));
      case 'Home':
        return this.#moveTo(first);
      case 'End':
        return this.#moveTo(last);
      case '+':
      case '=':
        return this.#zoomBy(1 / ZOOM);
      case '-':
      case '−':
        return this.#zoomBy(ZOOM);
      case 'Escape':
      case '0':
        return this.#reset();
      default:
        return false;
    }
  }

  /** The first and the last index of what is shown. */
  #shown(): readonly [number, number] {
    const values = this.#places;
    const [min, max] = this.#extent();
    const first = values.findIndex((value) => value >= min);
    const last = values.findLastIndex((value) => value <= max);
    // Between two values there may be nothing.
    return first < 0 || last < first ? [Math.max(0, last), Math.max(0, last)] : [first, last];
  }

  #extent(): Extent {
    return this.#chart.group.zoomed ?? this.#chart.full;
  }

  #moveBy(step: number): boolean {
    const [first, last] = this.#shown();
    return this.#moveTo(this.#at === null ? (step > 0 ? first : last) : this.#at + step);
  }

  #moveTo(at: number): boolean {
    const [first, last] = this.#shown();
    this.#at = Math.min(last, Math.max(first, at));
    this.#chart.group.moveTo(this.#places[this.#at]!);
    this.#chart.announce(this.#at);
    return true;
  }

  #zoomBy(factor: number): boolean {
    const { spec, full } = this.#chart;
    const [from, to] = this.#extent().map((value) => shareOf(spec.x, full, value)) as [number, number];
    const centre = this.#at === null ? (from + to) / 2 : shareOf(spec.x, full, this.#places[this.#at]!);
    // What is under the cursor stays where it is.
    this.#show(centre - (centre - from) * factor, centre + (to - centre) * factor);
    return true;
  }

  #pan(share: number): boolean {
    const { spec, full } = this.#chart;
    const [from, to] = this.#extent().map((value) => shareOf(spec.x, full, value)) as [number, number];
    const step = Math.min(1 - to, Math.max(-from, share * (to - from)));
    this.#show(from + step, to + step);
    return true;
  }

  #show(from: number, to: number): void {
    const { spec, full, group } = this.#chart;
    if (to - from < SMALLEST_SHARE) return;
    const [low, high] = [Math.max(0, from), Math.min(1, to)];
    if (low <= 1e-9 && high >= 1 - 1e-9) return void this.#reset();
    const extent = [valueAt(spec.x, full, low), valueAt(spec.x, full, high)] as const;
    group.zoom(extent);
    const [start, end] = extent.map((value) => formatChartValue(spec.x.unit, value, spec.x.names));
    this.#chart.say(`shown: ${start} to ${end}`);
  }

  #reset(): boolean {
    this.#chart.group.zoom(null);
    this.#chart.say('everything is shown');
    return true;
  }
}
