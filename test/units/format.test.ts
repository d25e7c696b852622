import fc from 'fast-check';
import t from 'tap';
import {
  formatBytes,
  formatCount,
  formatCountOf,
  formatLatency,
  formatPerSec,
  formatSeconds,
  formatShare,
  threeDigits,
} from '../../src/units/format.ts';
import { holds } from '../support/property.ts';

t.test('latencies', (t) => {
  for (const [ns, text] of [
    [0, '0 ns'],
    [812, '812 ns'],
    [999.9, '1.00 µs'],
    [31_240, '31.2 µs'],
    [999_960, '1.00 ms'],
    [1_044_000, '1.04 ms'],
    [9_996_000, '10.0 ms'],
    [12_345_000_000, '12.3 s'],
    [3_600_000_000_000, '3600 s'],
  ] as const) {
    t.equal(formatLatency(ns), text);
  }
  t.end();
});

t.test('a latency is right to within a percent and never wide', (t) => {
  const units: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 1e12 }), (ns) => {
      const text = formatLatency(ns);
      const [digits = '', unit = ''] = text.split(' ');
      return text.length <= 7 && Math.abs(Number(digits) * (units[unit] ?? 0) - ns) <= ns * 0.01;
    }),
  );
  t.end();
});

t.test('other figures', (t) => {
  t.equal(formatCount(1_234_567), '1,234,567');
  t.equal(formatPerSec(25_000), '25,000/s');
  t.equal(formatPerSec(24_998.7), '24,999/s');
  t.equal(formatPerSec(9.871), '9.87/s');
  t.equal(formatPerSec(0), '0/s');
  t.equal(formatPerSec(1 / 60), '0.0167/s');
  t.equal(formatPerSec(0.001), '0.0010/s');
  t.equal(formatPerSec(99.97), '100/s');
  t.equal(formatBytes(0), '0 B');
  t.equal(formatBytes(1023), '1023 B');
  t.equal(formatBytes(16_000_000), '15.3 MiB');
  t.equal(formatBytes(1024 ** 3 - 1), '1.00 GiB');
  t.equal(formatSeconds(10), '10 s');
  t.equal(formatSeconds(0.5), '0.5 s');
  t.equal(formatSeconds(120), '2 min');
  t.equal(formatSeconds(125), '2 min 5 s');
  t.equal(formatSeconds(0), '0 s');
  t.equal(formatSeconds(0.0001), '100 µs');
  t.equal(formatSeconds(0.004), '4 ms', 'what is short is not 0');
  t.equal(formatSeconds(7199.6), '120 min');
  t.equal(formatSeconds(9000), '2 h 30 min');
  t.equal(formatSeconds(200_000), '2 d 8 h', 'two units are enough');
  t.equal(threeDigits(0), '0');
  t.equal(threeDigits(9.995), '9.99');
  t.equal(threeDigits(99.96), '100');
  t.end();
});

t.test('one of a kind is one', (t) => {
  t.equal(formatCountOf(0, 'trial'), '0 trials');
  t.equal(formatCountOf(1, 'trial'), '1 trial');
  t.equal(formatCountOf(1200, 'trial'), '1,200 trials');
  t.end();
});

t.test('a share is 0 % or 100 % only where it is', (t) => {
  t.equal(formatShare(0, 10), '0 %');
  t.equal(formatShare(10, 10), '100 %');
  t.equal(formatShare(0, 0), '0 %');
  t.equal(formatShare(1, 8), '12.5 %');
  t.equal(formatShare(1, 25_000), '0.004 %');
  t.equal(formatShare(1, 10_000_000), '< 0.001 %');
  t.equal(formatShare(9_999_999, 10_000_000), '> 99.999 %');
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (part, rest) => {
      const text = formatShare(part, part + rest);
      return text !== '0 %' && text !== '100 %';
    }),
  );
  t.end();
});
