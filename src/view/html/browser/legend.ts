/** The legend of a chart: what each series looks like, its value at the cursor, and a button that shows or hides it. */
import { colourName, dashOf, markerOf } from '../chart/looks.ts';
import { markerPath } from '../chart/shapes.ts';
import type { ChartSeries, ChartSpec } from '../chart/spec.ts';
import { formatChartValue } from '../chart/ticks.ts';
import { create, createSvg } from './elements.ts';

interface Actions {
  readonly toggle: (index: number) => void;
  readonly resetZoom: () => void;
}

export class Legend {
  readonly element: HTMLElement;
  readonly #spec: ChartSpec;
  readonly #at = create('span', { class: 'at' });
  readonly #reset = create('button', { type: 'button', class: 'tool', hidden: '' }, 'Reset zoom');
  readonly #buttons: HTMLButtonElement[] = [];
  readonly #values: HTMLElement[] = [];

  constructor(spec: ChartSpec, actions: Actions) {
    this.#spec = spec;
    spec.series.forEach((series, index) => {
      const value = create('span', { class: 'value' });
      const button = create('button', { type: 'button', 'aria-pressed': 'true', title: 'Show or hide' });
      button.append(sampleOf(series), create('span', {}, series.label), value);
      button.addEventListener('click', () => actions.toggle(index));
      this.#values.push(value);
      this.#buttons.push(button);
    });
    this.#reset.addEventListener('click', () => actions.resetZoom());
    this.element = create('div', { class: 'legend' }, ...this.#buttons, this.#at, this.#reset);
  }

  showToggled(index: number, isShown: boolean): void {
    this.#buttons[index]?.setAttribute('aria-pressed', String(isShown));
  }

  showZoomed(isZoomed: boolean): void {
    this.#reset.hidden = !isZoomed;
  }

  /** Shows the values at an index of the x axis; null shows none. */
  showValues(at: number | null): void {
    const { x, y, series } = this.#spec;
    this.#at.textContent = at === null ? '' : `at ${formatChartValue(x.unit, x.values[at]!, x.names)}`;
    series.forEach(({ values }, index) => {
      const value = at === null ? null : (values[at] ?? null);
      const text = value === null ? '–' : formatChartValue(y.unit, value);
      this.#values[index]!.textContent = at === null ? '' : text;
    });
  }
}

function sampleOf({ kind, role }: ChartSeries): SVGElement {
  const parts: SVGElement[] = [];
  if (kind === 'area') parts.push(createSvg('path', { class: 'fill', d: 'M0 4h22v8h-22z' }));
  if (kind === 'points') {
    const shape = markerOf(role);
    parts.push(createSvg('path', { class: shape === 'cross' ? 'line' : 'dot', d: markerPath(shape, 11, 6, 4) }));
  } else {
    const y = kind === 'area' ? 4 : 6;
    parts.push(createSvg('path', { class: 'line', d: `M1 ${y}h20`, 'stroke-dasharray': dashOf(role).join(' ') }));
  }
  const size = { width: '22', height: '12', viewBox: '0 0 22 12', 'aria-hidden': 'true' };
  return createSvg('svg', { class: `plot-sample plot c-${colourName(role)}`, ...size }, ...parts);
}
