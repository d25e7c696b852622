/**
 * What runs in a page. It draws the charts of the page anew, with a cursor and zoom. Where anything that it needs is missing, it leaves
 * the page as it was: with the charts as pictures.
 */
import { CHART_CLASSES, type PageData } from '../chart/spec.ts';
import { Announcer } from './announcer.ts';
import { ChartGroup } from './chart-group.ts';
import { ChartView } from './chart-view.ts';
import { addDownloads } from './downloads.ts';
import { readPageData } from './page-data.ts';
import { addThemeButton, onThemeChange } from './theme.ts';

async function start(): Promise<void> {
  const data = await readPageData();
  const views = drawCharts(data);
  document.documentElement.classList.add(CHART_CLASSES.hasScript);
  for (const view of views) view.fit();
  addThemeButton();
  addDownloads(data);
  onThemeChange(() => {
    for (const view of views) view.redraw();
  });
}

function drawCharts({ charts }: PageData): ChartView[] {
  const announcer = new Announcer();
  const groups = new Map<string, ChartGroup>();
  const views: ChartView[] = [];
  for (const spec of charts) {
    const figure = document.querySelector<HTMLElement>(`.${CHART_CLASSES.figure}[data-chart="${spec.id}"]`);
    if (figure === null || spec.x.values.length === 0) continue;
    // A chart on its own is a group of one.
    const name = spec.group ?? `only ${spec.id}`;
    const group = groups.get(name) ?? new ChartGroup(name);
    groups.set(name, group);
    views.push(new ChartView(spec, figure, group, announcer));
  }
  return views;
}

void start();
