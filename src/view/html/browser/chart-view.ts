/** One chart of the page: uPlot's drawing, its legend, and the keys. */
import type uPlotType from 'uplot';
import { axisName, drawnValues, xExtent, type Drawn, type Extent } from '../chart/geometry.ts';
import type { ChartSpec } from '../chart/spec.ts';
import { placesOf } from '../chart/steps.ts';
import { formatChartValue } from '../chart/ticks.ts';
import type { Announcer } from './announcer.ts';
import type { Chart } from './chart.ts';
import type { ChartGroup } from './chart-group.ts';
import { ChartKeys } from './chart-keys.ts';
import { create } from './elements.ts';
import { Legend } from './legend.ts';
import { heightOf, plotOptions } from './plot-options.ts';

/** The width of a chart that is not in sight yet. */
const FIRST_WIDTH = 600;

export class ChartView implements Chart {
  readonly spec: ChartSpec;
  readonly group: ChartGroup;
  /** The ends of the x axis while nothing is zoomed. */
  readonly full: Extent;
  readonly plot: uPlotType;
  readonly #legend: Legend;
  readonly #announcer: Announcer;
  readonly #canvas: HTMLElement;
  readonly #shown: boolean[];
  #drawn: readonly Drawn[];
  /** The series in the order in which they are painted: areas from the highest to the lowest, then all else. */
  readonly order: readonly number[];

  constructor(spec: ChartSpec, figure: HTMLElement, group: ChartGroup, announcer: Announcer) {
    this.spec = spec;
    this.group = group;
    this.full = xExtent(spec);
    this.#announcer = announcer;
    this.#shown = spec.series.map(() => true);
    this.#drawn = drawnValues(spec.series);
    this.order = paintingOrder(spec);
    this.#legend = new Legend(spec, {
      toggle: (index) => this.toggle(index),
      resetZoom: () => this.group.zoom(null),
    });
    const hint = create('p', { class: 'hint', id: `${spec.id}-keys` }, HINT);
    this.#canvas = create('div', {
      class: 'canvas',
      tabindex: '0',
      role: 'application',
      'aria-roledescription': 'chart',
      'aria-label': `${spec.title}. ${spec.description}`,
      'aria-describedby': hint.id,
    });
    const name = create('p', { class: 'axis-name' }, axisName(spec.y));
    figure.classList.add('is-live');
    figure.append(create('div', { class: 'live' }, this.#legend.element, name, this.#canvas, hint));
    this.plot = new uPlot(plotOptions(this, FIRST_WIDTH), this.#data(), this.#canvas);
    group.add(this);
    this.showRange();
    new ChartKeys(this, this.#canvas);
    new ResizeObserver(() => this.fit()).observe(this.#canvas);
  }

  get drawn(): readonly Drawn[] {
    return this.#drawn;
  }

  readonly isShown = (index: number): boolean => this.#shown[index] === true;

  #data(): uPlotType.AlignedData {
    return [[...placesOf(this.spec.x)], ...this.order.map((index) => [...this.#drawn[index]!])];
  }

  /** Takes the width that the page has for it. */
  fit(): void {
    const width = this.#canvas.clientWidth;
    if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: heightOf(width) });
  }

  /** Draws again, in the colours of now. */
  redraw(): void {
    this.plot.redraw(false, true);
  }

  /** Shows or hides a series. What is stacked on it comes down. */
  toggle(index: number): void {
    this.#shown[index] = !this.isShown(index);
    this.#drawn = drawnValues(this.spec.series, this.isShown);
    this.plot.batch(() => {
      this.plot.setSeries(this.order.indexOf(index) + 1, { show: this.isShown(index) });
      this.plot.setData(this.#data(), false);
      this.showRange();
    });
    this.#legend.showToggled(index, this.isShown(index));
  }

  /** Shows the part of the x axis that the group shows. */
  showRange(): void {
    const [min, max] = this.group.zoomed ?? this.full;
    this.plot.setScale('x', { min, max });
    this.#legend.showZoomed(this.group.zoomed !== null);
  }

  /** Moves the cursor to a value of x; null hides it. */
  showCursor(x: number | null): void {
    const left = x === null ? -10 : this.plot.valToPos(x, 'x');
    this.plot.setCursor({ left, top: x === null ? -10 : this.plot.over.clientHeight / 2 });
  }

  /** Puts the values at the cursor into the legend. */
  showValues(): void {
    const at = this.plot.cursor.idx ?? null;
    this.#legend.showValues(at === null || (this.plot.cursor.left ?? -1) < 0 ? null : at);
  }

  /** Says the values at a place of the x axis. */
  announce(at: number): void {
    const { x, y, series } = this.spec;
    const values = series.flatMap(({ label, values }, index) => {
      const value = values[at] ?? null;
      return value === null || !this.isShown(index) ? [] : [`${label} ${formatChartValue(y.unit, value)}`];
    });
    this.say(`${formatChartValue(x.unit, x.values[at]!, x.names)}: ${values.join(', ') || 'no value'}`);
  }

  say(text: string): void {
    this.#announcer.say(text);
  }
}

const HINT = '← → move the cursor, + and − zoom, Shift ← → moves what is shown, Esc shows all';

function paintingOrder({ series }: ChartSpec): number[] {
  const areas = series.flatMap(({ kind }, index) => (kind === 'area' ? [index] : []));
  const others = series.flatMap(({ kind }, index) => (kind === 'area' ? [] : [index]));
  return [...areas.reverse(), ...others];
}
