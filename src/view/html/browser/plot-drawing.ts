/** What uPlot does not draw: shaded ranges, lines across, points of several shapes, intervals through points. */
import type uPlotType from 'uplot';
import { isLog, placeLabels, type Plane } from '../chart/geometry.ts';
import { markerOf } from '../chart/looks.ts';
import { stepLines } from '../chart/steps.ts';
import { bandBoxes, intervalsPath, markerPath, marksPath } from '../chart/shapes.ts';
import type { Chart } from './chart.ts';
import { FONT, textWidth } from './plot-text.ts';
import { colour, roleColour } from './theme.ts';

/** A point on an axis is drawn whole. */
const POINT_SIZE = 6;

/** Draws in CSS pixels, within the axes and a margin around them. */
function within(plot: uPlotType, draw: (context: CanvasRenderingContext2D, plane: Plane) => void, margin = 0): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const [left, top, width, height] = [bbox.left, bbox.top, bbox.width, bbox.height].map((each) => each / ratio) as [
    number,
    number,
    number,
    number,
  ];
  ctx.save();
  ctx.scale(ratio, ratio);
  ctx.beginPath();
  ctx.rect(left - margin, top - margin, width + 2 * margin, height + 2 * margin);
  ctx.clip();
  draw(ctx, {
    left,
    top,
    width,
    height,
    xOf: (value) => left + plot.valToPos(value, 'x'),
    yOf: (value) => top + plot.valToPos(value, 'y'),
  });
  ctx.restore();
}

/** Returns what draws a series as steps, in pixels of the canvas. */
export function steppedPaths(chart: Chart, index: number): uPlotType.Series.PathBuilder {
  const { spec } = chart;
  const { kind, spansNulls } = spec.series[index]!;
  return (plot, _at, from, to) => {
    const places = {
      xOf: (value: number) => plot.valToPos(value, 'x', true),
      yOf: (value: number) => plot.valToPos(value, 'y', true),
    };
    const stroke = new Path2D();
    const fill = new Path2D();
    const stepping = { from, to, spansNulls: spansNulls === true, narrowest: 0 };
    for (const line of stepLines(spec, chart.drawn[index]!, places, stepping)) {
      const base = places.yOf(0);
      fill.moveTo(line[0]![0], base);
      line.forEach(([x, y], step) => {
        if (step === 0) stroke.moveTo(x, y);
        else stroke.lineTo(x, y);
        fill.lineTo(x, y);
      });
      fill.lineTo(line.at(-1)![0], base);
    }
    return { stroke, fill: kind === 'area' ? fill : null };
  };
}

export function drawBands(plot: uPlotType, { spec }: Chart): void {
  within(plot, (context, plane) => {
    context.fillStyle = `${colour('chart-band')}24`;
    for (const { left, top, width, height } of bandBoxes(spec, plane)) context.fillRect(left, top, width, height);
  });
}

export function drawMarks(plot: uPlotType, { spec }: Chart): void {
  within(plot, (context, plane) => {
    context.strokeStyle = colour('chart-mark');
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.stroke(new Path2D(marksPath(spec, plane)));
    context.setLineDash([]);
    context.font = FONT;
    context.textAlign = 'left';
    context.textBaseline = 'top';
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeStyle = colour('chart-ground');
    context.fillStyle = colour('chart-text');
    for (const { left, top, text } of placeLabels(spec, plane, (label) => textWidth(plot, label)).placed) {
      context.strokeText(text, left, top + 2);
      context.fillText(text, left, top + 2);
    }
  });
}

export function drawPoints(plot: uPlotType, { spec, isShown }: Chart, index: number): void {
  const series = spec.series[index]!;
  if (!isShown(index)) return;
  within(
    plot,
    (context, plane) => {
      context.strokeStyle = context.fillStyle = roleColour(series.role);
      context.lineWidth = 1.75;
      context.stroke(new Path2D(intervalsPath(spec, series, plane)));
      if (series.kind !== 'points') return;
      const shape = markerOf(series.role);
      spec.x.values.forEach((x, at) => {
        const y = series.values[at] ?? null;
        if (y === null || (isLog(spec.y) && y <= 0)) return;
        const path = new Path2D(markerPath(shape, plane.xOf(x), plane.yOf(y), 4));
        if (shape === 'cross') context.stroke(path);
        else context.fill(path);
      });
    },
    POINT_SIZE,
  );
}
