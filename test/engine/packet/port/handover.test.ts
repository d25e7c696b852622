// tier: kernel
/** Frames that threads hand each other: order, bounds, and who is asked. */
import t from 'tap';
import { troubleOf } from '../../../../src/engine/registry.ts';
import { Handover } from '../../../../src/engine/packet/port/handover.ts';
import { loadLibc } from '../../../../src/kernel/libc.ts';

const skip = (await troubleOf('epoll'))?.reason ?? false;
const FRAME_AT = 2;

function threads(t: Tap, workers: number): Handover[] {
  const libc = loadLibc();
  const memory = Handover.createMemory(libc, workers);
  t.teardown(() => Handover.closeMemory(libc, memory));
  return Array.from({ length: workers }, (_, worker) => new Handover(libc, memory, worker, workers));
}

type Tap = Pick<typeof t, 'teardown'>;

/** A frame whose bytes are all `fill`. */
function frameOf(fill: number, length: number): Int32Array {
  const bytes = new Uint8Array(2048);
  bytes.fill(fill, FRAME_AT, FRAME_AT + length);
  return new Int32Array(bytes.buffer);
}

t.test('a frame goes to its owner whole, and no further', { skip }, async (t) => {
  const [first, second] = threads(t, 2) as [Handover, Handover];
  t.notOk(second.hasFrames);
  for (const length of [60, 61, 62, 63, 1518]) t.ok(first.pass(frameOf(length & 255, length), FRAME_AT, length, 1));
  t.ok(second.hasFrames);
  const words = new Int32Array(512);
  for (const length of [60, 61, 62, 63, 1518]) {
    t.equal(second.take(words, FRAME_AT), length);
    const bytes = new Uint8Array(words.buffer).subarray(FRAME_AT, FRAME_AT + length);
    t.ok(
      bytes.every((byte) => byte === (length & 255)),
      `${length} bytes`,
    );
    t.notOk(second.pass(words, FRAME_AT, length, 0), 'it was said to be here');
    t.notOk(second.pass(words, FRAME_AT, length, -1));
    second.done();
  }
  t.equal(second.take(words, FRAME_AT), -1);
  t.notOk(second.hasFrames);
  t.notOk(first.pass(words, FRAME_AT, 60, 0), 'a thread does not ask itself');
});

t.test('without an owner each other thread is asked once', { skip }, async (t) => {
  const all = threads(t, 4);
  const words = frameOf(1, 60);
  t.ok(all[2]!.pass(words, FRAME_AT, 60, -1));
  for (const asked of [3, 0, 1]) {
    t.equal(all.filter((each) => each.hasFrames).length, 1);
    t.equal(all[asked]!.take(words, FRAME_AT), 60);
    t.equal(all[asked]!.pass(words, FRAME_AT, 60, -1), asked !== 1, `thread ${asked}`);
    all[asked]!.done();
  }
  t.notOk(all.some((each) => each.hasFrames));
});

t.test('a full queue takes no more, and takes again when it was read, through many rounds', { skip }, async (t) => {
  const [first, second] = threads(t, 2) as [Handover, Handover];
  const words = frameOf(1, 60);
  const copy = new Int32Array(512);
  for (let round = 0; round < 5; round++) {
    let passed = 0;
    while (first.pass(words, FRAME_AT, 60, 1)) passed++;
    t.equal(passed, 1024);
    let taken = 0;
    while (second.take(copy, FRAME_AT) === 60) taken++;
    second.done();
    t.equal(taken, 1024);
  }
});

t.test('a thread that has ended its round knows who is still at work', { skip }, async (t) => {
  const [first, second, third] = threads(t, 3) as [Handover, Handover, Handover];
  first.enter();
  second.enter();
  first.leave();
  t.ok(first.areAtWork(true), 'the second');
  second.leave();
  t.ok(first.areAtWork(false), 'the third will begin');
  t.notOk(first.areAtWork(true), 'the third begins too late to be waited for');
  third.enter();
  t.ok(first.areAtWork(true));
  third.leave();
  t.notOk(first.areAtWork(false));
  first.enter();
  first.leave();
  t.ok(first.areAtWork(false), 'the next round');
  second.leaveForGood();
  third.leaveForGood();
  t.notOk(first.areAtWork(false));
});
