import { BlockList } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { PLAIN_LIMITS } from '../../fleet/plain-limits.ts';
import {
  LOOPBACK_TARGETS,
  allowsTarget,
  formatAllowedTarget,
  optionToAllow,
  parseAllowedTarget,
  type AllowedTarget,
} from '../../../src/plan/address/allowed-targets.ts';
import { holds } from '../../support/property.ts';

const parsed = (...texts: readonly string[]): AllowedTarget[] =>
  texts.map((text) => {
    const one = parseAllowedTarget(text);
    if (!one.ok) throw new Error(`${text}: ${one.expected}`);
    return one.value;
  });

t.test('networks with ports are read, and written as they were', (t) => {
  for (const text of [
    '10.0.0.0/8',
    '10.0.0.5',
    '10.0.0.5:80',
    '10.0.0.0/8:80,443',
    '10.0.0.0/8:80,443,8000-8100',
    '0.0.0.0/0',
    '2001:db8::/32',
    '2001:db8::1',
    '[2001:db8::/32]:443',
    '[::1]:8000-8100',
    '::/0',
    'any',
    'any:443',
  ]) {
    t.equal(formatAllowedTarget(parsed(text)[0]!), text);
  }
  t.equal(formatAllowedTarget(parsed(' 10.0.0.5/32:80 ')[0]!), '10.0.0.5:80');
  t.equal(formatAllowedTarget(parsed('[2001:DB8:0::1/128]')[0]!), '2001:db8::1');
  t.equal(formatAllowedTarget(parsed('[10.0.0.0/8]:80')[0]!), '10.0.0.0/8:80');
  t.end();
});

t.test('what is no network says what was expected', (t) => {
  for (const [text, expected] of [
    ['', /a network, such as .*; or any, for all targets/],
    ['*', /or any, for all targets/],
    ['example.org', /no name, because who owns a name can move it/],
    ['example.org:80', /no name/],
    ['ANY', /no name/],
    ['443', /where commas separate networks, give the network again for each port/],
    ['10.0.0.1/8', /^10\.0\.0\.0\/8, which is the network of that length, or 10\.0\.0\.1 alone$/],
    ['2001:db8::1/32', /^2001:db8::\/32, which/],
    ['10.0.0.0/33', /a prefix length from 0 to 32/],
    ['::/129', /a prefix length from 0 to 128/],
    ['10.0.0.0/', /a prefix length/],
    ['10.0.0.0/8/8', /a prefix length/],
    ['10.0.0.0/8:', /ports from 1 to 65535/],
    ['10.0.0.0/8:0', /ports from 1/],
    ['10.0.0.0/8:65536', /ports from 1/],
    ['10.0.0.0/8:90-80', /ports from 1/],
    ['10.0.0.0/8:80,', /ports from 1/],
    ['10.0.0.0/8:http', /ports from 1/],
    ['any:', /ports from 1/],
    ['fe80::1%eth0', /without a zone/],
    ['2001:db8::/32:443', /a prefix length/],
    ['[2001:db8::]/32', /a network/],
    ['10.1', /a network/],
  ] as const) {
    const one = parseAllowedTarget(text);
    t.match(one.ok ? 'it was taken' : one.expected, expected, text);
  }
  t.end();
});

