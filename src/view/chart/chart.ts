/** The frame that all plots share: title, two labelled axes with ticks and grid, lines across, a legend. */
import type { Scale } from './scale.ts';
import { element, escapeXml, textElement } from './xml.ts';

export interface AxisLabel {
  /** The label, with its unit in brackets: `time per operation (ns)`. */
  readonly label: string;
  readonly scale: Scale;
}

/** A value to compare with, as a line across. */
export interface Reference {
  readonly value: number;
  readonly label: string;
}

export interface Frame {
  readonly title: string;
  /** A line in small print below the title: what was run, where. */
  readonly subtitle: string;
  readonly x: AxisLabel;
  readonly y: AxisLabel;
  /** What the colours stand for, in the order of `colourOf`; and the name of all of them: `engine`. */
  readonly legend: { readonly title: string; readonly names: readonly string[] };
  /** The value of the line, on the axis that has the quantity. */
  readonly reference?: Reference & { readonly axis: 'x' | 'y' };
  /** Elements within the axes. */
  readonly marks: readonly string[];
}

export const WIDTH = 860;
export const HEIGHT = 480;
const LEFT = 92;
const RIGHT = WIDTH - 170;
const TOP = 64;
const BOTTOM = HEIGHT - 66;

/** The scales of the axes: x from left to right, y from the bottom up. */
export const X_EXTENT = [LEFT, RIGHT] as const;
export const Y_EXTENT = [BOTTOM, TOP] as const;

/** Okabe and Ito's colours, which people tell apart however they see colours; their yellow is too pale for thin lines. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
const DASHES = ['none', '6 3', '2 2', '8 3 2 3'];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

/** A second round of the same colours is dashed. */
export function dashOf(index: number): string {
  return DASHES[Math.floor(index / COLOURS.length) % DASHES.length]!;
}

/** Characters that fit beside the axes. */
const LEGEND_CHARACTERS = 20;
const FONT = 'font-family:system-ui,"DejaVu Sans",Arial,sans-serif;font-size:12px';

/** A whole document. */
export function chart(frame: Frame): string {
  const { title, subtitle, x, y, marks } = frame;
  const content = [
    element('title', {}, escapeXml(title)),
    element('rect', { width: WIDTH, height: HEIGHT, fill: '#ffffff' }),
    textElement({ x: LEFT, y: 26, 'font-size': 16, 'font-weight': 'bold' }, title),
    textElement({ x: LEFT, y: 46, fill: '#555555' }, subtitle),
    xAxis(x),
    yAxis(y),
    element(
      'clipPath',
      { id: 'axes' },
      element('rect', { x: LEFT, y: TOP, width: RIGHT - LEFT, height: BOTTOM - TOP }),
    ),
    element('g', { 'clip-path': 'url(#axes)', class: 'marks' }, marks),
    referenceLine(frame),
    element('rect', { x: LEFT, y: TOP, width: RIGHT - LEFT, height: BOTTOM - TOP, fill: 'none', stroke: '#333333' }),
    legend(frame.legend),
  ];
  const size = { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}` };
  const svg = element('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img', style: FONT }, content);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}

function xAxis({ label, scale }: AxisLabel): string {
  const ticks = scale.ticks.flatMap((tick) => {
    const at = scale.place(tick.value);
    return [
      element('line', { x1: at, x2: at, y1: TOP, y2: BOTTOM, stroke: '#e3e3e3' }),
      element('line', { x1: at, x2: at, y1: BOTTOM, y2: BOTTOM + 5, stroke: '#333333' }),
      textElement({ x: at, y: BOTTOM + 20, 'text-anchor': 'middle' }, tick.label),
    ];
  });
  const name = textElement(
    { x: (LEFT + RIGHT) / 2, y: HEIGHT - 18, 'text-anchor': 'middle', class: 'axis-label' },
    label,
  );
  return element('g', { class: 'x-axis' }, [...ticks, name]);
}

function yAxis({ label, scale }: AxisLabel): string {
  const ticks = scale.ticks.flatMap((tick) => {
    const at = scale.place(tick.value);
    return [
      element('line', { x1: LEFT, x2: RIGHT, y1: at, y2: at, stroke: '#e3e3e3' }),
      element('line', { x1: LEFT - 5, x2: LEFT, y1: at, y2: at, stroke: '#333333' }),
      textElement({ x: LEFT - 9, y: at + 4, 'text-anchor': 'end' }, tick.label),
    ];
  });
  const middle = (TOP + BOTTOM) / 2;
  const turned = { x: 20, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 20 ${middle})` };
  return element('g', { class: 'y-axis' }, [...ticks, textElement({ ...turned, class: 'axis-label' }, label)]);
}

function referenceLine({ reference, x, y }: Frame): string {
  if (reference === undefined) return '';
  const isUpright = reference.axis === 'x';
  const at = (isUpright ? x : y).scale.place(reference.value);
  // Outside of what the axes show there is nothing to compare with.
  const [low, high] = isUpright ? X_EXTENT : [TOP, BOTTOM];
  if (!(at >= low && at <= high)) return '';
  const ends = isUpright ? { x1: at, x2: at, y1: TOP, y2: BOTTOM } : { x1: LEFT, x2: RIGHT, y1: at, y2: at };
  const label = isUpright ? { x: at - 4, y: TOP + 14 } : { x: RIGHT - 4, y: at - 5 };
  return element('g', { class: 'reference' }, [
    element('line', { ...ends, stroke: '#b00020', 'stroke-dasharray': '5 4' }),
    textElement({ ...label, 'text-anchor': 'end', fill: '#b00020' }, reference.label),
  ]);
}

function legend({ title, names }: Frame['legend']): string {
  const left = RIGHT + 16;
  const rows = names.flatMap((name, index) => {
    const y = TOP + 26 + index * 18;
    const line = { x1: left, x2: left + 18, y1: y - 4, y2: y - 4, stroke: colourOf(index), 'stroke-width': 3 };
    return [
      element('line', { ...line, 'stroke-dasharray': dashOf(index) }),
      textElement(
        { x: left + 24, y },
        name.length > LEGEND_CHARACTERS ? `${name.slice(0, LEGEND_CHARACTERS - 1)}…` : name,
      ),
    ];
  });
  return element('g', { class: 'legend' }, [textElement({ x: left, y: TOP + 6, fill: '#555555' }, title), ...rows]);
}

/** A line through points, in pixels. */
export function path(points: readonly (readonly [x: number, y: number])[], index: number): string {
  const d = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`).join('');
  if (d === '') return '';
  const stroke = { stroke: colourOf(index), 'stroke-width': 1.8, 'stroke-dasharray': dashOf(index) };
  return element('path', { d, fill: 'none', ...stroke });
}
