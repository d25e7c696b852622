// tier: kernel
/** The books of the engines on io_uring, on a real ring. */
import t, { type Test } from 'tap';
import { troubleOf } from '../../../src/engine/registry.ts';
import { AT_ONCE } from '../../../src/engine/seam/engine.ts';
import { fillTransfer } from '../../../src/engine/uring/entries.ts';
import { Ring } from '../../../src/engine/uring/ring.ts';
import { Slots } from '../../../src/engine/uring/slots.ts';
import { generationOf, nextGeneration, STAGE, stageOf, tagOf } from '../../../src/engine/uring/stages.ts';
import { ECANCELED } from '../../../src/kernel/errno.ts';
import { OP_NOP, OP_RECV } from '../../../src/kernel/io-uring.ts';
import { loadLibc } from '../../../src/kernel/libc.ts';
import { MonotonicClock, monotonicNs } from '../../../src/runtime/clock.ts';

const skip = (await troubleOf('uring'))?.reason ?? false;

function setUp(t: Test): { ring: Ring; slots: Slots } {
  const ring = new Ring({ libc: loadLibc(), clock: new MonotonicClock(monotonicNs()), entries: 8, completions: 16 });
  t.teardown(() => ring.dispose());
  return { ring, slots: new Slots(loadLibc(), ring, 4, false) };
}

t.test('a tag has stage and generation', async (t) => {
  const stages = Object.values(STAGE);
  t.equal(new Set(stages).size, stages.length, 'no two stages have one number');
  for (const generation of [0, 1, nextGeneration(-2)]) {
    for (const stage of stages) {
      const tag = tagOf(generation, stage);
      t.same([generationOf(tag), stageOf(tag)], [generation, stage]);
    }
  }
  t.equal(nextGeneration(nextGeneration(-2)), 0, 'after the largest comes the first');
});

t.test('a completion of an earlier connection is not current', { skip }, async (t) => {
  const { ring, slots } = setUp(t);
  slots.prepare(OP_NOP, 0, 2, STAGE.SEND);
  t.ok(slots.isPending(2, STAGE.SEND));
  t.notOk(slots.isPending(1, STAGE.SEND));
  slots.renew(2);
  slots.prepare(OP_NOP, 0, 2, STAGE.RECV);
  const taken: unknown[] = [];
  ring.submit();
  ring.reap(AT_ONCE, {
    complete: (slot, tag, result) => void taken.push([slot, stageOf(tag), slots.isCurrent(slot, tag), result]),
  });
  t.same(taken, [
    [2, STAGE.SEND, false, 0],
    [2, STAGE.RECV, true, 0],
  ]);
  t.equal(slots.pending(2), 1 << STAGE.RECV);
  slots.settle(2, 1 << STAGE.RECV);
  t.equal(slots.pending(2), 0);
});

t.test('what is pending can be cancelled', { skip }, async (t) => {
  const { ring, slots } = setUp(t);
  const libc = loadLibc();
  const AF_UNIX = 1;
  const SOCK_DGRAM = 2;
  const buffer = libc.alloc(8);
  slots.files[0] = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
  t.teardown(() => libc.close(slots.files[0]!));
  fillTransfer(ring.words, slots.prepare(OP_RECV, 0, 0, STAGE.RECV), buffer.address, 8, 0);
  ring.submit();
  slots.cancelFirst(0);
  t.ok(slots.isPending(0, STAGE.CANCEL));
  const results = new Map<number, number>();
  const sink = {
    complete: (slot: number, tag: number, result: number): void => {
      results.set(stageOf(tag), result);
      slots.settle(slot, 1 << stageOf(tag));
    },
  };
  while (slots.pending(0) !== 0) ring.reap({ deadlineNs: Infinity }, sink);
  t.same([results.get(STAGE.RECV), results.get(STAGE.CANCEL)], [-ECANCELED, 0]);
});
