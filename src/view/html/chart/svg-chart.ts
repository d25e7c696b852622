/** A chart as SVG: what is shown without JavaScript, and what is printed. */
import { element, escapeXml, textElement } from '../../chart/xml.ts';
import {
  axisName,
  canShow,
  drawnValues,
  isLog,
  placeLabels,
  shareOf,
  xExtent,
  yExtent,
  type Drawn,
  type Labels,
  type Plane,
} from './geometry.ts';
import { colourName, dashOf, markerOf } from './looks.ts';
import { bandBoxes, intervalsPath, markerPath, marksPath, short } from './shapes.ts';
import type { ChartRole, ChartSeries, ChartSpec } from './spec.ts';
import { stepLines } from './steps.ts';
import { areaPath, linePath, segmentsOf, thinned, type Point } from './svg-path.ts';
import { ticksOf, type Tick } from './ticks.ts';

const WIDTH = 720;
const PLANE_HEIGHT = 220;
const ROW_HEIGHT = 19;
/** Below the plane: the ticks, and the label of the axis. */
const BELOW = 40;
const RIGHT = 20;
/** What a character of 12 pixels takes at most, on average. */
const CHARACTER_WIDTH = 7;
const LABEL_CHARACTERS = 44;
const SAMPLE_WIDTH = 22;
/** A line of so few points shows them. */
const SPARSE = 40;
/** A step that is narrower than so many pixels would be lost in the columns of `thinned`. */
const WHOLE_STEPS = { from: 0, narrowest: 8 };

/** Returns an `<svg>` element without inline styles; its colours are classes. */
export function svgChart(spec: ChartSpec): string {
  const extents = { x: xExtent(spec), y: [0, 1] as readonly [number, number] };
  const drawn = drawnValues(spec.series);
  extents.y = yExtent(spec, drawn);
  const ticks = ticksOf({ ...spec.y, min: extents.y[0], max: extents.y[1], wanted: 7 });
  const left = Math.ceil(Math.max(...ticks.map(({ label }) => widthOf(label)), 46)) + 10;
  const size = { left, width: WIDTH - RIGHT - left, height: PLANE_HEIGHT };
  // The legend's height depends on what has no room in the plane, which does not depend on where the plane is.
  const planeAt = (top: number): Plane => ({
    ...size,
    top,
    xOf: (value) => left + shareOf(spec.x, extents.x, value) * size.width,
    yOf: (value) => top + (1 - shareOf(spec.y, extents.y, value)) * size.height,
  });
  const legend = legendOf(spec, placeLabels(spec, planeAt(0), widthOf));
  const plane = planeAt(legend.height + ROW_HEIGHT + 6);
  const labels = placeLabels(spec, plane, widthOf);
  const height = plane.top + PLANE_HEIGHT + BELOW;
  const names = { title: `${spec.id}-title`, description: `${spec.id}-description` };
  const content = [
    element('title', { id: names.title }, escapeXml(spec.title)),
    element('desc', { id: names.description }, escapeXml(spec.description)),
    ...legend.elements,
    textElement({ x: 0, y: plane.top - 12, class: 'axis-name' }, axisName(spec.y)),
    bandsOf(spec, plane),
    yAxis(ticks, plane),
    xAxis(spec, extents.x, plane),
    ...seriesOf(spec, drawn, plane),
    marksOf(spec, plane),
    labelsOf(labels),
    hasValues(spec) ? '' : noValues(plane),
  ];
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'plot',
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: 'img',
      'aria-labelledby': `${names.title} ${names.description}`,
    },
    content.filter((each) => each !== ''),
  );
}

function widthOf(text: string): number {
  return text.length * CHARACTER_WIDTH;
}