t.test('an address and a port are allowed, or not', (t) => {
  for (const [texts, address, port, isAllowed] of [
    [['10.0.0.0/8'], '10.255.0.1', 1, true],
    [['10.0.0.0/8'], '11.0.0.1', 1, false],
    [['10.0.0.0/8:80,8000-8100'], '10.0.0.1', 80, true],
    [['10.0.0.0/8:80,8000-8100'], '10.0.0.1', 8100, true],
    [['10.0.0.0/8:80,8000-8100'], '10.0.0.1', 8101, false],
    [['10.0.0.0/8:80', '192.0.2.1'], '192.0.2.1', 443, true],
    [['2001:db8::/32'], '2001:db8:ffff::1', 80, true],
    [['2001:db8::/32'], '2001:db9::1', 80, false],
    [['any'], '203.0.113.9', 80, true],
    [['any'], '2001:db8::1', 80, true],
    [['any:80'], '2001:db8::1', 81, false],
    [['0.0.0.0/0'], '2001:db8::1', 80, false],
    [['::/0'], '10.0.0.1', 80, false],
    // One host in other clothes.
    [['::/0'], '::ffff:10.0.0.1', 80, false],
    [['10.0.0.0/8'], '::ffff:10.0.0.1', 80, true],
    [['10.0.0.0/8'], '::ffff:a00:1', 80, true],
    [['10.0.0.0/8'], '::ffff:b00:1', 80, false],
    [['0.0.0.0/32'], '0.0.0.0', 80, false],
    [['127.0.0.0/8'], '0.0.0.0', 80, true],
    [['::1'], '::', 80, true],
    [['10.0.0.0/8'], '0.0.0.0', 80, false],
    [['fe80::/10'], 'fe80::1%eth0', 80, true],
    // Only addresses are matched: a name is resolved first.
    [['any'], 'example.org', 80, false],
    [[], '127.0.0.1', 80, false],
  ] as const) {
    t.equal(allowsTarget(parsed(...texts), address, port), isAllowed, `${texts.join(' ')} and ${address}:${port}`);
  }
  t.end();
});

t.test('without the option an agent aims at itself alone', (t) => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '::ffff:127.0.0.1']) {
    t.ok(allowsTarget(LOOPBACK_TARGETS, address, 80), address);
  }
  for (const address of ['128.0.0.1', '10.0.0.1', '::2', 'fe80::1%lo']) {
    t.notOk(allowsTarget(LOOPBACK_TARGETS, address, 80), address);
  }
  t.same(PLAIN_LIMITS.targets, LOOPBACK_TARGETS);
  t.end();
});

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().filter((text) => !text.includes('.'));

t.test("networks hold what Node.js's own list of them holds", (t) => {
  const near = (address: string): fc.Arbitrary<string> => fc.constant(address);
  const pairs = fc.oneof(
    fc.tuple(ipv4, ipv4, fc.nat(32), fc.constant('ipv4' as const)),
    ipv4.chain((address) => fc.tuple(near(address), near(address), fc.nat(32), fc.constant('ipv4' as const))),
    fc.tuple(ipv6, ipv6, fc.nat(128), fc.constant('ipv6' as const)),
    ipv6.chain((address) => fc.tuple(near(address), near(address), fc.nat(128), fc.constant('ipv6' as const))),
  );
  holds(
    t,
    fc.property(pairs, ([address, target, length, family]) => {
      const list = new BlockList();
      list.addSubnet(address, length, family);
      // As typed the network may have bits of a host: what the message says is the network.
      const typed = parseAllowedTarget(`${address}/${length}`);
      const text = typed.ok ? `${address}/${length}` : typed.expected.replace(/, which.*$/, '');
      const isUnspecified = /^[0:.]+$/.test(target);
      return isUnspecified || allowsTarget(parsed(text), target, 80) === list.check(target, family);
    }),
  );
  t.end();
});

t.test('fuzz: what is parsed is written and parsed again the same, and nothing throws', (t) => {
  const piece = fc.oneof(
    ipv4,
    ipv6,
    fc.constantFrom('any', '/', '8', ':', '80', ',', '-', '[', ']', '%', '::'),
    fc.string(),
  );
  holds(
    t,
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const one = parseAllowedTarget(pieces.join(''));
      if (!one.ok) return one.expected !== '';
      const text = formatAllowedTarget(one.value);
      return formatAllowedTarget(parsed(text)[0]!) === text;
    }),
  );
  holds(
    t,
    fc.property(fc.oneof(ipv4, ipv6), fc.integer({ min: 1, max: 65_535 }), (address, port) => {
      const [one] = parsed(optionToAllow(address, port).replace('--allow-target ', ''));
      return /^[0:.]+$/.test(address) || allowsTarget([one!], address, port);
    }),
  );
  t.end();
});
