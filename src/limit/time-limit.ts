/** `--max-time`: which trials still fit into it. */
import type { RunContext } from '../run/events.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { problemOf, type Given, type Problem } from '../units/problem.ts';
import { formatDuration } from '../units/quantity.ts';
import { trialNs, type TrialOffer } from './decide/quantity.ts';
import type { TrialRunner } from './trial-runner.ts';

/** How long a trial can take once it has begun: until the last of its connections has run into its timeout. */
export function longestTrialNs(client: ClientPlan, offer: TrialOffer): number {
  const { rampUpNs, warmupNs, rampDownNs, holdNs, timeoutNs } = client;
  return rampUpNs + warmupNs + trialNs(offer) + rampDownNs + holdNs + timeoutNs;
}

export interface TimeLimit {
  readonly maxTimeNs: number;
  readonly client: ClientPlan;
  readonly runner: Pick<TrialRunner, 'leadNs'>;
  readonly emit: RunContext['emit'];
}

/** Whether a trial, with all that comes before it, ends in time whatever the target does. Says so where a wait does not fit. */
export function fitsInTime(
  { maxTimeNs, client, runner, emit }: TimeLimit,
  elapsedNs: number,
  offer: TrialOffer,
): boolean {
  const leadNs = runner.leadNs(offer);
  const leftNs = maxTimeNs - elapsedNs - longestTrialNs(client, offer);
  if (leadNs <= leftNs) return true;
  if (leftNs >= client.cooldownNs) {
    const waitSec = Math.ceil(leadNs / 1e9);
    const text = `the next trial would wait ${waitSec} s for source ports in TIME_WAIT, and end after --max-time`;
    emit?.({ type: 'notice', level: 'warning', text });
  }
  return false;
}

/** Refuses a time in which not even the first trial is sure to end, and names the options that make it so long. */
export function checkMaxTime(
  maxTime: Given<number>,
  client: ClientPlan,
  first: TrialOffer,
  durationOption: '--duration' | '--explore-duration',
  problems: Problem[],
): void {
  const neededNs = longestTrialNs(client, first);
  if (neededNs <= maxTime.value) return;
  const parts: readonly (readonly [string, number])[] = [
    ['--ramp-up', client.rampUpNs],
    ['--warmup', client.warmupNs],
    [first.connections === null ? durationOption : 'all stages', trialNs(first)],
    ['--ramp-down', client.rampDownNs],
    ['--hold', client.holdNs],
    ['--timeout', client.timeoutNs],
  ];
  const listed = parts.filter(([, ns]) => ns > 0).map(([name, ns]) => `${name} ${inMs(ns)}`);
  problems.push(
    problemOf(maxTime, `at least ${inMs(neededNs)}, which the first trial can take: ${listed.join(' + ')}`),
  );
}

function inMs(durationNs: number): string {
  return formatDuration(Math.ceil(durationNs / 1e6) * 1e6);
}
