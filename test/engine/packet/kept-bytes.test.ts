import fc from 'fast-check';
import t from 'tap';
import { KeptBytes } from '../../../src/engine/packet/kept-bytes.ts';
import { holds } from '../../support/property.ts';
import { checksumOf } from './packets.ts';

const PORT_BYTES = 8192;
/** Where the frame begins that is written to, and where the bytes lie that come. */
const OUT = 4096;

const random = (seed: number, bytes: number): Uint8Array => {
  let state = seed;
  return Uint8Array.from({ length: bytes }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
};

/** What a connection does: bytes come and go back, the payload is sent, a part is acknowledged, a part is written to a frame. */
type Step =
  | { readonly kind: 'echo'; readonly bytes: number; readonly skew: number }
  | { readonly kind: 'payload' }
  | { readonly kind: 'acknowledge' | 'write'; readonly from: number; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('echo' as const), bytes: fc.integer({ min: 1, max: 1500 }), skew: fc.nat(3) }),
  fc.record({ kind: fc.constant('payload' as const) }),
  fc.record({
    kind: fc.constantFrom('acknowledge' as const, 'write' as const),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

t.test('what is written is what was added, and its sum is right, until it is acknowledged', (t) => {
  const payload = random(9, 777);
  holds(
    t,
    fc.property(fc.array(fc.tuple(fc.nat(2), step), { maxLength: 60 }), (steps) => {
      const port = { bytes: new Uint8Array(PORT_BYTES) };
      const kept = new KeptBytes(port, payload, 1);
      const streams = [0, 1, 2].map(() => ({ bytes: [] as number[], acknowledged: 0 }));
      let seed = 1;
      for (const [connection, each] of steps) {
        const stream = streams[connection]!;
        if (each.kind === 'echo') {
          const bytes = random(seed++, each.bytes);
          port.bytes.set(bytes, each.skew);
          kept.addEcho(connection, each.skew, each.bytes);
          stream.bytes.push(...bytes);
        } else if (each.kind === 'payload') {
          kept.addPayload(connection);
          stream.bytes.push(...payload);
        } else {
          const open = stream.bytes.length - stream.acknowledged;
          const from = stream.acknowledged + Math.floor(open * each.from);
          if (each.kind === 'acknowledge') {
            stream.acknowledged = from;
            kept.acknowledged(connection, from);
            continue;
          }
          const bytes = Math.floor(Math.min(1460, stream.bytes.length - from) * each.share);
          if (bytes === 0) continue;
          port.bytes.fill(0xee, OUT, OUT + bytes + 4);
          const sum = kept.write(connection, from, bytes, OUT);
          const written = port.bytes.subarray(OUT, OUT + bytes);
          if (written.some((byte, i) => byte !== stream.bytes[from + i])) return false;
          if (!(sum >= 0 && sum < 2 ** 31) || sum % 0xffff !== (~checksumOf(written) & 0xffff) % 0xffff) return false;
        }
      }
      // Acknowledged or gone: nothing is kept.
      kept.acknowledged(0, streams[0]!.bytes.length);
      kept.released(1);
      kept.released(2);
      return kept.usedChunks === 0;
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('a row that another connection takes begins anew', (t) => {
  const port = { bytes: random(3, PORT_BYTES) };
  const kept = new KeptBytes(port, random(9, 8), 1);
  kept.addEcho(5, 100, 3000);
  t.equal(kept.usedChunks, 3);
  kept.acknowledged(5, 1500);
  t.equal(kept.usedChunks, 2, 'whole chunks that were acknowledged are free');
  kept.released(5);
  t.equal(kept.usedChunks, 0);
  kept.addPayload(5);
  kept.write(5, 0, 8, OUT);
  t.strictSame(port.bytes.slice(OUT, OUT + 8), random(9, 8));
  kept.acknowledged(7, 10);
  kept.released(7);
  t.equal(kept.usedChunks, 0, 'connections that never sent anything are known to the TCP alone');
  t.end();
});

t.test('positions wrap', (t) => {
  const PAYLOAD_BYTES = 256 * 1024;
  for (const border of [2 ** 31, 2 ** 32]) {
    const port = { bytes: random(3, PORT_BYTES) };
    const kept = new KeptBytes(port, new Uint8Array(PAYLOAD_BYTES), 1);
    for (let i = 1; i < border / PAYLOAD_BYTES; i++) kept.addPayload(0);
    let position = (border - PAYLOAD_BYTES) | 0;
    for (let i = 0; i < 400; i++) {
      kept.addEcho(0, 64, 1000);
      const sum = kept.write(0, position, 1000, OUT);
      const isSame = port.bytes.subarray(64, 1064).every((byte, k) => byte === port.bytes[OUT + k]);
      if (!isSame || sum % 0xffff !== (~checksumOf(port.bytes.subarray(64, 1064)) & 0xffff) % 0xffff) t.fail(`at ${i}`);
      position = (position + 1000) | 0;
      kept.acknowledged(0, position);
    }
    t.equal(kept.usedChunks, 0);
  }
  t.end();
});
