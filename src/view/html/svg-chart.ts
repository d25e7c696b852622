/** A chart as SVG: what is shown without JavaScript, and what is printed. */
import type { ChartSpec } from './chart-spec.ts';

/** Returns an `<svg>` element without inline styles; its colours are classes. */
export function svgChart(spec: ChartSpec): string {
  return `<svg role="img" xmlns="http://www.w3.org/2000/svg" class="svg-${spec.id}"></svg>`;
}
