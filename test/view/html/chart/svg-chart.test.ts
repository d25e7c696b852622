import fc from 'fast-check';
import t from 'tap';
import type { ChartSeries, ChartSpec, ChartUnit } from '../../../../src/view/html/chart/spec.ts';
import { holds } from '../../../support/property.ts';
import { svgChart } from '../../../../src/view/html/chart/svg-chart.ts';
import { placesOf, stepLines } from '../../../../src/view/html/chart/steps.ts';
import { thinned, type Point } from '../../../../src/view/html/chart/svg-path.ts';
import { drawnValues, placeLabels, xExtent, yExtent, type Plane } from '../../../../src/view/html/chart/geometry.ts';

const SECONDS = Array.from({ length: 600 }, (_, second) => second);

function chartOf(series: readonly ChartSeries[], more: Partial<ChartSpec> = {}): ChartSpec {
  return {
    id: 'chart',
    title: 'Latency',
    description: 'Percentiles of each second.',
    x: { label: 'time', unit: 'sec', scale: 'linear', values: SECONDS.slice(0, series[0]?.values.length) },
    y: { label: 'latency', unit: 'ns', scale: 'log' },
    series,
    ...more,
  };
}

const line = (values: readonly (number | null)[]): ChartSeries => ({ label: 'p99', role: 'p99', kind: 'line', values });

/** The rectangles of all texts, at the width that a wide font gives them. */
function textBoxes(svg: string): { text: string; left: number; right: number; y: number }[] {
  const boxes: { text: string; left: number; right: number; y: number }[] = [];
  let anchor = '';
  for (const [, group, attributes, content] of svg.matchAll(/<g text-anchor="(\w+)">|<\/g>|<text ([^>]*)>([^<]*)</g)) {
    if (content === undefined) {
      anchor = group ?? '';
      continue;
    }
    const numberOf = (name: string): number => Number(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes!)?.[1]);
    const own = /text-anchor="(\w+)"/.exec(attributes!)?.[1] ?? anchor;
    const width = content.replaceAll(/&\w+;/g, '.').length * 6.6;
    const left = numberOf('x') - (own === 'middle' ? width / 2 : own === 'end' ? width : 0);
    boxes.push({ text: content, left, right: left + width, y: numberOf('y') });
  }
  return boxes;
}

function overlaps(svg: string): string[] {
  const boxes = textBoxes(svg);
  return boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter((other) => one.left < other.right && other.left < one.right && Math.abs(one.y - other.y) < 11)
      .map((other) => `${one.text} / ${other.text}`),
  );
}

t.test('a chart is an image with a name and a description, without styles of its own', async (t) => {
  const svg = svgChart(chartOf([line([1e6, 2e6, null, 3e6])]));
  t.match(svg, /^<svg [^>]*role="img" aria-labelledby="chart-title chart-description">/);
  t.match(svg, '<title id="chart-title">Latency</title>');
  t.match(svg, '<desc id="chart-description">Percentiles of each second.</desc>');
  t.notMatch(svg, / style=|<style/);
});

t.test('texts from outside are escaped', async (t) => {
  const bad = '</script><!-- "\u0000 & \u2028';
  const series = [{ ...line([1, 2]), label: bad }];
  const spec = chartOf(series, { title: bad, description: bad, marks: [{ axis: 'y', value: 1.5, label: bad }] });
  const svg = svgChart({ ...spec, y: { ...spec.y, label: bad }, x: { ...spec.x, label: bad } });
  t.notMatch(svg, /<\/script|<!--/);
  t.equal(svg.split('&lt;/script&gt;').length - 1, 6, 'title, description, legend, mark and both axes');
});

t.test('a line has gaps where there are no values, and a value alone is a dot', async (t) => {
  const [d = ''] =
    /<path class="line" d="M5[^"]*"/.exec(svgChart(chartOf([line([1e6, 2e6, null, 3e6, null, 4e6])]))) ?? [];
  t.equal(d.match(/M/g)?.length, 3);
  t.equal(d.match(/h0/g)?.length, 2);
  const spanned = svgChart(chartOf([{ ...line([1e6, null, 2e6]), spansNulls: true }]));
  t.equal(/<path class="line" d="M5([^"]*)"/.exec(spanned)?.[1]?.includes('M'), false);
});

