/** What came of a search or a saturation, in sentences: the same in text and in Markdown. */
import type {
  GoalResult,
  KpiResult,
  QuantityName,
  SaturateResult,
  SaturateStepResult,
  SearchResult,
} from '../measure/limit-result.ts';
import { evaluateCriterion, parseCriterion } from '../measure/criterion.ts';
import { formatCount, formatCountOf, formatLatency, formatPerSec } from '../plan/format.ts';
import { printable } from '../plan/printable.ts';
import { profileTitle } from '../search/profiles.ts';
import { formatFigure } from './threshold-text.ts';

/** The answer for one goal, without the goal. */
export function goalSentence(goal: GoalResult): string {
  const isCount = goal.quantity === 'connections';
  const found = amount(goal, isCount ? goal.connections : goal.rate_per_sec);
  const lower = amount(goal, isCount ? goal.lower_connections : goal.lower_per_sec);
  const upper = amount(goal, isCount ? goal.upper_connections : goal.upper_per_sec);
  const limit = amount(goal, isCount ? goal.generator_limit_connections : goal.generator_limit_per_sec);
  switch (goal.status) {
    case 'found':
      return `${found}, confirmed by ${goal.confirmed?.passed ?? 0} of ${goal.confirmed?.of ?? 0} ${confirmingText(goal)}; ${upper ?? 'unknown'} ${isCount ? 'fail' : 'fails'}`;
    case 'at_max_rate':
      return `at least ${found}: nothing failed up to ${isCount ? '--max-connections' : '--max-rate'}`;
    case 'range':
      return `between ${lower} and ${upper}: the limit was not the same in every ${confirmingText(goal).slice(0, -1)}, so one number would not be true`;
    case 'fails_at_min_rate':
      return `none: it is not met at the lowest ${isCount ? 'number' : 'rate'} (${upper})${because(goal)}`;
    case 'generator_limited':
      return `generator-limited at ${limit ?? upper}: ${heldText(lower)}, and this machine cannot offer more; no figure of the target${because(goal)}`;
    case 'unfinished':
      return `no answer; ${knownText(lower, upper)}`;
  }
}

/** What RFC 9411 asks to be reported beside the answer; null where it was not measured. */
export function kpiSentence({ kpi }: GoalResult): string | null {
  if (kpi === null) return null;
  const range = (what: string, value: KpiResult['time_to_first_byte_ns']): string[] =>
    value === null
      ? []
      : [
          `${what} ${[value.min, value.mean, value.max].map((each) => formatLatency(each)).join(' / ')} (min / mean / max)`,
        ];
  const percent = (what: string, value: number | null): string[] =>
    value === null ? [] : [`${what} within ${value} % of its mean`];
  return [
    `${formatPerSec(kpi.connections_per_sec)} on average`,
    `throughput ${formatCount(Math.round(kpi.throughput_bits_per_sec / 1000))} kbit/s`,
    ...range('first byte', kpi.time_to_first_byte_ns),
    ...range('last byte', kpi.time_to_last_byte_ns),
    ...percent('rate', kpi.rate_deviation_percent),
    ...percent('open connections', kpi.concurrency_deviation_percent),
  ].join('; ');
}

/** Of which goal an answer is, with what was searched where that is no rate of new connections. */
export function goalTitle({ goal, quantity, payload_file: payload }: GoalResult): string {
  const of = QUANTITY_TITLES[quantity];
  return [
    goal,
    ...(of === null ? [] : [of]),
    ...(payload === undefined ? [] : [payload === null ? 'no payload' : printable(payload)]),
  ].join(', ');
}

const QUANTITY_TITLES: Readonly<Record<QuantityName, string | null>> = {
  rate: null,
  connections: 'open at once',
  teardown: 'torn down per second',
};

function confirmingText({ quantity }: GoalResult): string {
  return quantity === 'rate' ? 'full-length trials' : 'confirming trials';
}

function amount({ quantity }: GoalResult, value: number | null): string | null {
  if (value === null) return null;
  return quantity === 'connections' ? formatCountOf(value, 'connection') : formatPerSec(value);
}

function heldText(lower: string | null): string {
  return lower === null
    ? 'nothing was met below'
    : `${lower} ${lower.endsWith('connections') ? 'meet' : 'meets'} the goal`;
}

function knownText(lower: string | null, upper: string | null): string {
  if (lower === null && upper === null) return 'nothing is known';
  if (upper === null) return `${lower} met it, nothing failed`;
  return lower === null ? `${upper} failed` : `${lower} met it, ${upper} did not`;
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

/** Why there was no connection at all, where that is so; and the end of the sentence. */
function nothingEstablished(step: SaturateStepResult | undefined): string {
  const reason = step?.result.verdict.reasons.find(({ code }) => code === 'nothing_established');
  return reason === undefined ? '.' : `: ${reason.message}`;
}

/** `the goal p99(probe)<=5ms is missed (8.41 ms)`. */
function missedGoal(result: SaturateResult, step: SaturateStepResult | undefined): string {
  const expression = String(result.config['goal']);
  const goal = parseCriterion(expression);
  if (!goal.ok || step === undefined) return `the goal ${expression} is missed`;
  const { value } = evaluateCriterion(goal.value, step.result);
  return `the goal ${expression} is missed (${formatFigure({ value, unit: goal.value.unit })})`;
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
      return `Saturated at ${at}: ${missedGoal(result, last)}. ${sustained}`;
    case 'fails_at_start':
      return `None: at the first step already (${at}) ${missedGoal(result, last)}${nothingEstablished(last)}`;
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
