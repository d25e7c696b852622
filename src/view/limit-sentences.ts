/** What came of a search or a saturation, in sentences: the same in text and in Markdown. */
import type {
  GoalResult,
  KpiResult,
  LimitedByResult,
  SaturateResult,
  SaturateStepResult,
  SearchResult,
} from '../document/limit.ts';
import type { RoundResult } from '../document/client.ts';
import type { QuantityName } from '../document/config.ts';
import { CORES_BUSY } from '../judge/busy-cores.ts';
import { nothingCompleted } from '../judge/nothing-completed.ts';
import { formatCount, formatCountOf, formatLatency, formatPerSec, formatSeconds } from '../units/format.ts';
import { ownValue } from '../units/record.ts';
import { printable } from '../units/printable.ts';
import { profileTitle } from '../plan/profiles.ts';
import { formatFigure } from './text/thresholds.ts';

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
      return limitedSentence(goal, lower, limit ?? upper);
    case 'unfinished':
      return `limit not found; ${knownText(goal, lower, upper)}`;
  }
}

/** The answer for one goal as a figure: `119/s (123/s fails)`, `at least 119/s`, `115/s to 123/s`, `not found`. */
export function goalFigure(goal: GoalResult): string {
  const isCount = goal.quantity === 'connections';
  const found = amount(goal, isCount ? goal.connections : goal.rate_per_sec);
  const lower = amount(goal, isCount ? goal.lower_connections : goal.lower_per_sec);
  const upper = amount(goal, isCount ? goal.upper_connections : goal.upper_per_sec);
  const fails = upper === null ? '' : ` (${upper} ${isCount ? 'fail' : 'fails'})`;
  switch (goal.status) {
    case 'found':
      return `${found}${fails}`;
    case 'at_max_rate':
      return `at least ${found}`;
    case 'range':
      return `${lower} to ${upper}`;
    case 'fails_at_min_rate':
      return `none${fails}`;
    case 'generator_limited':
    case 'unfinished':
      return lower === null ? `not found${fails}` : `at least ${lower}${goal.status === 'unfinished' ? fails : ''}`;
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

/** Names the goal of an answer, and what was searched for where that is not a rate of new connections. */
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
  connections: 'open at the same time',
  teardown: 'torn down per second',
};

function confirmingText({ quantity }: GoalResult): string {
  return quantity === 'rate' ? 'full-length trials' : 'confirming trials';
}

function amount({ quantity }: GoalResult, value: number | null): string | null {
  if (value === null) return null;
  return quantity === 'connections' ? formatCountOf(value, 'connection') : formatPerSec(value);
}

/** The lower bound, what it rests on, and why there is no upper one. */
function limitedSentence(goal: GoalResult, lower: string | null, limit: string | null): string {
  const bound =
    lower === null
      ? `limit not found: no lower rate passed, and ${limitWords(goal.limited_by)}`
      : `at least ${lower} (${trialsText(goal)}; ${limitWords(goal.limited_by)})`;
  // Null where the rate, or the number, that passed in a short trial is also the one at which this machine fell behind in a long one.
  const at = limit === null ? '' : `At ${limit}: `;
  return `${bound}. ${at}${goal.reason ?? 'this machine fell behind.'}${processorText(goal.limited_by)}`;
}

/** What is said of agents where they, and not this machine, ended a trial. */
const LIMITS_OF_AGENTS: Readonly<Record<string, string>> = {
  agent_limited: 'agents were the limit',
  agent_lost: 'agents were lost',
  agent_invalid: 'agents measured nothing',
  reports_missing: 'reports of agents are missing',
};

/** Who was the limit: this machine, or agents of a fleet. */
function limitWords(limit: LimitedByResult | null): string {
  return ownValue(LIMITS_OF_AGENTS, limit?.code ?? '') ?? 'this machine was the limit';
}

/** `one 2 s trial`, `2 of 3 trials of 10 s`. */
function trialsText({ lower_trials: trials, quantity }: GoalResult): string {
  if (trials === null) return 'no trial of its own';
  const { passed, of } = trials;
  const length = quantity === 'connections' ? '' : formatSeconds(trials.duration_sec);
  if (of === 1) return length === '' ? 'one trial' : `one ${length} trial`;
  return `${passed} of ${of} trials${length === '' ? '' : ` of ${length}`}`;
}

/** What the processors did while this machine was the limit; begins with a space, empty where nothing is known. */
function processorText(limit: LimitedByResult | null): string {
  if (limit === null) return '';
  const { processor, own_percent: ownPercent, shared_with: others } = limit;
  if (processor === null) return '';
  const shared = others.map(({ name, pid, percent }) => `${name} (pid ${pid}) ${percent} %`);
  const rest = shared.length === 0 ? 'no other process used 5 %' : `beside it ran ${shared.join(', ')}`;
  const own = ownPercent === null ? '' : ` conngen used ${ownPercent} % of one processor; ${rest}.`;
  return ` Processor ${processor.core} was busy for ${processor.busy_percent} % of the time.${own}`;
}

function knownText(goal: GoalResult, lower: string | null, upper: string | null): string {
  if (lower === null && upper === null) return 'nothing is known';
  if (lower === null) return `${upper} failed`;
  const trials = goal.lower_trials;
  const isConfirmed = trials?.length === 'final' && trials.passed > 1;
  const passed = `${lower} passed (${trialsText(goal)}${isConfirmed ? '' : ', unconfirmed'})`;
  return upper === null ? `at least ${passed}` : `${passed}, ${upper} failed`;
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
      return result.trials.at(-1)?.standing === 'nothing_completed'
        ? 'The target does not serve any more: no connection was completed, not at the lowest rate either.'
        : 'The target is gone: no connection was established any more, not at the lowest rate either.';
    case 'too_many_trials':
      return 'Stopped after too many trials: the target was a different one every time.';
    case 'max_time':
      return 'Stopped at --max-time.';
    case 'interrupted':
      return 'Stopped early: what is known is from the trials until then.';
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

/** Why no connection was established, or completed, where that is so; and the end of the sentence. */
function whyNothing(step: SaturateStepResult | undefined): string {
  const reason = step?.result.verdict.reasons.find(({ code }) => code === 'nothing_established')?.message;
  const why = reason ?? (step === undefined ? null : nothingCompleted(step.result));
  return why === null ? '.' : `: ${why}`;
}

/** `the goal p99(probe)<=5ms is missed (8.41 ms)`. */
function missedGoal(result: SaturateResult, step: SaturateStepResult | undefined): string {
  const { goal } = result.config;
  return step === undefined ? `the goal ${goal} is missed` : `the goal ${goal} is missed (${formatFigure(step.goal)})`;
}

/** What a saturation that this machine ended has shown all the same. */
function atLeast({ sustained_per_sec: sustainedPerSec, steps }: SaturateResult): string {
  const good = steps.findLast(({ rate_per_sec: ratePerSec }) => ratePerSec === sustainedPerSec);
  if (good === undefined) return 'No step was good.';
  return `The target takes at least ${formatPerSec(good.rate_per_sec)} (one ${formatSeconds(good.result.duration_sec)} step).`;
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
      return `None: at the first step already (${at}) ${missedGoal(result, last)}${whyNothing(last)}`;
    case 'generator_limited':
      return `Saturation not found: at ${at} ${limitWords(result.limited_by)}. ${atLeast(result)}${result.limited_by === null ? '' : ` ${result.limited_by.message}`}${processorText(result.limited_by)}`;
    case 'max_rate':
      return `Not saturated up to --max-rate ${at}${base}.`;
    case 'max_time':
      return `Stopped at --max-time, not saturated until then. ${sustained}`;
    case 'interrupted':
      return `Stopped early, not saturated until then. ${sustained}`;
    case 'error':
      return `Failed: ${result.error?.message ?? ''} (${result.error?.code ?? ''}). ${sustained}`;
  }
}

/** What the highest load shows of answers that count as ok and may be none; null where there were no such. */
export function answersSentence(rounds: readonly RoundResult[]): string | null {
  const found = rounds
    .filter(({ findings }) => findings.some(({ code }) => code === 'error_statuses'))
    .reduce<RoundResult | null>(
      (most, round) => (most === null || round.offered_rate_per_sec! >= most.offered_rate_per_sec! ? round : most),
      null,
    );
  if (found === null) return null;
  const { message } = found.findings.find(({ code }) => code === 'error_statuses')!;
  return `At ${formatPerSec(found.offered_rate_per_sec!)}, ${message}`;
}

/**
 * What is known of busy cores where goals were missed all the same: of the lowest load of `missed`, the rounds that missed one and count. Null
 * where they had time left.
 */
export function coresSentence(missed: readonly RoundResult[]): string | null {
  const [lowest] = [...missed].sort((a, b) => a.attempts.scheduled - b.attempts.scheduled);
  const found = lowest?.findings.find(({ code }) => code === CORES_BUSY);
  return found === undefined ? null : `At ${formatPerSec(lowest!.offered_rate_per_sec!)}: ${found.message}`;
}
