import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import t from 'tap';
import type { Test } from 'tap';
import { CHUNK_BYTES } from '../../../src/client/body/chunk-pool.ts';
import { ResponseBodies, watchesBodies } from '../../../src/client/body/response-bodies.ts';
import { errnoNumber } from '../../../src/linux/errno.ts';
import { OK, SINK_FAILED, TOO_LONG, VERIFY_FAILED } from '../../../src/measure/outcome.ts';
import type { BodyPlan } from '../../../src/plan/plan.ts';

const PLAN: BodyPlan = {
  sink: { kind: 'null' },
  directory: null,
  maxMemoryBytes: null,
  maxBodyBytes: null,
  firstByteTimeoutNs: null,
  verifyText: null,
  verification: null,
};

function bodiesOf(t: Test, plan: Partial<BodyPlan>, limitBytes = 256 * 2 ** 20): ResponseBodies {
  const bodies = new ResponseBodies({ plan: { ...PLAN, ...plan }, capacity: 2, libc: undefined, limitBytes });
  t.teardown(() => bodies.dispose());
  return bodies;
}

/** Has the bytes come on the slot as an engine would; returns the outcome of the first that is not ok, or of the whole. */
function respond(bodies: ResponseBodies, slot: number, response: Buffer, most = CHUNK_BYTES): number {
  for (let done = 0; done < response.length;) {
    const place = bodies.places?.viewOf(slot);
    const bytes = Math.min(most, response.length - done, place?.length ?? Infinity);
    if (place !== undefined) response.copy(place, 0, done, done + bytes);
    const outcome = bodies.received(slot, done, bytes);
    if (outcome !== OK) return outcome;
    done += bytes;
  }
  return bodies.complete(slot, response.length);
}

const long = Buffer.alloc(3 * CHUNK_BYTES + 77, 'conngen');
const expected = (bytes: Buffer): Uint8Array<SharedArrayBuffer> => {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
};

t.test('only what looks at bytes needs a place for them', async (t) => {
  t.notOk(watchesBodies(PLAN));
  t.ok(watchesBodies({ ...PLAN, maxBodyBytes: 1 }));
  t.equal(bodiesOf(t, { maxBodyBytes: 1 }).places, undefined);
  t.ok(bodiesOf(t, { sink: { kind: 'memory' } }).places);
});

t.test('a response that is longer than --max-body', async (t) => {
  const bodies = bodiesOf(t, { maxBodyBytes: 1000 });
  t.equal(respond(bodies, 0, long.subarray(0, 1000)), OK);
  t.equal(respond(bodies, 1, long.subarray(0, 1001), 10), TOO_LONG);
  t.equal(bodies.errno, 0);
});

for (const sink of ['null', 'memory', 'gather', 'file'] as const) {
  t.test(`${sink}: verified byte by byte and by digest, again and again on one slot`, async (t) => {
    const directory = t.testdir({});
    const plan = { sink: sink === 'file' ? { kind: sink, directory } : { kind: sink }, directory };
    const sha256 = createHash('sha256').update(long).digest('hex');
    for (const verification of [
      { kind: 'bytes', expected: expected(long) },
      { kind: 'sha256', sha256 },
    ] as const) {
      const bodies = bodiesOf(t, { ...plan, verification });
      for (let i = 0; i < 40; i++) {
        t.equal(respond(bodies, 0, long, 100_000), OK);
        bodies.release(0);
      }
      const wrong = Buffer.from(long);
      wrong[long.length - 1]! ^= 1;
      t.equal(respond(bodies, 0, wrong), VERIFY_FAILED, 'the last byte differs');
      bodies.release(0);
      t.equal(respond(bodies, 0, long.subarray(0, -1)), VERIFY_FAILED, 'one byte is missing');
      bodies.release(0);
      t.equal(respond(bodies, 0, Buffer.concat([long, long.subarray(0, 1)])), VERIFY_FAILED, 'one byte too many');
      bodies.release(0);
      t.equal(respond(bodies, 0, long), OK, 'and the next is looked at for itself');
    }
    t.same(readdirSync(directory), []);
  });
}

t.test('what is longer than --max-memory goes to a file', async (t) => {
  const bodies = bodiesOf(t, { sink: { kind: 'memory' }, maxMemoryBytes: CHUNK_BYTES, directory: tmpdir() });
  t.equal(respond(bodies, 0, long.subarray(0, CHUNK_BYTES)), OK);
  t.notOk(bodies.isSpilled(0), 'as long as that it may be');
  bodies.release(0);
  t.equal(respond(bodies, 0, long.subarray(0, CHUNK_BYTES + 1)), OK);
  t.ok(bodies.isSpilled(0));
  bodies.release(0);
  t.notOk(bodies.isSpilled(0));
});

t.test('a directory that has gone fails the response', async (t) => {
  const bodies = bodiesOf(t, { sink: { kind: 'file', directory: '/nowhere' }, directory: '/nowhere' });
  t.equal(respond(bodies, 0, long), SINK_FAILED);
  t.equal(bodies.errno, errnoNumber('ENOENT'));
});

t.test('without memory the response fails, and the next has it again', async (t) => {
  for (const kind of ['memory', 'gather'] as const) {
    const bodies = bodiesOf(t, { sink: { kind } }, 0);
    t.equal(respond(bodies, 0, Buffer.alloc(20 * CHUNK_BYTES)), SINK_FAILED);
    t.equal(bodies.errno, errnoNumber('ENOMEM'));
    bodies.release(0);
    // No block for gathering fits into nothing.
    t.equal(respond(bodies, 0, long), kind === 'memory' ? OK : SINK_FAILED);
  }
});
