// tier: kernel
import fc from 'fast-check';
import t from 'tap';
import { NO_PORT, SourcePortAllocator } from '../../../src/client/source-ports.ts';
import { demandOf, peakInUse, stretchesOf } from '../../../src/plan/demand/demand.ts';
import { planClient, type Typed } from '../../support/plans.ts';
import { holds } from '../../support/property.ts';

async function demand(typed: Typed, reuseDelayNs = 60e9) {
  const { plan } = await planClient(typed, {
    fdLimit: 2 ** 40,
    hasDirectDescriptors: false,
    cpus: 2,
    localPorts: { first: 32_768, last: 60_999 },
  });
  if (plan === null) throw new Error('no plan');
  return demandOf(plan, reuseDelayNs);
}

/** Runs one round through the allocator that a worker uses; returns whether a start found no port. */
function runsOut(ports: number, ratePerSec: number, starts: number, holdNs: number, restNs: number): boolean {
  const clock = { nowNs: 0 };
  const allocator = new SourcePortAllocator({
    sources: 1,
    ports: Uint16Array.from({ length: ports }, (_, index) => 1024 + index),
    offset: 0,
    clock,
    restNs,
  });
  const held: { port: number; endNs: number }[] = [];
  for (let n = 0; n < starts; n++) {
    const nowNs = Math.round((n * 1e9) / ratePerSec);
    while (held[0] !== undefined && held[0].endNs <= nowNs) {
      const { port, endNs } = held.shift()!;
      clock.nowNs = endNs;
      allocator.give(0, port, true);
    }
    clock.nowNs = nowNs;
    const port = allocator.take(0);
    if (port === NO_PORT) return true;
    held.push({ port, endNs: nowNs + holdNs });
  }
  return false;
}

t.test('a number of attempts is what is asked for', async (t) => {
  const paced = await demand({ rate: ['100', '200'], count: '500', cooldown: '0s' });
  t.equal(paced.ports.least, 1000);
  const closed = await demand({ rate: 'max', count: '7' });
  t.match(closed, { attempts: 7, open: { least: 7 } });
  t.equal((await demand({ rate: 'max' })).attempts, Infinity);
});

t.test('the peak is what the allocator needs, and not two ports more', (t) => {
  holds(
    t,
    fc.property(
      fc.integer({ min: 5, max: 500 }),
      fc.integer({ min: 10, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      (ratePerSec, starts, holdMs, restMs) => {
        const stretch = { startNs: 0, endNs: (starts * 1e9) / ratePerSec, ratePerSec };
        const peak = peakInUse([stretch], (holdMs + restMs) * 1e6);
        // Which of two events at the same instant comes first is worth one port at each end of the window.
        if (runsOut(peak + 1, ratePerSec, starts, holdMs * 1e6, restMs * 1e6)) return false;
        return peak < 4 || runsOut(peak - 2, ratePerSec, starts, holdMs * 1e6, restMs * 1e6);
      },
    ),
    { numRuns: 100 },
  );
  t.end();
});

t.test('several stretches: no window of that length has more starts, and one has as many', (t) => {
  const arbitrary = fc.array(
    fc.record({
      pauseMs: fc.integer({ min: 0, max: 50 }),
      lastsMs: fc.integer({ min: 1, max: 50 }),
      rate: fc.integer({ min: 0, max: 9 }),
    }),
    { minLength: 1, maxLength: 5 },
  );
  holds(
    t,
    fc.property(arbitrary, fc.integer({ min: 1, max: 120 }), (parts, busyMs) => {
      let atMs = 0;
      const stretches = parts.map(({ pauseMs, lastsMs, rate }) => {
        const startMs = atMs + pauseMs;
        atMs = startMs + lastsMs;
        // So many starts a millisecond.
        return { startNs: startMs * 1e6, endNs: atMs * 1e6, ratePerSec: rate * 1000 };
      });
      const perMs = (ms: number): number =>
        stretches.find(({ startNs, endNs }) => ms * 1e6 >= startNs && ms * 1e6 < endNs)?.ratePerSec ?? 0;
      let most = 0;
      for (let endMs = 0; endMs <= atMs + busyMs; endMs++) {
        let sum = 0;
        for (let ms = endMs - busyMs; ms < endMs; ms++) sum += perMs(ms) / 1000;
        most = Math.max(most, sum);
      }
      return peakInUse(stretches, busyMs * 1e6) === most;
    }),
  );
  t.end();
});

t.test('a run shorter than TIME_WAIT needs a port for each start, a longer one for each of 60 s', async (t) => {
  t.equal((await demand({ rate: '1000', duration: '10s' })).ports.least, 10_000);
  t.equal((await demand({ rate: '1000', duration: '10m' })).ports.least, 60_000);
  t.equal((await demand({ rate: '1000', duration: '10m', hold: '30s' })).ports.least, 90_000);
  t.equal((await demand({ rate: '1000', duration: '10m' }, 1e9)).ports.least, 1000);
  t.equal((await demand({ rate: '1000', duration: '10m', timeout: '5s' }, 1e9)).ports.most, 6000);
});

t.test('warm-up and earlier rounds count', async (t) => {
  t.equal((await demand({ rate: '1000', duration: '10s', warmup: '5s' })).ports.least, 15_000);
  t.equal((await demand({ rate: ['1000', '2000'], duration: '10s' })).ports.least, 30_000);
  t.equal((await demand({ rate: ['1000', '2000'], duration: '10s', cooldown: '60s' })).ports.least, 20_000);
  const { plan } = await planClient({ rate: ['1', 'max', '2'], duration: '10s', cooldown: '5s' });
  t.same(stretchesOf(plan!), [
    { startNs: 0, endNs: 10e9, ratePerSec: 1 },
    { startNs: 30e9, endNs: 40e9, ratePerSec: 2 },
  ]);
});

t.test('who closes first has the TIME_WAIT', async (t) => {
  const needed = async (typed: Typed): Promise<number> =>
    (await demand({ rate: '1000', duration: '10s', 'payload-size': '1', ...typed })).ports.least;
  t.equal(await needed({ finish: 'half-close' }), 10_000);
  t.equal(await needed({ finish: 'half-close', close: 'rst' }), 10_000, 'both FINs are through before the RST');
  t.equal(await needed({ finish: 'echo' }), 10_000);
  t.equal(await needed({ finish: 'echo', close: 'rst' }), 0);
  t.equal(await needed({ finish: 'eof' }), 0);
});

t.test('--rate max keeps --max-in-flight open', async (t) => {
  const found = await demand({ rate: 'max', 'max-in-flight': '500' });
  t.equal(found.ratePerSec, null);
  t.same(found.open, { least: 500, most: 500 });
});
