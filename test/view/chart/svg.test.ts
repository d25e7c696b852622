import t from 'tap';
import { densityPlot, ecdfPlot, seriesPlot, type LinePlot } from '../../../src/view/chart/line-plots.ts';
import { medianPlot } from '../../../src/view/chart/median-plot.ts';
import { linearScale, logScale, niceLogBounds } from '../../../src/view/chart/scale.ts';

/** What is wrong with a document as XML: tags that do not match, bare ampersands, coordinates that are no numbers. */
function faults(svg: string): string[] {
  const found: string[] = [];
  const open: string[] = [];
  const body = svg.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  if (body === svg) found.push('no declaration');
  const tag = /<(\/?)([A-Za-z]+)((?:\s[A-Za-z0-9:-]+="[^"<]*")*)(\/?)>/g;
  for (const [, closes, name, , isEmpty] of body.matchAll(tag)) {
    if (closes === '/') {
      if (open.pop() !== name) found.push(`</${name!}> closes nothing`);
    } else if (isEmpty !== '/') open.push(name!);
  }
  found.push(...open.map((name) => `<${name}> stays open`));
  if (/[<>]/.test(body.replaceAll(tag, ''))) found.push('a bracket outside of tags');
  if (/&(?!(?:amp|lt|gt|quot);)/.test(body)) found.push('a bare ampersand');
  if (/NaN|Infinity|undefined/.test(body)) found.push('a place that is no number');
  return found;
}

const axisLabels = (svg: string): (string | undefined)[] =>
  [...svg.matchAll(/class="axis-label"[^>]*>([^<]*)</g)].map(([, label]) => label);

const LINES: LinePlot = {
  title: 'a < b & "c"',
  subtitle: 'lab',
  quantityLabel: 'round trip (ns)',
  lineTitle: 'engine',
  reference: { value: 30, label: 'budget' },
  lines: [
    { name: 'epoll', samples: [10, 12, 40], atSec: [0, 1, 2] },
    {
      name: 'node & co',
      samples: [20, 20, 20],
      atSec: [0, 1, 2],
      quantiles: [
        [20, 0],
        [30, 1],
      ],
    },
  ],
};

const PLOTS = {
  series: [seriesPlot(LINES), ['time since the first sample (s)', 'round trip (ns)']],
  ecdf: [ecdfPlot(LINES), ['round trip (ns)', 'share of samples up to this value']],
  density: [densityPlot(LINES), ['round trip (ns)', 'density (share of samples per factor of 10)']],
  median: [
    medianPlot({
      title: 'm',
      subtitle: '',
      xLabel: 'rate (pings/s)',
      yLabel: 'round trip (ns)',
      places: ['1', 'max'],
      isOrdered: true,
      lineTitle: 'engine',
      lines: [
        {
          name: 'epoll',
          points: [
            { place: '1', median: 5, lower: 4, upper: 7 },
            { place: 'max', median: 3, lower: null, upper: null },
          ],
        },
      ],
    }),
    ['rate (pings/s)', 'round trip (ns)'],
  ],
} as const;

for (const [name, [svg, labels]] of Object.entries(PLOTS)) {
  t.test(`${name}: well-formed, axes labelled with units`, async (t) => {
    t.same(faults(svg), []);
    t.same(axisLabels(svg), labels);
    t.ok([...svg.matchAll(/<path d="M/g)].length >= 1, 'a line');
  });
}

t.test('of nothing at all: still a document', async (t) => {
  for (const plot of [seriesPlot, ecdfPlot, densityPlot]) t.same(faults(plot({ ...LINES, lines: [] })), []);
});

t.test('scales put values where their ticks are', async (t) => {
  const linear = linearScale(0, 10, [100, 200]);
  t.same([linear.place(0), linear.place(5), linear.place(10)], [100, 150, 200]);
  t.same(
    linear.ticks.map(({ label }) => label),
    ['0', '2', '4', '6', '8', '10'],
  );
  const log = logScale(10, 1000, [0, 100]);
  t.same([log.place(10), log.place(100), log.place(1000)].map(Math.round), [0, 50, 100]);
  t.same(
    log.ticks.map(({ value }) => value),
    [10, 20, 50, 100, 200, 500, 1000],
  );
  t.same(niceLogBounds(13, 480), [10, 500]);
  t.same(niceLogBounds(20, 20), [20, 20]);
});
