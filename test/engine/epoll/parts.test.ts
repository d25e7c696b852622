import t from 'tap';
import { BufferPool } from '../../../src/engine/epoll/buffer-pool.ts';
import { Forecast } from '../../../src/engine/epoll/forecast.ts';
import type { Libc } from '../../../src/kernel/libc.ts';

t.test('buffers: as many as were ever in use at once', async (t) => {
  let allocated = 0;
  const libc = {
    alloc: (size: number) => ({ address: ++allocated * size, bytes: new Uint8Array(0) }),
  } as unknown as Libc;
  const pool = new BufferPool(libc, 4096);
  for (let i = 0; i < 100; i++) {
    const [first, second] = [pool.take(), pool.take()];
    t.not(first, second);
    pool.give(first);
    pool.give(second);
  }
  t.equal(pool.size, 2);
});

/** How many of 160 connections are looked at twice. */
function looks(forecast: Forecast, wasThere: boolean): number {
  let count = 0;
  for (let i = 0; i < 160; i++) {
    if (!forecast.isWorthATry()) continue;
    count++;
    forecast.learn(wasThere);
  }
  return count;
}

t.test('the forecast follows the peers, and looks now and then all the same', async (t) => {
  const forecast = new Forecast();
  t.equal(looks(forecast, true), 160);
  const unlike = looks(forecast, false);
  t.ok(unlike >= 10 && unlike <= 13, `${unlike} wasted`);
  const turned = looks(forecast, true);
  t.ok(turned > 110, `${turned} after the peers have changed back`);
});
