import fc from 'fast-check';
import t from 'tap';
import { PingSamples } from '../../src/rtt/ping-samples.ts';

t.test('samples are every k-th ping, and as many as there is room for', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(2000), { maxLength: 3 }), (limit, rounds) => {
      const samples = new PingSamples(PingSamples.createMemory(limit));
      return rounds.every((pings) => {
        samples.begin();
        for (let ping = 0; ping < pings; ping++) samples.add(ping, 1000 + ping);
        const kept = samples.read();
        const { every } = samples;
        return (
          kept.length <= limit &&
          kept.length === Math.ceil(pings / every) &&
          (every === 1 || kept.length > limit / 2) &&
          kept.every(({ atNs, rttNs }, index) => atNs === index * every && rttNs === 1000 + atNs)
        );
      });
    }),
  );
});