function shortened(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, Math.max(1, characters - 1))}…` : text;
}

function hasValues(spec: ChartSpec): boolean {
  return spec.series.some(({ values }) => values.some((value) => value !== null && (!isLog(spec.y) || value > 0)));
}

function noValues(plane: Plane): string {
  const at = { x: plane.left + plane.width / 2, y: plane.top + plane.height / 2 };
  return textElement({ ...at, class: 'axis-name', 'text-anchor': 'middle' }, 'nothing was measured');
}

/** Rows above the plane: a sample and a name for each series, then what had no room at its place. */
function legendOf(spec: ChartSpec, { left: rest }: Labels): { readonly elements: string[]; readonly height: number } {
  const entries = [
    ...spec.series.map((series) => ({ text: shortened(series.label, LABEL_CHARACTERS), series })),
    ...rest.map((text) => ({ text: shortened(text, LABEL_CHARACTERS), series: null })),
  ];
  let [x, row] = [0, 0];
  const elements = entries.flatMap(({ text, series }) => {
    const indent = series === null ? 0 : SAMPLE_WIDTH + 6;
    const width = indent + widthOf(text);
    if (x > 0 && x + width > WIDTH) [x, row] = [0, row + 1];
    const at = { x, y: 13 + row * ROW_HEIGHT };
    x += width + 14;
    const name = textElement({ x: at.x + indent, y: at.y }, text);
    return series === null ? [name] : [sampleOf(series, at.x, at.y - 4), name];
  });
  return { elements, height: entries.length === 0 ? 0 : (row + 1) * ROW_HEIGHT };
}

function sampleOf(series: ChartSeries, x: number, y: number): string {
  const role = { class: `c-${colourName(series.role)}` };
  if (series.kind === 'points') return element('g', role, [pointMarks(series.role, [[x + SAMPLE_WIDTH / 2, y]], 4)]);
  const line = strokeOf(series.role, `M${x} ${y}h${SAMPLE_WIDTH}`);
  if (series.kind === 'line') return element('g', role, [line]);
  return element('g', role, [
    element('path', { class: 'fill', d: `M${x} ${y}h${SAMPLE_WIDTH}v7h-${SAMPLE_WIDTH}z` }),
    line,
  ]);
}

function strokeOf(role: ChartRole, d: string): string {
  const dash = dashOf(role);
  return element('path', { class: 'line', d, ...(dash.length === 0 ? {} : { 'stroke-dasharray': dash.join(' ') }) });
}

function pointMarks(role: ChartRole, points: readonly Point[], radius: number): string {
  const shape = markerOf(role);
  const d = points.map(([x, y]) => markerPath(shape, x, y, radius)).join('');
  return element('path', { class: shape === 'cross' ? 'line' : 'dot', d });
}

function yAxis(ticks: readonly Tick[], plane: Plane): string {
  const right = plane.left + plane.width;
  const grid = ticks.map(({ value }) => `M${plane.left} ${short(plane.yOf(value))}H${right}`).join('');
  const texts = ticks.map(({ value, label }) => textElement({ x: plane.left - 6, y: plane.yOf(value) + 4 }, label));
  return [element('path', { class: 'grid', d: grid }), element('g', { 'text-anchor': 'end' }, texts)].join('\n');
}

function xAxis({ x }: ChartSpec, extent: readonly [number, number], plane: Plane): string {
  const bottom = plane.top + plane.height;
  const ticks = xTicks(x, extent, plane);
  const grid = ticks.map(({ value }) => `M${short(plane.xOf(value))} ${plane.top}V${bottom + 4}`).join('');
  let end = -Infinity;
  const texts = ticks.flatMap(({ value, label }) => {
    const width = widthOf(label);
    // The first and the last stay within the picture.
    const centre = Math.min(Math.max(plane.xOf(value), width / 2), WIDTH - width / 2);
    if (centre - width / 2 < end + 6) return [];
    end = centre + width / 2;
    return [textElement({ x: centre, y: bottom + 17 }, label)];
  });
  const frame = `M${plane.left} ${plane.top}V${bottom}H${plane.left + plane.width}`;
  return [
    element('path', { class: 'grid', d: grid }),
    element('path', { class: 'axis', d: frame }),
    element('g', { 'text-anchor': 'middle' }, texts),
    textElement(
      { x: plane.left + plane.width / 2, y: bottom + 35, class: 'axis-name', 'text-anchor': 'middle' },
      axisName(x),
    ),
  ].join('\n');
}

function xTicks(x: ChartSpec['x'], [min, max]: readonly [number, number], plane: Plane): Tick[] {
  if (x.unit !== 'category') return ticksOf({ ...x, min, max, wanted: 8 });
  const room = Math.max(60, plane.width / Math.max(1, x.values.length) - 6);
  return (x.names ?? []).map((name, value) => ({ value, label: shortened(name, Math.floor(room / CHARACTER_WIDTH)) }));
}

function bandsOf(spec: ChartSpec, plane: Plane): string {
  return bandBoxes(spec, plane)
    .map(({ left, top, width, height }) => element('rect', { class: 'band', x: left, y: top, width, height }))
    .join('\n');
}

function marksOf(spec: ChartSpec, plane: Plane): string {
  const d = marksPath(spec, plane);
  return d === '' ? '' : element('path', { class: 'mark', d, 'stroke-dasharray': '5 4' });
}

function labelsOf({ placed }: Labels): string {
  return placed
    .map(({ left, top, width, text }) =>
      textElement({ x: left + width / 2, y: top + 11, class: 'label', 'text-anchor': 'middle' }, text),
    )
    .join('\n');
}

/** Areas of a stack from the highest to the lowest, each down to the bottom; then all else over them. */
function seriesOf(spec: ChartSpec, drawn: readonly Drawn[], plane: Plane): string[] {
  const isArea = ({ kind }: ChartSeries): boolean => kind === 'area';
  const paint = (series: ChartSeries): string => {
    const shapes = shapesOf(spec, series, drawn[spec.series.indexOf(series)]!, plane);
    return shapes.length === 0 ? '' : element('g', { class: `c-${colourName(series.role)}` }, shapes);
  };
  return [
    ...spec.series.filter(isArea).reverse().map(paint),
    ...spec.series.filter((each) => !isArea(each)).map(paint),
  ];
}

function shapesOf(spec: ChartSpec, series: ChartSeries, values: Drawn, plane: Plane): string[] {
  const points = spec.x.values.map((x, at): Point | null => {
    const y = values[at] ?? null;
    if (y === null || !canShow(spec.y, y) || !canShow(spec.x, x)) return null;
    return [plane.xOf(x), plane.yOf(y)];
  });
  const shown = points.filter((point) => point !== null);
  if (shown.length === 0) return [];
  const intervals = intervalsPath(spec, series, plane);
  const bars = intervals === '' ? '' : element('path', { class: 'line', d: intervals });
  if (series.kind === 'points') return [bars, pointMarks(series.role, shown, 4)].filter((each) => each !== '');
  const isStepped = spec.x.end !== undefined;
  const lines = isStepped
    ? stepLines(spec, values, plane, { ...WHOLE_STEPS, to: values.length - 1, spansNulls: series.spansNulls === true })
    : series.spansNulls === true
      ? [shown]
      : segmentsOf(points);
  const segments = lines.map(thinned);
  const bottom = plane.top + plane.height;
  const base = isLog(spec.y) ? bottom : Math.min(bottom, plane.yOf(0));
  const fill = { class: series.stacked === true ? 'fill' : 'fill thin' };
  return [
    series.kind === 'area'
      ? element('path', { ...fill, d: segments.map((each) => areaPath(each, base)).join('') })
      : '',
    strokeOf(series.role, segments.map(linePath).join('')),
    bars,
    series.kind === 'line' && !isStepped && shown.length <= SPARSE ? pointMarks(series.role, shown, 2.5) : '',
  ].filter((each) => each !== '');
}
