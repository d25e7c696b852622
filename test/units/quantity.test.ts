import fc from 'fast-check';
import t from 'tap';
import { ConstantRate } from '../../src/schedule/schedule.ts';
import {
  NS_PER_DAY,
  choiceParser,
  countParser,
  durationParser,
  formatDuration,
  formatRate,
  formatSize,
  parseNumericRate,
  parseRate,
  parseSwitch,
  portParser,
  sizeParser,
} from '../../src/units/quantity.ts';
import { holds } from '../support/property.ts';

const anyDuration = durationParser({ min: 0, max: 30 * NS_PER_DAY });
const anySize = sizeParser({ min: 0, max: 2 ** 40 });

t.test('durations', (t) => {
  for (const [text, ns] of [
    ['10s', 10e9],
    ['500ms', 500e6],
    ['250us', 250e3],
    ['250µs', 250e3],
    ['2m', 120e9],
    ['1h', 3600e9],
    ['7ns', 7],
    ['3', 3e9],
    ['0.1', 1e8],
    ['.5s', 5e8],
    [' 10 s ', 10e9],
    ['0', 0],
  ] as const) {
    t.same(anyDuration(text), { ok: true, value: ns }, text);
  }
  for (const text of [
    '',
    'abc',
    'NaN',
    '-1',
    '-1s',
    '1e3',
    '0x10',
    '10sec',
    '1 2',
    'Infinity',
    '1,5s',
    '10S',
    '40000h',
  ]) {
    t.equal(anyDuration(text).ok, false, `refuses "${text}"`);
  }
  t.end();
});

t.test('a duration out of range says what the range is', (t) => {
  const parse = durationParser({ min: 1e6, max: 3600e9 });
  t.same(parse('0'), { ok: false, expected: 'a duration of at least 1ms' });
  t.same(parse('-3s'), { ok: false, expected: 'a duration of at least 1ms' });
  t.same(parse('2h'), { ok: false, expected: 'a duration of at most 1h' });
  t.same(parse('10days'), {
    ok: false,
    expected: 'a duration in ns, us, ms, s, m or h, such as 10s, 500ms, 250us or 2m',
  });
  t.end();
});

t.test('a duration reads back as it was written', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 0, max: 30 * NS_PER_DAY }), (ns) => {
      const parsed = anyDuration(formatDuration(ns));
      return parsed.ok && parsed.value === ns;
    }),
  );
  t.equal(formatDuration(90e9), '90s');
  t.equal(formatDuration(1.5e9), '1500ms');
  t.end();
});

t.test('units of duration agree', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 0, max: 100_000 }), (n) => {
      const values = [`${n}s`, `${n * 1000}ms`, `${n * 1e6}us`, String(n)].map((text) => anyDuration(text));
      return values.every((value) => value.ok && value.value === n * 1e9);
    }),
  );
  t.end();
});

t.test('rates', (t) => {
  for (const [text, rate] of [
    ['25000', 25_000],
    ['25000/s', 25_000],
    ['25k', 25_000],
    ['1.5k/s', 1500],
    ['1.1k', 1100],
    ['2M', 2_000_000],
    ['0.5', 0.5],
    ['30/m', 0.5],
    ['1/m', 1 / 60],
    ['90/H', 0.025],
    ['1.2k/m', 20],
    ['max', 'max'],
    ['MAX', 'max'],
  ] as const) {
    t.same(parseRate(text), { ok: true, value: rate }, text);
  }
  t.same(parseRate('0'), { ok: false, expected: 'more than 0 connections/s' });
  t.same(parseRate('-5'), { ok: false, expected: 'more than 0 connections/s' });
  for (const text of [
    '',
    'abc',
    'NaN',
    'Infinity',
    '1e3',
    '25kk',
    '25/d',
    '1/h',
    '1e-9',
    '0.0001',
    '1000M',
    '--5',
    '5 5',
  ]) {
    t.equal(parseRate(text).ok, false, `refuses "${text}"`);
  }
  t.equal(parseNumericRate('max').ok, false);
  t.end();
});

