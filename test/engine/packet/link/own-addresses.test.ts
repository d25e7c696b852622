import fc from 'fast-check';
import t from 'tap';
import { FOREIGN, OURS, OwnAddresses, SHARED_WITH_KERNEL } from '../../../../src/engine/packet/link/own-addresses.ts';
import { Tuple } from '../../../../src/engine/packet/tcp/tuple.ts';
import { holds } from '../../../support/property.ts';
import { runOf } from '../links.ts';
import { addressBytes } from '../packets.ts';

function kindOf(own: OwnAddresses, address: string): number {
  const bytes = addressBytes(address);
  const view = new DataView(bytes.buffer);
  return bytes.length === 4 ? own.kindOf4(view.getInt32(0)) : own.kindOf6(view, 0);
}

t.test('runs of both families, also at the ends of their ranges', (t) => {
  const own = new OwnAddresses([
    runOf('198.18.0.0', 65_536),
    runOf('10.0.0.7', 1, true),
    runOf('127.255.255.255', 2),
    runOf('255.255.255.255'),
    runOf('fd00::ffff:ffff', 2),
    runOf('fd00:0:0:1::', 256, true),
  ]);
  const expected: [string, number][] = [
    ['198.17.255.255', FOREIGN],
    ['198.18.0.0', OURS],
    ['198.18.255.255', OURS],
    ['198.19.0.0', FOREIGN],
    ['10.0.0.6', FOREIGN],
    ['10.0.0.7', SHARED_WITH_KERNEL],
    ['10.0.0.8', FOREIGN],
    ['127.255.255.254', FOREIGN],
    ['127.255.255.255', OURS],
    ['128.0.0.0', OURS],
    ['128.0.0.1', FOREIGN],
    ['0.0.0.0', FOREIGN],
    ['255.255.255.255', OURS],
    ['fd00::ffff:fffe', FOREIGN],
    ['fd00::ffff:ffff', OURS],
    ['fd00::1:0:0', OURS],
    ['fd00::1:0:1', FOREIGN],
    ['fd00:0:0:1::ff', SHARED_WITH_KERNEL],
    ['fd00:0:0:1::100', FOREIGN],
    ['fd00:0:0:2::', FOREIGN],
    ['fd01::ffff:ffff', FOREIGN],
    ['::', FOREIGN],
  ];
  for (const [address, kind] of expected) t.equal(kindOf(own, address), kind, address);
  t.equal(kindOf(new OwnAddresses([]), '10.0.0.1'), FOREIGN);
  t.equal(kindOf(new OwnAddresses([]), '::1'), FOREIGN);
  t.end();
});

t.test('addresses of runs have indices, over the borders of words', (t) => {
  const own = new OwnAddresses([runOf('198.18.0.250', 10), runOf('2001:db8::ffff:fffe', 4)]);
  const tuple = new Tuple();
  t.equal(own.count, 14);
  t.ok(own.load(9, tuple));
  t.equal(tuple.local >>> 0, 0xc6120103);
  t.ok(own.has(tuple));
  t.ok(own.load(12, tuple));
  t.strictSame([...tuple.words.slice(0, 4)], [0x20010db8, 0, 1, 0]);
  t.ok(own.has(tuple));
  tuple.words[3] = 2;
  t.notOk(own.has(tuple));
  t.notOk(own.load(14, tuple));
  tuple.family = 4;
  tuple.local = 0xc6120104 | 0;
  t.notOk(own.has(tuple));
  t.end();
});

t.test('an address is ours exactly if one of the runs has it', (t) => {
  // Few values, so that they meet; around the borders where a sign or a carry could go wrong.
  const word = fc.constantFrom(0n, 1n, 0x7fff_fffen, 0x7fff_ffffn, 0x8000_0000n, 0x8000_0001n, 0xffff_fff0n);
  const address = fc.tuple(word, word).map(([upper, lower]) => (upper << 32n) | lower);
  const run = fc.record({ high: fc.constantFrom(0n, 1n << 63n), low: address, count: fc.integer({ min: 1, max: 3 }) });
  const input = [fc.array(run, { maxLength: 6 }), fc.constantFrom(0n, 1n << 63n), address] as const;
  holds(
    t,
    fc.property(...input, fc.integer({ min: -1, max: 3 }), (runs, high, near, by) => {
      const low = BigInt.asUintN(64, near + BigInt(by));
      // Runs of a link do not overlap.
      const apart = runs.filter(
        (a, i) => !runs.slice(0, i).some((b) => a.high === b.high && a.low - b.low < 3n && b.low - a.low < 3n),
      );
      const own = new OwnAddresses(apart.map((each) => ({ ...each, family: 6, isKernels: false })));
      const view = new DataView(new ArrayBuffer(16));
      view.setBigUint64(0, high);
      view.setBigUint64(8, low);
      const isOurs = apart.some((each) => each.high === high && low >= each.low && low < each.low + BigInt(each.count));
      const tuple = new Tuple();
      tuple.family = 6;
      for (let i = 0; i < 4; i++) tuple.words[i] = view.getInt32(i * 4);
      return own.kindOf6(view, 0) === (isOurs ? OURS : FOREIGN) && own.has(tuple) === isOurs;
    }),
    { numRuns: 2000 },
  );
  t.end();
});
