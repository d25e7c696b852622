// tier: kernel
import fc from 'fast-check';
import t from 'tap';
import {
  OWN_SOURCES_MAX,
  SOURCES_MAX,
  countSources,
  firstSource,
  formatSources,
  hasSource,
  listSources,
  missingSources,
  parseSource,
  planRuns,
  type SourceRuns,
} from '../../../src/plan/address/sources.ts';

/** The runs of the texts, or what was expected instead. */
function runsOf(most: number, ...texts: readonly string[]): SourceRuns | string {
  const specs = [];
  for (const text of texts) {
    const parsed = parseSource(text);
    if (!parsed.ok) return parsed.expected;
    specs.push(parsed.value);
  }
  const runs = planRuns(specs, most);
  return runs.ok ? runs.value : runs.expected;
}

/** Every address of the texts, or what was expected instead. */
function expand(...texts: readonly string[]): readonly string[] | string {
  const runs = runsOf(SOURCES_MAX, ...texts);
  return typeof runs === 'string' ? runs : listSources(runs);
}

t.test('addresses, ranges and prefixes', (t) => {
  t.same(expand('127.0.0.1'), ['127.0.0.1']);
  t.same(expand('127.0.0.254-127.0.1.1'), ['127.0.0.254', '127.0.0.255', '127.0.1.0', '127.0.1.1']);
  t.same(expand('10.0.0.9', '10.0.0.1 - 10.0.0.2'), ['10.0.0.9', '10.0.0.1', '10.0.0.2']);
  t.same(expand('fd00::fffe-fd00::1:1'), ['fd00::fffe', 'fd00::ffff', 'fd00::1:0', 'fd00::1:1']);
  t.same(expand('fe80::1%lo'), ['fe80::1%lo']);
  t.same(expand('::ffff:1.2.3.4'), ['::ffff:102:304']);
  t.end();
});

t.test('an IPv4 prefix leaves out its network and broadcast address, where there are such', (t) => {
  t.same(expand('10.0.0.0/30'), ['10.0.0.1', '10.0.0.2']);
  t.same(expand('10.0.0.1/30'), ['10.0.0.1', '10.0.0.2'], 'host bits are ignored');
  t.same(expand('10.0.0.0/31'), ['10.0.0.0', '10.0.0.1']);
  t.same(expand('10.0.0.7/32'), ['10.0.0.7']);
  t.equal(expand('10.0.0.0/28').length, 14);
  t.same(expand('127.0.1.0/30'), ['127.0.1.0', '127.0.1.1', '127.0.1.2', '127.0.1.3'], 'all of loopback is usable');
  t.same(expand('127.0.0.0/30'), ['127.0.0.1', '127.0.0.2', '127.0.0.3'], 'but for its two ends');
  t.same(expand('fd00::/126'), ['fd00::', 'fd00::1', 'fd00::2', 'fd00::3']);
  t.end();
});

t.test('what is no list of sources', (t) => {
  for (const text of [
    '',
    'abc',
    '1.2.3',
    '1.2.3.4-',
    '1.2.3.4-::1',
    '10.0.0.2-10.0.0.1',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '1.2.3.4/8/8',
    'fe80::1%lo-fe80::2%lo',
  ]) {
    t.equal(parseSource(text).ok, false, `refuses "${text}"`);
  }
  t.match(expand('10.0.0.0/8'), /^at most 65536 source addresses; these are 16777214$/);
  t.match(expand('127.1.0.0/16', '127.2.0.1'), /^at most 65536 source addresses; all together these are 65537$/);
  t.equal(expand('127.1.0.0/16').length, SOURCES_MAX);
  t.match(expand('127.0.0.1-127.0.0.8', '127.0.0.3'), /^every source address once; 127\.0\.0\.3 is given again$/);
  t.end();
});

t.test('a list of sources reads back as it was written', (t) => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 8 }), (addresses) => {
      const runs = runsOf(SOURCES_MAX, ...addresses);
      if (typeof runs === 'string') return runs.startsWith('every source address once');
      return JSON.stringify(expand(...formatSources(runs))) === JSON.stringify(listSources(runs));
    }),
  );
  t.same(formatSources(runsOf(SOURCES_MAX, '127.0.0.1', '127.0.0.2', '127.0.0.4') as SourceRuns), [
    '127.0.0.1-127.0.0.2',
    '127.0.0.4',
  ]);
  t.same(formatSources([]), []);
  t.end();
});

t.test('an engine that answers for its addresses itself may have a /8 or a /104 of them', (t) => {
  const ten = runsOf(OWN_SOURCES_MAX, '10.0.0.0/8') as SourceRuns;
  t.equal(countSources(ten), 2 ** 24 - 2);
  t.same(formatSources(ten), ['10.0.0.1-10.255.255.254']);
  const six = runsOf(OWN_SOURCES_MAX, 'fd00::/104') as SourceRuns;
  t.equal(countSources(six), 2 ** 24);
  t.same(firstSource(six), ['fd00::']);
  t.match(runsOf(OWN_SOURCES_MAX, 'fd00::/103'), /16777216 with --engine packet; these are 33554432$/);
  t.match(runsOf(OWN_SOURCES_MAX, '10.0.0.0/8', '11.0.0.0/8'), /^at most 16777216 source addresses; all together/);
  t.end();
});

t.test('whether an address is one of many', (t) => {
  const runs = runsOf(OWN_SOURCES_MAX, '10.0.0.0/8', '192.0.2.7', '10.0.0.0-10.0.0.0') as SourceRuns;
  t.equal(hasSource(runs, '10.200.3.4'), true);
  t.equal(hasSource(runs, '10.255.255.255'), false, 'the broadcast address is left out');
  t.equal(hasSource(runs, '192.0.2.7'), true);
  t.equal(hasSource(runs, '::a00:1'), false, 'the same number in the other family');
  t.equal(hasSource(runsOf(2, 'fe80::1%lo') as SourceRuns, 'fe80::1%eth0'), true, 'zones aside');
  t.match(runsOf(OWN_SOURCES_MAX, '10.0.0.0/8', '10.9.9.9'), /^every source address once; 10\.9\.9\.9 is given again$/);
  t.end();
});

t.test('what this machine does not have', async (t) => {
  t.same(await missingSources(['127.0.0.1', '192.0.2.200', '127.9.9.9', '2001:db8::1']), [
    '192.0.2.200',
    '2001:db8::1',
  ]);
});
