import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import t from 'tap';
import { importExpression } from '../../support/modules.ts';
import { SharedRing } from '../../../src/runtime/shared/ring.ts';
import { holds } from '../../support/property.ts';

t.test('first in, first out, and never more than the limit', async (t) => {
  const steps = fc.array(fc.boolean(), { maxLength: 200 });
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 9 }), steps, (limit, pushes) => {
      const ring = new SharedRing(SharedRing.createMemory(limit, 2), limit, 2);
      const model: number[] = [];
      const record = new Int32Array(3);
      let next = 1;
      for (const isPush of pushes) {
        if (isPush) {
          record.set([0, next, -next]);
          const isIn = ring.push(record, 1);
          if (isIn !== model.length < limit) return false;
          if (isIn) model.push(next++);
        } else {
          const isOut = ring.pop(record, 1);
          const expected = model.shift();
          if (isOut !== (expected !== undefined)) return false;
          if (isOut && (record[1] !== expected || record[2] !== -expected!)) return false;
        }
        if (ring.length !== model.length) return false;
      }
      return true;
    }),
  );
});

t.test('it goes on where the 32-bit positions start again', async (t) => {
  const memory = SharedRing.createMemory(4, 1);
  const words = new Int32Array(memory);
  // As after 2^32 - 6 records: tail and head there, and the cells in the turns of that round.
  const position = -6;
  words[0] = words[16] = position;
  for (let place = 0; place < 4; place++) {
    // The places behind the position in its round have had that round's record; the others wait for it.
    const at = place >= (position & 3) ? position - (position & 3) + place : position - (position & 3) + 4 + place;
    words[32 + place * 2] = (2 * (at >>> 2)) | 0;
  }
  const ring = new SharedRing(memory, 4, 1);
  const record = new Int32Array(1);
  for (let i = 0; i < 40; i++) {
    record[0] = i;
    t.ok(ring.push(record, 0));
    record[0] = -1;
    t.ok(ring.pop(record, 0));
    t.equal(record[0], i);
  }
});

t.test('threads at both ends: every record arrives once', { timeout: 180_000 }, async (t) => {
  const limit = 8;
  const each = 20_000;
  const memory = SharedRing.createMemory(limit, 1);
  const seen = new SharedArrayBuffer(3 * each * 4);
  const left = new SharedArrayBuffer(4);
  new Int32Array(left)[0] = 3 * each;
  const source = `
    const { workerData: { memory, seen, left, first, each } } = require('node:worker_threads');
    ${importExpression('src/runtime/shared/ring.ts')}.then(({ SharedRing }) => {
      const queue = new SharedRing(memory, ${limit}, 1);
      const record = new Int32Array(1);
      const counts = new Int32Array(seen);
      const remaining = new Int32Array(left);
      if (first >= 0) for (let i = 0; i < each; ) { record[0] = first + i; if (queue.push(record, 0)) i++; }
      else while (Atomics.load(remaining, 0) > 0) if (queue.pop(record, 0)) { Atomics.add(counts, record[0], 1); Atomics.sub(remaining, 0, 1); }
    });`;
  const shared = { memory, seen, left, each };
  const threads = [0, each, 2 * each, -1, -1].map(
    (first) => new Worker(source, { eval: true, workerData: { ...shared, first } }),
  );
  await Promise.all(threads.map((thread) => once(thread, 'exit')));
  t.ok(new Int32Array(seen).every((count) => count === 1));
});