t.test('there is no place that is no number, whatever the values', async (t) => {
  const cases: (number | null)[][] = [[], [null, null], [0, 0, 0], [5], [1e-9, 1e12], [-1, 0, 1]];
  for (const values of cases) {
    for (const scale of ['linear', 'log'] as const) {
      for (const kind of ['line', 'points', 'area'] as const) {
        const series = [{ ...line(values), kind, low: values, high: values }];
        const svg = svgChart(chartOf(series, { y: { label: 'y', unit: 'ns', scale } }));
        t.notMatch(svg, /NaN|Infinity|undefined/, `${JSON.stringify(values)} ${scale} ${kind}`);
      }
    }
  }
  t.match(svgChart(chartOf([line([null])])), 'nothing was measured');
});

t.test('600 points are thinned, and no peak is lost', async (t) => {
  const values = SECONDS.map((second) => (second === 317 ? 9e8 : 1e6 + ((second * 7919) % 97) * 1e4));
  const svg = svgChart(chartOf([line(values)]));
  t.ok(svg.length < 6000, `${svg.length} characters`);
  const points = values.map((value, index): Point => [index * 0.3, value]);
  const kept = thinned(points);
  t.ok(kept.length < points.length / 2);
  t.ok(kept.includes(points[317]!), 'the peak');
  t.ok(kept.includes(points[0]!) && kept.includes(points[599]!), 'both ends');
  t.strictSame(
    [...kept].sort((a, b) => a[0] - b[0]),
    kept,
    'in order',
  );
});

t.test('stacked areas lie on one another; one of nothing covers nothing', async (t) => {
  const area = (values: number[], label: string): ChartSeries => ({
    label,
    role: 'ok',
    kind: 'area',
    stacked: true,
    values,
  });
  const series = [area([5, 5, 5, 5, 5], 'ok'), area([0, 0, 0, 2, 0], 'failed'), line([9, 9, 9, 9, 9])];
  const drawn = drawnValues(series);
  t.strictSame(drawn, [
    [5, 5, 5, 5, 5],
    [null, null, 5, 7, 5],
    [9, 9, 9, 9, 9],
  ]);
  t.strictSame(
    drawnValues(series, (index) => index !== 0)[1],
    [null, null, 0, 2, 0],
    'what lay on a hidden one comes down',
  );
  const spec = chartOf(series, { y: { label: 'rate', unit: 'per_sec', scale: 'linear' } });
  t.strictSame(yExtent(spec, drawn).map(Math.round), [0, 10]);
});

const second = (kind: 'line' | 'area', values: readonly (number | null)[], end: number): ChartSpec =>
  chartOf([{ ...line(values), kind }], {
    x: { label: 'time', unit: 'sec', scale: 'linear', values: SECONDS.slice(0, values.length), end },
    y: { label: 'rate', unit: 'per_sec', scale: 'linear' },
  });

t.test('an interval is drawn over the whole of it, the last one too', async (t) => {
  const spec = second('area', [200, 100, 200], 3);
  t.strictSame(xExtent(spec), [0, 3]);
  t.match(svgChart(spec), '>3 s<', 'the axis goes on to its end');
  const plane = { xOf: (x: number) => x * 10, yOf: (y: number) => y };
  const all = { from: 0, to: 2, spansNulls: false, narrowest: 0 };
  t.strictSame(stepLines(spec, [200, 100, 200], plane, all), [
    [
      [0, 200],
      [10, 200],
      [10, 100],
      [20, 100],
      [20, 200],
      [30, 200],
    ],
  ]);
  t.strictSame(stepLines(spec, [200, null, 100], plane, all), [
    [
      [0, 200],
      [10, 200],
    ],
    [
      [20, 100],
      [30, 100],
    ],
  ]);
  const ends = stepLines(spec, [5, null, 5], plane, { ...all, spansNulls: true });
  t.strictSame(ends[0]?.at(-1), [30, 5], 'a value lasts until the next');
  const shorter = stepLines(spec, [5, 6, null], plane, { ...all, spansNulls: true });
  t.strictSame(shorter.at(-1)?.at(-1), [20, 6], 'and the last one no longer than its interval');
  t.strictSame(placesOf(spec.x), [0.5, 1.5, 2.5], 'a cursor stands in the middle');
});

t.test('ten minutes of steps are points, and end where the last second ends', async (t) => {
  const svg = svgChart(
    second(
      'line',
      SECONDS.map((at) => 100 + (at % 7)),
      600,
    ),
  );
  t.ok(svg.length < 6000, `${svg.length} characters`);
  const [, d = ''] = /<path class="line" d="(M5[^"]*)"/.exec(svg) ?? [];
  const steps = d
    .slice(d.indexOf('l') + 1)
    .match(/-?[\d.]+/g)!
    .map(Number);
  const width = steps.reduce((sum, step, index) => (index % 2 === 0 ? sum + step : sum), 0);
  t.equal(width, 720 - 20 - Number(/^M([\d.]+)/.exec(d)![1]));
});

