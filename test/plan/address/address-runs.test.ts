import fc from 'fast-check';
import t from 'tap';
import { addressRuns, countAddresses, type AddressRun } from '../../../src/plan/address/address-runs.ts';
import { parseSource, planRuns, toText, type SourceRuns } from '../../../src/plan/address/sources.ts';

function runsOf(...texts: readonly string[]): SourceRuns {
  const specs = texts.map(parseSource).flatMap((parsed) => (parsed.ok ? parsed.value : []));
  const runs = planRuns(specs, 2 ** 24);
  return runs.ok ? runs.value : [];
}

/** Each run as its first address, its length, and whether it is the kernel's. */
function shown(runs: readonly AddressRun[]): string[] {
  return runs.map(({ family, high, low, count, isKernels }) => {
    const first = toText(family, (high << 64n) + low);
    return `${first} ${count}${isKernels ? ' kernel' : ''}`;
  });
}

t.test("runs keep their order, and the kernel's addresses are apart", (t) => {
  t.same(shown(addressRuns(runsOf('10.0.0.9', '10.0.0.0-10.0.0.7'), [])), ['10.0.0.9 1', '10.0.0.0 8']);
  t.same(shown(addressRuns(runsOf('10.0.0.1-10.0.0.8'), ['10.0.0.4', '10.0.0.3', '10.0.0.8', '10.0.1.1', '::a00:5'])), [
    '10.0.0.1 2',
    '10.0.0.3 2 kernel',
    '10.0.0.5 3',
    '10.0.0.8 1 kernel',
  ]);
  t.same(shown(addressRuns(runsOf('10.0.0.1'), ['10.0.0.1'])), ['10.0.0.1 1 kernel']);
  t.same(shown(addressRuns(runsOf('fe80::7%lo'), ['fe80::7'])), ['fe80::7 1 kernel'], 'zones aside');
  t.end();
});

t.test('a run never crosses a border of 2^64', (t) => {
  const [low, high, ...rest] = addressRuns(runsOf('fd00::ffff:ffff:ffff:fffe-fd00:0:0:1::1'), []);
  t.match(low, { high: 0xfd00n << 48n, low: 2n ** 64n - 2n, count: 2 });
  t.match(high, { high: (0xfd00n << 48n) + 1n, low: 0n, count: 2 });
  t.same(rest, []);
  t.end();
});

t.test('no address is lost, moved or doubled', (t) => {
  const at = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 40 }), fc.array(at), (first, count, own) => {
      const kernels = own.map((value) => toText(4, BigInt(value)));
      const runs = addressRuns([{ kind: 'run', family: 4, first: BigInt(first), count }], kernels);
      const all = runs.flatMap((run) =>
        Array.from({ length: run.count }, (_, index) => [Number(run.low) + index, run.isKernels]),
      );
      t.equal(countAddresses(runs), count);
      return (
        JSON.stringify(all) ===
        JSON.stringify(Array.from({ length: count }, (_, index) => [first + index, own.includes(first + index)]))
      );
    }),
  );
  t.end();
});
