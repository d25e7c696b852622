import t from 'tap';
import { loadLibc } from '../../src/kernel/libc.ts';
import type { WorkStrategy } from '../../src/plan/plan.ts';
import { BusyTasks } from '../../src/work/busy-tasks.ts';
import {
  BUSY_SKIPPED,
  BUSY_TICKS,
  CALLER_RUNS,
  JOBS_RUN,
  QUEUE_FULL,
  RunningGauge,
  WorkCounters,
} from '../../src/work/counters.ts';
import { DispatchExecutor } from '../../src/work/strategies/dispatch.ts';
import { DispatchQueue } from '../../src/work/dispatch-queue.ts';
import { JOB_TICKET, JOB_TURN, JOB_WORDS, type Executor } from '../../src/work/executor.ts';
import { createExecutor, createWorkShare, type WorkShare } from '../../src/work/share.ts';
import { SharedSemaphore } from '../../src/runtime/shared/semaphore.ts';
import { Wakers } from '../../src/runtime/shared/wakers.ts';

const skip = process.platform === 'linux' ? false : 'needs eventfd(2)';

interface Loop {
  readonly executor: Executor;
  /** Tickets, in the order in which their jobs were run here, and were told to be done. */
  readonly ran: number[];
  readonly done: number[];
  submit(ticket: number): void;
}

function share(strategy: WorkStrategy, owners: number): WorkShare {
  const libc = loadLibc();
  const wakers = Wakers.create(libc, owners, 'eventfd');
  t.teardown(() => new Wakers(libc, wakers).close());
  return createWorkShare({ strategy, owners, tickets: 8, wakers });
}

/** `during` is called while a job runs. */
function loop(work: WorkShare, owner: number, during: (ticket: number) => void = () => undefined): Loop {
  const ran: number[] = [];
  const done: number[] = [];
  const executor = createExecutor(work, {
    owner,
    libc: loadLibc(),
    run: (job) => {
      ran.push(job[JOB_TICKET]!);
      during(job[JOB_TICKET]!);
      return job[JOB_TICKET]! * 2;
    },
    handler: {
      jobDone: (ticket, turn, result) => {
        t.equal(turn, ticket + 100);
        t.equal(result, ticket * 2);
        done.push(ticket);
      },
    },
  });
  const submit = (ticket: number): void => {
    executor.job[JOB_TICKET] = ticket;
    executor.job[JOB_TURN] = ticket + 100;
    executor.submit();
  };
  return { executor, ran, done, submit };
}

t.test('permit: who waits goes on when the other gives its permit back, in turn', { skip }, async (t) => {
  const work = share({ kind: 'permit', permits: 1 }, 2);
  const second = loop(work, 1);
  const first = loop(work, 0, (ticket) => {
    if (ticket === 0) second.submit(7);
  });
  first.submit(0);
  t.same(second.ran, [], 'the only permit was taken');
  t.equal(second.executor.maySleep(), false, 'it was handed over in the meantime');
  first.submit(1);
  t.same(first.ran, [0], 'what was handed over is not free');
  second.executor.step();
  t.same(second.done, [7]);
  t.equal(first.executor.maySleep(), false);
  first.executor.step();
  t.same(first.done, [0, 1]);
  t.equal(first.executor.maySleep(), true);
  t.equal(new RunningGauge(work.gauge).max, 1);
});

t.test('permit: a permit that nobody wants any more is given back', { skip }, async (t) => {
  const libc = loadLibc();
  const memory = Wakers.create(libc, 2, 'eventfd');
  const wakers = new Wakers(libc, memory);
  const semaphore = new SharedSemaphore(SharedSemaphore.createMemory(1, 2), wakers);
  t.ok(semaphore.tryAcquire(0));
  semaphore.want(1, true);
  t.notOk(semaphore.tryAcquire(1));
  semaphore.release();
  t.ok(semaphore.hasGrant(1));
  t.notOk(semaphore.tryAcquire(0));
  semaphore.want(1, false);
  semaphore.returnGrants(1);
  t.notOk(semaphore.hasGrant(1));
  t.ok(semaphore.tryAcquire(0));
  wakers.close();
});

t.test('dispatch: where the queue is full the oldest is run, whoever it belongs to', { skip }, async (t) => {
  const work = share({ kind: 'dispatch', threads: 1, queue: 2 }, 2);
  const [first, second] = [loop(work, 0), loop(work, 1)];
  first.submit(1);
  first.submit(2);
  second.submit(3);
  t.same(second.ran, [1]);
  t.same(first.done, [], 'told on its own thread, by its next step');
  t.equal(first.executor.maySleep(), false);
  first.executor.step();
  t.same(first.done, [1]);
  t.equal(first.executor.maySleep(), true);
  first.submit(4);
  t.same(first.ran, [2]);
  t.same(first.done, [1, 2], 'its own is told at once');
  // A thread takes the rest.
  const queue = new DispatchQueue(work.dispatch!, new Wakers(loadLibc(), work.wakers!));
  const job = new Int32Array(JOB_WORDS);
  for (const ticket of [3, 4]) {
    t.ok(queue.take(job));
    t.equal(job[JOB_TICKET], ticket);
    queue.finish(job, ticket * 2);
  }
  first.executor.step();
  second.executor.step();
  t.same([first.done, second.done], [[1, 2, 4], [3]]);
  queue.close();
  t.notOk(queue.take(job));
  const counters = work.counters.map((memory) => new WorkCounters(memory));
  t.same(
    [QUEUE_FULL, CALLER_RUNS, JOBS_RUN].map((counter) => counters.map((each) => each.get(counter))),
    [
      [1, 1, 0],
      [1, 1, 0],
      [1, 1, 0],
    ],
  );
});

/** Other loops fill the place that is made, as often as `crowds`. */
class CrowdedQueue extends DispatchQueue {
  crowds = 0;

  override pop(job: Int32Array): boolean {
    const isTaken = super.pop(job);
    if (this.crowds-- > 0) this.push(new Int32Array(JOB_WORDS).fill(1));
    return isTaken;
  }
}

t.test(
  'dispatch: the queue is found full at least as often as a loop runs a job because of it',
  { skip },
  async (t) => {
    const work = share({ kind: 'dispatch', threads: 1, queue: 2 }, 2);
    const queue = new CrowdedQueue(work.dispatch!, new Wakers(loadLibc(), work.wakers!));
    const counters = new WorkCounters(work.counters[0]!);
    const gauge = new RunningGauge(work.gauge);
    const handler = { jobDone: (): void => undefined };
    const executor = new DispatchExecutor({ owner: 0, run: () => 0, handler, counters, gauge }, queue);
    executor.submit();
    executor.submit();
    t.equal(counters.get(QUEUE_FULL), 0);
    queue.crowds = 3;
    executor.submit();
    t.equal(counters.get(CALLER_RUNS), 4);
    t.equal(counters.get(QUEUE_FULL), 4);
  },
);

t.test('busy tasks tick on whole milliseconds, and skip those that came too late', async (t) => {
  const counters = new WorkCounters(WorkCounters.createMemory());
  const tasks = new BusyTasks(10, 1.5e6, counters);
  t.equal(tasks.run(1.9e6), 2e6, 'not due yet');
  t.equal(tasks.run(2e6), 3e6);
  t.equal(tasks.run(2.1e6), 3e6);
  t.equal(counters.get(BUSY_TICKS), 10);
  t.equal(tasks.run(6.2e6), 7e6);
  t.equal(counters.get(BUSY_TICKS), 20);
  t.equal(counters.get(BUSY_SKIPPED), 30, 'those of 4, 5 and 6 ms');
});
