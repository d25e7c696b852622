/** Work beside a loop, as text. */
import type { BusyResult, WorkResult } from '../../document/common.ts';
import { formatCount } from '../../units/format.ts';

/** Which threads did the jobs, and what delayed them. */
export function workText(work: WorkResult): string {
  const parts = [`${formatCount(work.jobs)} jobs`];
  if (work.on_threads > 0) parts.push(`${formatCount(work.on_threads)} on threads`);
  if (work.on_loop > 0) parts.push(`${formatCount(work.on_loop)} on the loop`);
  if (work.waited > 0) parts.push(`${formatCount(work.waited)} waited for a permit`);
  if (work.queue_full > 0) {
    parts.push(`queue full ${formatCount(work.queue_full)} times, ${formatCount(work.caller_runs)} run by the caller`);
  }
  if (work.running_max !== null) parts.push(`at most ${formatCount(work.running_max)} at a time`);
  if (work.unfinished > 0) parts.push(`${formatCount(work.unfinished)} unfinished`);
  if (work.stand_in !== undefined) parts.push(`as ${work.stand_in}`);
  return parts.join(', ');
}

/** `where` completes "so many …": `a listener`, `on the loop`. */
export function busyText({ tasks, ticks, skipped }: BusyResult, where: string): string {
  return `${formatCount(tasks)} ${where}, ${formatCount(ticks)} ticks, ${formatCount(skipped)} skipped`;
}
