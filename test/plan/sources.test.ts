// tier: kernel
import fc from 'fast-check';
import t from 'tap';
import { SOURCES_MAX, compactSources, expandSources, missingSources, parseSource } from '../../src/plan/sources.ts';

/** Every address of the texts, or what was expected instead. */
function expand(...texts: readonly string[]): readonly string[] | string {
  const specs = [];
  for (const text of texts) {
    const parsed = parseSource(text);
    if (!parsed.ok) return parsed.expected;
    specs.push(parsed.value);
  }
  const expanded = expandSources(specs);
  return expanded.ok ? expanded.value : expanded.expected;
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
      const expanded = expand(...addresses);
      if (typeof expanded === 'string') return expanded.startsWith('every source address once');
      return JSON.stringify(expand(...compactSources(expanded))) === JSON.stringify(expanded);
    }),
  );
  t.same(compactSources(['127.0.0.1', '127.0.0.2', '127.0.0.4']), ['127.0.0.1-127.0.0.2', '127.0.0.4']);
  t.same(compactSources([]), []);
  t.end();
});

t.test('what this machine does not have', async (t) => {
  t.same(await missingSources(['127.0.0.1', '192.0.2.200', '127.9.9.9', '2001:db8::1']), [
    '192.0.2.200',
    '2001:db8::1',
  ]);
});
