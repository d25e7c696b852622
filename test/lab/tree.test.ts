import { runInThisContext } from 'node:vm';
import t from 'tap';
import {
  OPERATIONS_PER_PASS,
  STYLES,
  callOrder,
  expectedResult,
  treeSource,
  type Tree,
} from '../../src/lab/abstraction/source.ts';
import { timeTree } from '../../src/lab/abstraction/timing.ts';

for (const style of STYLES) {
  t.test(`${style}: every tree computes the same`, async (t) => {
    for (const variants of [1, 8, 512]) {
      const tree = (runInThisContext(treeSource(style, variants)) as () => Tree)();
      t.equal(await tree.run(2), expectedResult(2, variants), `${variants} variants`);
    }
  });
}

t.test('a pass calls every variant equally often', async (t) => {
  for (const variants of [1, 8, 512]) {
    const order = callOrder(variants);
    t.equal(order.length, OPERATIONS_PER_PASS);
    for (let variant = 0; variant < variants; variant++) {
      t.equal(order.filter((each) => each === variant).length, OPERATIONS_PER_PASS / variants);
    }
  }
});

t.test('no two functions have the same text', async (t) => {
  for (const style of STYLES) {
    const lines = treeSource(style, 512)
      .split('\n')
      .filter((line) => /^(async function f|function f|class F)/.test(line));
    const bodies = new Set(lines.map((line) => line.replaceAll(/[fF]\d+_\d/g, '')));
    t.same([lines.length, bodies.size], [2560, 2560], style);
  }
});

t.test('samples are time per operation, by the clock that is given', async (t) => {
  let nowMs = 0;
  // 512 µs a pass: a microsecond each operation.
  const tree: Tree = { run: (passes) => (nowMs += passes * 0.512) };
  const timing = await timeTree(tree, { warmupMs: 20, durationMs: 100 }, () => nowMs);
  t.ok(timing.nsPerOperation.every((ns) => Math.abs(ns - 1000) < 1e-3));
  t.equal(timing.operationsPerSample, 10 * OPERATIONS_PER_PASS);
  t.equal(timing.nsPerOperation.length, Math.ceil(100 / 5.12));
  t.ok(Math.abs(timing.atSec[1]! - 0.00512) < 1e-9);
});
