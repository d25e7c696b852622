import fc from 'fast-check';
import t from 'tap';
import { PingSamples } from '../../src/ping/ping-samples.ts';

t.test('samples are every k-th ping, and as many as there is room for', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(2000), { maxLength: 3 }), (limit, rounds) => {
      const samples = new PingSamples(PingSamples.createMemory(limit));
      for (const pings of rounds) {
        samples.begin();
        for (let ping = 0; ping < pings; ping++) samples.add(ping, 1000 + ping);
        const kept = samples.read();
        const { every } = samples;
        t.ok(kept.length <= limit, 'no more than there is room for');
        t.equal(kept.length, Math.ceil(pings / every), 'one of every k');
        t.ok(every === 1 || kept.length > limit / 2, 'k is no larger than it must be');
        const expected = kept.map((_, index) => ({ atNs: index * every, rttNs: 1000 + index * every }));
        t.same(kept, expected, 'the k-th ones, in order');
      }
    }),
  );
});
