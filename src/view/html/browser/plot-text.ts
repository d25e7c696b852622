/** Texts on a canvas. */
import type uPlotType from 'uplot';

export const FONT = '12px system-ui, "DejaVu Sans", Arial, sans-serif';

/** Returns the width of a text in CSS pixels. */
export function textWidth(plot: uPlotType, text: string): number {
  const { ctx } = plot;
  ctx.save();
  ctx.font = FONT;
  const { width } = ctx.measureText(text);
  ctx.restore();
  return width;
}
