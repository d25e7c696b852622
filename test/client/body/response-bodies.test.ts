import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import t from 'tap';
import type { Test } from 'tap';
import { JOB_FD } from '../../../src/client/body/body-jobs.ts';
import { CHUNK_BYTES, ChunkTable } from '../../../src/client/body/chunk-table.ts';
import { PENDING, ResponseBodies, watchesBodies } from '../../../src/client/body/response-bodies.ts';
import { errnoNumber } from '../../../src/kernel/errno.ts';
import { OK, SINK_FAILED, TOO_LONG, VERIFY_FAILED } from '../../../src/document/outcome.ts';
import type { BodyPlan } from '../../../src/plan/plan.ts';
import { JOB_TICKET, JOB_TURN, JOB_WORDS } from '../../../src/work/executor.ts';
import type { Executor, JobHandler, JobRunner } from '../../../src/work/executor.ts';
import { createExecutor, createWorkShare } from '../../../src/work/share.ts';

const PLAN: BodyPlan = {
  strategy: { kind: 'direct' },
  sink: { kind: 'null' },
  directory: null,
  maxMemoryBytes: null,
  maxBodyBytes: null,
  firstByteTimeoutNs: null,
  verifyText: null,
  verification: null,
};

function bodiesOf(t: Test, changes: Partial<BodyPlan>, limitBytes = 256 * 2 ** 20): ResponseBodies {
  const share = createWorkShare({ strategy: { kind: 'direct' }, owners: 1, tickets: 2, wakers: null });
  return withExecutor(t, changes, limitBytes, (handler, run) => createExecutor(share, { owner: 0, run, handler }));
}

function withExecutor(
  t: Test,
  changes: Partial<BodyPlan>,
  limitBytes: number,
  make: (handler: JobHandler, run: JobRunner) => Executor,
): ResponseBodies {
  const plan = { ...PLAN, ...changes };
  const bodies = new ResponseBodies({
    plan,
    capacity: 2,
    libc: undefined,
    owner: 0,
    jobs: {
      tables: [ChunkTable.createMemory(limitBytes)],
      gathers: plan.sink.kind === 'gather',
      verification: plan.strategy.kind === 'direct' ? null : plan.verification,
      gatherLimitBytes: limitBytes,
    },
    createExecutor: make,
  });
  t.teardown(() => bodies.dispose());
  return bodies;
}

/** Does a job only when it is told to, the newest first. */
class LaterExecutor implements Executor {
  readonly job = new Int32Array(JOB_WORDS);
  readonly waiting: Int32Array[] = [];
  readonly #handler: JobHandler;
  readonly #run: JobRunner;

  constructor(handler: JobHandler, run: JobRunner) {
    this.#handler = handler;
    this.#run = run;
  }

  submit(): void {
    this.waiting.push(this.job.slice());
  }

  /** Returns whether there was one. */
  next(): boolean {
    const job = this.waiting.pop();
    if (job === undefined) return false;
    this.#handler.jobDone(job[JOB_TICKET]!, job[JOB_TURN]!, this.#run(job));
    return true;
  }

  step(): void {}

  maySleep(): boolean {
    return true;
  }
}

/** Bodies whose jobs wait, and what they tell. */
function laterBodiesOf(t: Test, changes: Partial<BodyPlan>) {
  let executor!: LaterExecutor;
  const plan = { strategy: { kind: 'dispatch', threads: 1, queue: 1 }, ...changes } as const;
  const bodies = withExecutor(t, plan, 256 * 2 ** 20, (handler, run) => (executor = new LaterExecutor(handler, run)));
  const told: (readonly [string, number, number?])[] = [];
  bodies.listen({
    bodyDone: (slot, outcome) => told.push(['done', slot, outcome]),
    bodyReleased: (slot) => told.push(['released', slot]),
  });
  return { bodies, executor, told };
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

for (const kind of ['memory', 'gather', 'file'] as const) {
  t.test(`${kind}: what is finished elsewhere is told when it is, and held against what is expected`, async (t) => {
    const directory = t.testdir({});
    const sink = kind === 'file' ? { kind, directory } : { kind };
    const verification = { kind: 'bytes', expected: expected(long) } as const;
    const { bodies, executor, told } = laterBodiesOf(t, { sink, directory, verification });
    const wrong = Buffer.from(long);
    wrong[CHUNK_BYTES]! ^= 1;
    for (const [response, outcome] of [
      [long, OK],
      [wrong, VERIFY_FAILED],
      [long.subarray(1), VERIFY_FAILED],
      [long, OK],
    ] as const) {
      // Two slots at once, whose jobs are mixed.
      t.equal(respond(bodies, 0, response, 70_000), PENDING);
      t.equal(respond(bodies, 1, long), PENDING);
      while (executor.next());
      t.same(
        told.splice(0).sort((a, b) => a[1] - b[1]),
        [
          ['done', 0, outcome],
          ['done', 1, OK],
        ],
      );
      t.ok(bodies.release(0));
      t.ok(bodies.release(1));
    }
    t.same(readdirSync(directory), []);
  });
}

t.test('a slot that is released while its chunks are written is free only behind them', async (t) => {
  const directory = t.testdir({});
  const { bodies, executor, told } = laterBodiesOf(t, { sink: { kind: 'file', directory }, directory });
  t.equal(respond(bodies, 0, long), PENDING);
  t.notOk(bodies.release(0));
  while (executor.next());
  t.same(told, [['released', 0]]);
  t.equal(respond(bodies, 0, long), PENDING);
  while (executor.next());
  t.same(told.at(-1), ['done', 0, OK], 'and serves the next response');
});

t.test('a write that fails elsewhere fails the response', async (t) => {
  const directory = t.testdir({});
  const { bodies, executor, told } = laterBodiesOf(t, { sink: { kind: 'file', directory }, directory });
  t.equal(respond(bodies, 0, long), PENDING);
  // As if the descriptor had been taken away.
  for (const job of executor.waiting) job[JOB_FD] = 99_999;
  while (executor.next());
  t.same(told, [['done', 0, SINK_FAILED]]);
  t.equal(bodies.errno, errnoNumber('EBADF'));
});