t.test('a rate per minute or hour gives exactly as many attempts', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 1000 }), (perMinute, minutes) => {
      const rate = parseNumericRate(`${perMinute}/m`);
      return rate.ok && new ConstantRate(rate.value).countBefore(minutes * 60e9) === perMinute * minutes;
    }),
  );
  t.end();
});

t.test('a rate reads back as it was written', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 10_000_000_000 }), (thousandths) => {
      const rate = thousandths / 1000;
      const parsed = parseRate(formatRate(rate));
      return parsed.ok && parsed.value === rate;
    }),
  );
  for (const text of ['1/m', '7/m', '100/h', '0.5/s', '25000/s', '1.5/s', 'max']) {
    const rate = parseRate(text);
    t.equal(rate.ok && formatRate(rate.value), text);
  }
  t.end();
});

t.test('sizes', (t) => {
  for (const [text, bytes] of [
    ['64', 64],
    ['64KiB', 65_536],
    ['64kib', 65_536],
    ['8MiB', 8_388_608],
    ['1KB', 1000],
    ['1.5KiB', 1536],
    ['2GB', 2e9],
    ['0', 0],
    ['12B', 12],
  ] as const) {
    t.same(anySize(text), { ok: true, value: bytes }, text);
  }
  for (const text of ['', 'abc', '-1', '1.5', '64k', '64K', '1e3', '5TB', '0.3KiB', '2000GiB']) {
    t.equal(anySize(text).ok, false, `refuses "${text}"`);
  }
  const bounded = sizeParser({ min: 1, max: 1024 });
  t.same(bounded('0'), { ok: false, expected: 'at least 1' });
  t.same(bounded('-4'), { ok: false, expected: 'at least 1' });
  t.same(bounded('1MiB'), { ok: false, expected: 'at most 1KiB' });
  t.end();
});

t.test('a size reads back as it was written', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.constantFrom(1, 1024, 1024 ** 2), (count, unit) => {
      const bytes = (count % 2 ** 20) * unit;
      const parsed = anySize(formatSize(bytes));
      return parsed.ok && parsed.value === bytes;
    }),
  );
  t.end();
});

t.test('counts and ports', (t) => {
  const count = countParser('threads', { min: 1, max: 8 });
  t.same(count('8'), { ok: true, value: 8 });
  for (const text of ['0', '9', '-1', '1.5', '', 'x', '1e0']) {
    t.same(count(text), { ok: false, expected: 'a whole number of threads from 1 to 8' }, text);
  }
  t.same(portParser(1)('65535'), { ok: true, value: 65_535 });
  t.same(portParser(0)('0'), { ok: true, value: 0 });
  t.same(portParser(1)('0'), { ok: false, expected: 'a port from 1 to 65535' });
  t.same(portParser(0)('70000'), { ok: false, expected: 'a port from 0 to 65535' });
  t.end();
});

t.test('words', (t) => {
  const colour = choiceParser(['red', 'green', 'blue']);
  t.same(colour(' Red '), { ok: true, value: 'red' });
  t.same(colour('pink'), { ok: false, expected: 'red, green or blue' });
  for (const text of ['1', 'true', 'YES', 'on']) t.same(parseSwitch(text), { ok: true, value: true });
  for (const text of ['0', 'false', 'No', 'off']) t.same(parseSwitch(text), { ok: true, value: false });
  t.equal(parseSwitch('maybe').ok, false);
  t.end();
});

t.test('no text makes a parser throw', (t) => {
  const parsers = [anyDuration, anySize, parseRate, parseSwitch, portParser(0)];
  holds(
    t,
    fc.property(fc.string(), (text) => parsers.every((parse) => typeof parse(text).ok === 'boolean')),
  );
  t.end();
});
