import fc from 'fast-check';
import t from 'tap';
import type { ChartUnit } from '../../../../src/view/html/chart/spec.ts';
import { formatChartValue, ticksOf, type TickedRange } from '../../../../src/view/html/chart/ticks.ts';
import { holds } from '../../../support/property.ts';

const labels = (unit: ChartUnit, scale: 'linear' | 'log', min: number, max: number, wanted = 6): string[] =>
  ticksOf({ unit, scale, min, max, wanted }).map(({ label }) => label);

t.test('even steps have the unit of the largest', async (t) => {
  t.strictSame(labels('ns', 'linear', 0, 2e6), ['0', '0.5 ms', '1 ms', '1.5 ms', '2 ms']);
  t.strictSame(labels('ns', 'linear', 0, 950, 5), ['0', '200 ns', '400 ns', '600 ns', '800 ns']);
  t.strictSame(labels('usec', 'linear', 0, 4000, 4), ['0', '1 ms', '2 ms', '3 ms', '4 ms']);
  t.strictSame(labels('per_sec', 'linear', 0, 25_000, 5), ['0', '5k/s', '10k/s', '15k/s', '20k/s', '25k/s']);
  t.strictSame(labels('count', 'linear', 0, 3, 9), ['0', '1', '2', '3']);
  t.strictSame(labels('percent', 'linear', 0, 0.4, 4), ['0 %', '0.1 %', '0.2 %', '0.3 %', '0.4 %']);
  t.strictSame(labels('bytes', 'linear', 0, 3 * 1024 ** 2, 3), ['0', '1 MiB', '2 MiB', '3 MiB']);
  t.strictSame(labels('bytes_per_sec', 'linear', 0, 2048, 2), ['0', '1 KiB/s', '2 KiB/s']);
  t.strictSame(labels('ratio', 'linear', 0.9, 1.1, 4), ['0.9', '0.95', '1', '1.05', '1.1']);
});

t.test('time is divided as a clock divides it', async (t) => {
  t.strictSame(labels('sec', 'linear', 0, 10, 5), ['0 s', '2 s', '4 s', '6 s', '8 s', '10 s']);
  t.strictSame(labels('sec', 'linear', 0, 600, 6), ['0 min', '2 min', '4 min', '6 min', '8 min', '10 min']);
  t.strictSame(labels('sec', 'linear', 0, 7200, 4), ['0 min', '30 min', '60 min', '90 min', '120 min']);
  t.strictSame(labels('sec', 'linear', 0, 4 * 3600, 5), ['0 h', '1 h', '2 h', '3 h', '4 h']);
  t.strictSame(labels('sec', 'linear', 300, 340, 4), ['300 s', '310 s', '320 s', '330 s', '340 s']);
});

t.test('a logarithmic axis has powers of ten, each in its own unit', async (t) => {
  t.strictSame(labels('ns', 'log', 1e4, 1e8), ['10 µs', '100 µs', '1 ms', '10 ms', '100 ms']);
  t.strictSame(labels('ns', 'log', 1e5, 1e6), ['100 µs', '200 µs', '500 µs', '1 ms']);
  t.strictSame(labels('per_sec', 'log', 0.01, 1e6, 4), ['0.01/s', '1/s', '100/s', '10k/s', '1M/s']);
  t.strictSame(
    labels('ns', 'log', 1.1e6, 1.4e6, 3),
    ['1.1 ms', '1.2 ms', '1.3 ms', '1.4 ms'],
    'within a decade even steps',
  );
});

t.test('percentiles stand on 1/(1-q)', async (t) => {
  t.strictSame(labels('percentile', 'log', 1, 1e4), ['50 %', '90 %', '99 %', '99.9 %', '99.99 %']);
  t.strictSame(labels('percentile', 'log', 1, 100, 8), ['0 %', '50 %', '90 %', '95 %', '97.5 %', '99 %']);
  t.equal(formatChartValue('percentile', 150_000), '99.99933 %');
});

t.test('values are told exactly enough', async (t) => {
  t.equal(formatChartValue('ns', 1_234_567), '1.23 ms');
  t.equal(formatChartValue('usec', 1500), '1.50 ms');
  t.equal(formatChartValue('per_sec', 24_987), '24,987/s');
  t.equal(formatChartValue('count', 2.5), '2.50');
  t.equal(formatChartValue('percent', 12.5), '12.5 %');
  t.equal(formatChartValue('percent', -98.4), '-98.4 %');
  t.equal(formatChartValue('percent', 1283.4), '1283 %');
  t.equal(formatChartValue('ratio', 1.08321), '1.083');
  t.equal(formatChartValue('bytes_per_sec', 2048), '2.00 KiB/s');
  t.equal(formatChartValue('category', 1, ['epoll', 'uring']), 'uring');
});

t.test('ticks of any range ascend, lie within it, and are neither none nor too many', async (t) => {
  const units: ChartUnit[] = ['ns', 'usec', 'sec', 'per_sec', 'count', 'percent', 'ratio', 'bytes', 'bytes_per_sec'];
  const range = fc.record({
    unit: fc.constantFrom(...units),
    scale: fc.constantFrom('linear' as const, 'log' as const),
    min: fc.double({ min: 1e-3, max: 1e11, noNaN: true }),
    factor: fc.double({ min: 1.5, max: 1e9, noNaN: true }),
    wanted: fc.integer({ min: 2, max: 12 }),
  });
  holds(
    t,
    fc.property(range, ({ factor, ...rest }) => {
      const ticked: TickedRange = { ...rest, max: rest.min * factor };
      const values = ticksOf(ticked).map(({ value }) => value);
      const isWithin = values.every((value) => value >= rest.min * (1 - 1e-6) && value <= ticked.max * (1 + 1e-6));
      const ascends = values.every((value, index) => index === 0 || value > values[index - 1]!);
      return (
        isWithin && ascends && values.length <= 2 * rest.wanted + 2 && (rest.unit === 'count' || values.length > 0)
      );
    }),
  );
});

t.test('any finite numbers have ticks that end', async (t) => {
  const finite = fc.oneof(
    fc.constantFrom(0, -1, Number.MIN_VALUE, 1e-300, Number.MAX_VALUE, -Number.MAX_VALUE),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const units: ChartUnit[] = ['ns', 'usec', 'sec', 'count', 'percent', 'bytes', 'percentile'];
  const range = fc.record({
    unit: fc.constantFrom(...units),
    scale: fc.constantFrom('linear' as const, 'log' as const),
    one: finite,
    other: finite,
    wanted: fc.integer({ min: 1, max: 12 }),
  });
  holds(
    t,
    fc.property(range, ({ one, other, ...rest }) => {
      return ticksOf({ ...rest, min: Math.min(one, other), max: Math.max(one, other) }).length < 700;
    }),
  );
});
