/** What uPlot is told of a chart. */
import type uPlotType from 'uplot';
import { isLog, yExtent } from '../chart/geometry.ts';
import { dashOf } from '../chart/looks.ts';
import type { ChartAxis } from '../chart/spec.ts';
import { ticksOf, type Tick } from '../chart/ticks.ts';
import type { Chart } from './chart.ts';
import { drawBands, drawMarks, drawPoints, steppedPaths } from './plot-drawing.ts';
import { FONT, textWidth } from './plot-text.ts';
import { areaColour, colour, roleColour } from './theme.ts';

/** Pixels: between labels of ticks, and what a line of text takes. */
const LABEL_GAP = 8;
/** Right of the plane, for the half of a label. */
const EDGE = 22;
const TICK_SPACE = 30;
/** A line of so few points shows them; one with gaps shows any number, because a point between two gaps is no line. */
const SPARSE = 40;

export function heightOf(width: number): number {
  return width < 520 ? 230 : 270;
}

export function plotOptions(chart: Chart, width: number): uPlotType.Options {
  const { spec } = chart;
  return {
    width,
    height: heightOf(width),
    padding: [8, EDGE, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, ...distributionOf(spec.x), range: (_plot, min, max) => [min, max] },
      y: { ...distributionOf(spec.y), range: (plot) => shownHeight(chart, plot) },
    },
    axes: [xAxis(chart), yAxis(chart)],
    series: [{}, ...chart.order.map((index) => seriesOptions(chart, index))],
    cursor: cursorOptions(chart),
    hooks: {
      drawClear: [(plot) => drawBands(plot, chart)],
      drawSeries: [(plot, at) => drawPoints(plot, chart, chart.order[at - 1]!)],
      draw: [(plot) => drawMarks(plot, chart)],
      setCursor: [() => chart.showValues()],
      setSelect: [(plot) => zoomToSelection(plot, chart)],
    },
  };
}

/** uPlot's numbers of scales: 3 is logarithmic, 1 linear. */
function distributionOf(axis: ChartAxis): Pick<uPlotType.Scale, 'distr'> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enum has types only, and no values
  return { distr: isLog(axis) ? 3 : 1 };
}

function shownHeight(chart: Chart, plot: uPlotType): [number, number] {
  // uPlot has found them by now, but has not set the scale of x.
  const [from, to] = plot.series[0]!.idxs ?? [0, chart.spec.x.values.length - 1];
  // One more on each side: a line goes on to them.
  const [low, high] = yExtent(chart.spec, chart.drawn, chart.isShown, from - 1, to + 1);
  return [low, high];
}

function cursorOptions(chart: Chart): uPlotType.Cursor {
  const reset: uPlotType.Cursor.MouseListenerFactory = () => () => {
    chart.group.zoom(null);
    return null;
  };
  return {
    y: false,
    drag: { x: true, y: false, setScale: false },
    bind: { dblclick: reset },
    // A drag is drawn where it is, and its zoom is told to the group.
    sync: { key: chart.group.name, scales: ['x', null], filters: { pub: (type) => type === 'mousemove' } },
    points: { size: 7 },
  };
}

function zoomToSelection(plot: uPlotType, { group }: Chart): void {
  const { left, width } = plot.select;
  if (width < 3) return;
  const extent = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')] as const;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  group.zoom(extent);
}

function seriesOptions(chart: Chart, index: number): uPlotType.Series {
  const { x, series: all } = chart.spec;
  const series = all[index]!;
  const isStepped = x.end !== undefined;
  const stroke = (): string => roleColour(series.role);
  if (series.kind === 'points') return { stroke, paths: () => null, points: { show: false } };
  const options: uPlotType.Series = {
    stroke,
    width: 1.75,
    dash: [...dashOf(series.role)],
    spanGaps: series.spansNulls === true,
    points: {
      show: series.kind === 'line' && !isStepped && (x.values.length <= SPARSE || series.spansNulls !== true),
      size: 5,
      fill: stroke,
    },
    ...(isStepped ? { paths: steppedPaths(chart, index) } : {}),
  };
  if (series.kind === 'line') return options;
  const isStacked = series.stacked === true;
  return { ...options, fill: () => (isStacked ? areaColour(series.role) : `${roleColour(series.role)}33`) };
}

function looks(): Pick<uPlotType.Axis, 'stroke' | 'grid' | 'ticks' | 'border' | 'font'> {
  const line = { stroke: () => colour('chart-grid'), width: 1 };
  return {
    stroke: () => colour('chart-text'),
    grid: line,
    ticks: { ...line, size: 4 },
    border: { show: true, stroke: () => colour('chart-axis'), width: 1 },
    font: FONT,
  };
}

function xAxis(chart: Chart): uPlotType.Axis {
  const { x } = chart.spec;
  let ticks: readonly Tick[] = [];
  return {
    ...looks(),
    label: x.label,
    labelFont: FONT,
    labelSize: 20,
    size: 26,
    gap: 3,
    splits: (plot, _axis, min, max) => {
      ticks = roomyTicks(chart, plot, min, max);
      return ticks.map(({ value }) => value);
    },
    filter: (_plot, splits) => splits,
    values: (_plot, splits) => splits.map((value) => ticks.find((tick) => tick.value === value)?.label ?? ''),
  };
}

/** The ticks of the x axis, without those whose label would touch the one before. */
function roomyTicks({ spec: { x } }: Chart, plot: uPlotType, min: number, max: number): Tick[] {
  const width = plot.bbox.width / devicePixelRatio || 300;
  const kept: Tick[] = [];
  let end = -Infinity;
  const place = (value: number): number => plot.valToPos(value, 'x');
  for (const tick of xTicks(x, min, max, width)) {
    const half = textWidth(plot, tick.label) / 2;
    const centre = place(tick.value);
    if (centre - half < end + LABEL_GAP) continue;
    // What would be cut off at the edge is left out.
    if (centre + half > width + EDGE) continue;
    end = centre + half;
    kept.push(tick);
  }
  return kept;
}

function xTicks(x: Chart['spec']['x'], min: number, max: number, width: number): Tick[] {
  if (x.unit !== 'category') return ticksOf({ ...x, min, max, wanted: Math.max(2, Math.floor(width / 80)) });
  const room = Math.max(8, Math.floor(width / Math.max(1, max - min) / 7));
  return (x.names ?? []).flatMap((name, value) =>
    value < min || value > max ? [] : [{ value, label: name.length > room ? `${name.slice(0, room - 1)}…` : name }],
  );
}

function yAxis({ spec: { y } }: Chart): uPlotType.Axis {
  let ticks: readonly Tick[] = [];
  return {
    ...looks(),
    gap: 3,
    size: (plot, values) =>
      Math.ceil(
        Math.max(
          plot.width < 520 ? 38 : 46,
          ...((values as string[] | null) ?? []).map((text) => textWidth(plot, text)),
        ),
      ) + 10,
    splits: (plot, _axis, min, max) => {
      const height = plot.bbox.height / devicePixelRatio || 200;
      ticks = ticksOf({ ...y, min, max, wanted: Math.max(2, Math.floor(height / TICK_SPACE)) });
      return ticks.map(({ value }) => value);
    },
    filter: (_plot, splits) => splits,
    values: (_plot, splits) => splits.map((value) => ticks.find((tick) => tick.value === value)?.label ?? ''),
  };
}
