/** Thread entry: takes jobs from the queue and does them until it is closed. */
import { threadEntry } from '../runtime/thread-host.ts';
import { loadLibc } from '../kernel/libc.ts';
import { sleepOnTime } from '../kernel/machine/timer-slack.ts';
import { JOBS_RUN, RunningGauge, WorkCounters } from './counters.ts';
import { DispatchQueue } from './dispatch-queue.ts';
import { JOB_WORDS, type JobModule } from './executor.ts';
import type { FromPoolThread, PoolThreadInit } from './thread-protocol.ts';
import { Wakers } from '../runtime/shared/wakers.ts';

const { init, tell, fail, close } = threadEntry<PoolThreadInit, never, FromPoolThread>();
const { share, thread, module, data } = init;

async function main(): Promise<void> {
  const jobs = (await import(module)) as JobModule;
  const libc = loadLibc();
  // As on the threads of the engines, so that a sleep is as long here as there.
  sleepOnTime(libc);
  const queue = new DispatchQueue(share.dispatch!, new Wakers(libc, share.wakers!));
  const counters = new WorkCounters(share.counters[share.owners + thread]!);
  const gauge = new RunningGauge(share.gauge);
  const run = jobs.createRunner(data);
  const job = new Int32Array(JOB_WORDS);
  tell({ type: 'ready' });
  while (queue.take(job)) {
    gauge.enter();
    const result = run(job);
    gauge.leave();
    counters.add(JOBS_RUN, 1);
    queue.finish(job, result);
  }
}

main()
  .catch(fail)
  .finally(() => close());
