// tier: kernel
/** How many buffers of 64 KiB a server makes for peers that do not read. */
import { troubleOf } from '../../../src/engine/registry.ts';
import t from 'tap';
import { MonotonicClock, monotonicNs } from '../../../src/runtime/clock.ts';
import { BufferRing } from '../../../src/engine/uring/buffer-ring.ts';
import { Ring } from '../../../src/engine/uring/ring.ts';
import { loadLibc } from '../../../src/kernel/libc.ts';

const trouble = await troubleOf('uring');

t.test(
  'one batch of buffers serves all receives that failed together',
  { skip: trouble?.reason ?? false },
  async (t) => {
    const libc = loadLibc();
    const ring = new Ring({ libc, clock: new MonotonicClock(monotonicNs()), entries: 8, completions: 16 });
    const buffers = new BufferRing(libc, ring, 4096);
    t.teardown(() => {
      ring.dispose();
      buffers.dispose();
    });
    const batch = buffers.count;
    for (let buffer = 0; buffer < batch; buffer++) buffers.take();
    for (let failed = 0; failed < batch; failed++) t.ok(buffers.replenish());
    t.equal(buffers.count, 2 * batch);

    for (let buffer = batch; buffer < 2 * batch; buffer++) buffers.take();
    buffers.give(0);
    t.ok(buffers.replenish(), 'what was given back is tried first');
    t.equal(buffers.count, 2 * batch);
  },
);

t.test(
  'spare buffers are apart from those of the ring, and used again',
  { skip: trouble?.reason ?? false },
  async (t) => {
    const libc = loadLibc();
    const ring = new Ring({ libc, clock: new MonotonicClock(monotonicNs()), entries: 8, completions: 16 });
    const buffers = new BufferRing(libc, ring, 4096);
    t.teardown(() => {
      ring.dispose();
      buffers.dispose();
    });
    for (let all = 0; all < 4096; all++) {
      buffers.take();
      buffers.replenish();
    }
    t.notOk(buffers.replenish(), 'the ring is full, and all of it is taken');
    const spares = Array.from({ length: 1000 }, () => buffers.takeSpare());
    t.equal(new Set(spares.map((spare) => buffers.addressOf(spare))).size, 1000);
    for (const spare of spares) buffers.give(spare);
    t.notOk(buffers.replenish(), 'none of them went to the ring');
    t.ok(spares.includes(buffers.takeSpare()));
  },
);