t.test('axes begin at 0 unless they may not, and show marks and bands', async (t) => {
  const rates = chartOf([line([100, 120])], { y: { label: 'rate', unit: 'per_sec', scale: 'linear' } });
  t.equal(yExtent(rates, drawnValues(rates.series))[0], 0);
  const anywhere = { ...rates, y: { ...rates.y, startsAnywhere: true as const } };
  t.ok(yExtent(anywhere, drawnValues(anywhere.series))[0] > 90);
  const marked = { ...rates, marks: [{ axis: 'y' as const, value: 500, label: 'limit' }] };
  t.ok(yExtent(marked, drawnValues(marked.series))[1] > 500);
  const named = { ...rates, x: { ...rates.x, unit: 'category' as const, values: [0, 1], names: ['a', 'b'] } };
  t.strictSame(xExtent(named), [-0.5, 1.5]);
});

t.test('no text overlaps another', async (t) => {
  const names = Array.from({ length: 14 }, (_, index) => `a rather long name of engine ${index}`);
  const many = names.map((label, index): ChartSeries => ({
    ...line(names.map(() => 1e6 * (index + 1))),
    label,
    role: `run${index}`,
  }));
  const marks = Array.from({ length: 12 }, (_, index) => ({
    axis: 'y' as const,
    value: 1e6 + index * 1e3,
    label: `limit ${index}`,
  }));
  const bands = Array.from({ length: 12 }, (_, index) => ({
    axis: 'x' as const,
    from: index,
    to: index + 1,
    label: `from ${index}`,
  }));
  const crowded = chartOf(many, {
    x: { label: 'engine', unit: 'category', scale: 'linear', values: names.map((_, index) => index), names },
    marks,
    bands,
  });
  t.strictSame(overlaps(svgChart(crowded)), []);
  for (const max of [3, 60, 599, 100_000, 1e7]) {
    const x = { label: 'time', unit: 'sec' as const, scale: 'linear' as const, values: [0, max] };
    t.strictSame(overlaps(svgChart(chartOf([line([1, 1e10])], { x }))), [], `to ${max} s`);
  }
  const percentiles = {
    label: 'percentile',
    unit: 'percentile' as const,
    scale: 'log' as const,
    values: [1, 2, 10, 100, 1e6],
  };
  t.strictSame(overlaps(svgChart(chartOf([line([1, 2, 3, 4, 5])], { x: percentiles }))), []);
});

t.test('words without room on the plane are told apart from those with', async (t) => {
  const plane: Plane = { left: 0, top: 0, width: 300, height: 100, xOf: (x) => x, yOf: (y) => y };
  const marks = Array.from({ length: 9 }, (_, index) => ({
    axis: 'y' as const,
    value: 50 + index / 10,
    label: `limit ${index}`,
  }));
  const { placed, left } = placeLabels(chartOf([], { marks }), plane, (text) => text.length * 7);
  t.equal(placed.length + left.length, 9);
  t.ok(placed.length >= 4 && left.length > 0);
});

t.test('a chart of any finite numbers is drawn, in bounded time and without a place that is no number', async (t) => {
  const ends = [-Number.MAX_VALUE, -1e300, -1e-300, 0, Number.MIN_VALUE, 1e-300, 1e300, Number.MAX_VALUE];
  const number = fc.oneof(fc.constantFrom(...ends), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const units = fc.constantFrom<ChartUnit>('ns', 'usec', 'sec', 'count', 'percent', 'bytes');
  const scale = fc.constantFrom('linear' as const, 'log' as const);
  const anyChart = fc.record({
    xs: fc.uniqueArray(number, { minLength: 1, maxLength: 6 }),
    ys: fc.array(number, { minLength: 6, maxLength: 6 }),
    x: fc.record({ unit: fc.constantFrom<ChartUnit>('sec', 'percentile', 'per_sec'), scale }),
    y: fc.record({ unit: units, scale }),
    startsAnywhere: fc.boolean(),
  });
  holds(
    t,
    fc.property(anyChart, ({ xs, ys, x, y, startsAnywhere }) => {
      const values = [...xs].sort((one, other) => one - other);
      const svg = svgChart(
        chartOf([line(ys.slice(0, values.length))], {
          x: { label: 'x', ...x, values },
          y: { label: 'y', ...y, ...(startsAnywhere ? { startsAnywhere } : {}) },
        }),
      );
      return svg.length < 60_000 && !/NaN|Infinity/.test(svg);
    }),
  );
});
