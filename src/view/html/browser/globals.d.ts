/** What the scripts before this one leave in the page: uPlot. */
import type uPlotType from 'uplot';

declare global {
  const uPlot: typeof uPlotType;
}
