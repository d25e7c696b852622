import type { WorkResult } from '../document/common.ts';
import {
  CALLER_RUNS,
  JOBS,
  JOBS_DONE,
  JOBS_RUN,
  JOBS_WAITED,
  QUEUE_FULL,
  RunningGauge,
  WorkCounters,
} from './counters.ts';
import type { WorkShare } from './share.ts';

/** What has become of the jobs so far; `since` is what had before, and is left out. */
export function workSummary(share: WorkShare, since?: WorkResult): WorkResult {
  const counters = share.counters.map((memory) => new WorkCounters(memory));
  const sum = (counter: number, from: number, to?: number): number =>
    counters.slice(from, to).reduce((total, each) => total + each.get(counter), 0);
  const isPool = share.strategy.kind === 'pool';
  const jobs = sum(JOBS, 0) - (since?.jobs ?? 0);
  const done = sum(JOBS_DONE, 0) - (since?.done ?? 0);
  // Read before what it is never more than.
  const callerRuns = sum(CALLER_RUNS, 0) - (since?.caller_runs ?? 0);
  const onLoop = sum(JOBS_RUN, 0, share.owners) - (since?.on_loop ?? 0);
  return {
    jobs,
    done,
    unfinished: jobs - done,
    on_loop: onLoop,
    on_threads: isPool ? done - onLoop : sum(JOBS_RUN, share.owners) - (since?.on_threads ?? 0),
    waited: sum(JOBS_WAITED, 0) - (since?.waited ?? 0),
    queue_full: sum(QUEUE_FULL, 0) - (since?.queue_full ?? 0),
    caller_runs: callerRuns,
    running_max: isPool ? null : new RunningGauge(share.gauge).max,
  };
}
