/** What came of a search or a saturation, in sentences: the same in text and in Markdown. */
import type { GoalResult, SaturateResult, SearchResult } from '../measure/limit-result.ts';
import { formatLatency, formatPerSec } from '../plan/format.ts';
import { profileTitle } from '../search/profiles.ts';

/** The answer for one goal, without the goal. */
export function goalSentence(goal: GoalResult): string {
  const { rate_per_sec: rate, lower_per_sec: lower, upper_per_sec: upper } = goal;
  switch (goal.status) {
    case 'found':
      return `${perSec(rate)}, confirmed by ${goal.confirmed?.passed ?? 0} of ${goal.confirmed?.of ?? 0} full-length trials; ${perSec(upper)} fails`;
    case 'at_max_rate':
      return `at least ${perSec(rate)}, which is --max-rate: nothing failed`;
    case 'range':
      return `between ${perSec(lower)} and ${perSec(upper)}: the limit was not the same in every full-length trial, so one number would not be true`;
    case 'fails_at_min_rate':
      return `none: it is not met at the lowest rate (${perSec(upper)})${because(goal)}`;
    case 'generator_limited':
      return `generator-limited at ${perSec(goal.generator_limit_per_sec ?? upper)}: ${heldText(lower)}, and this machine cannot offer more; no figure of the target${because(goal)}`;
    case 'unfinished':
      return `no answer; ${knownText(lower, upper)}`;
  }
}

function perSec(rate: number | null): string {
  return rate === null ? 'unknown' : formatPerSec(rate);
}

function heldText(lower: number | null): string {
  return lower === null ? 'nothing was met below' : `${perSec(lower)} meets the goal`;
}

function knownText(lower: number | null, upper: number | null): string {
  if (lower === null && upper === null) return 'nothing is known';
  if (upper === null) return `${perSec(lower)} met it, nothing failed`;
  return lower === null ? `${perSec(upper)} failed` : `${perSec(lower)} met it, ${perSec(upper)} did not`;
}

function because({ reason }: GoalResult): string {
  return reason === null ? '' : `. ${reason}`;
}

/** Why a search ended without all of its answers; null where it has them. */
export function searchEnd(result: SearchResult): string | null {
  switch (result.stopped_by) {
    case 'answered':
      return null;
    case 'target_gone':
      return 'The target is gone: no connection was established any more, not at the lowest rate either.';
    case 'too_many_trials':
      return 'Stopped after too many trials: the target was a different one every time.';
    case 'max_time':
      return 'Stopped at --max-time.';
    case 'interrupted':
      return 'Stopped early by a signal: what is known is from the trials until then.';
    case 'error':
      return `Failed: ${result.error?.message ?? ''} (${result.error?.code ?? ''})`;
  }
}

/** Which recipe was followed; null where none was. */
export function profileSentence({ profile }: SearchResult): string | null {
  if (profile === null) return null;
  const title = profileTitle(profile);
  return title === null ? `profile ${profile}` : `profile ${profile}: ${title}`;
}

/** What a saturation found, in one or two sentences. */
export function saturateSentence(result: SaturateResult): string {
  const last = result.steps.at(-1);
  const at = last === undefined ? '' : formatPerSec(last.rate_per_sec);
  const sustained =
    result.sustained_per_sec === null
      ? 'No step was good.'
      : `The last good step was ${formatPerSec(result.sustained_per_sec)}.`;
  const base =
    result.base === null
      ? ''
      : ` (base ${formatLatency(result.base.p90_ns)} at ${formatPerSec(result.base.rate_per_sec)})`;
  switch (result.stopped_by) {
    case 'slowdown':
      return `Saturated at ${at}: a p90 of ${formatLatency(last?.p90_ns ?? 0)}${base}. ${sustained}`;
    case 'failures':
      return `Saturated at ${at}: more failures than the goal allows. ${sustained}`;
    case 'fails_at_start':
      return `The target fails at the first step already (${at}).`;
    case 'generator_limited':
      return `Generator-limited at ${at}: this machine cannot offer more, so the target's saturation is not known. ${sustained}`;
    case 'max_rate':
      return `Not saturated up to --max-rate ${at}${base}.`;
    case 'max_time':
      return `Stopped at --max-time, not saturated until then. ${sustained}`;
    case 'interrupted':
      return `Stopped early by a signal, not saturated until then. ${sustained}`;
    case 'error':
      return `Failed: ${result.error?.message ?? ''} (${result.error?.code ?? ''}). ${sustained}`;
  }
}
