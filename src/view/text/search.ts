/** The result of a search for a person: the answer first, then how it was come by. */
import type { GoalResult, SearchResult, TrialResult } from '../../document/limit.ts';
import { formatCount, formatCountOf, formatPerSec, formatSeconds } from '../../units/format.ts';
import { fleetOfLimit } from '../agent-facts.ts';
import { engineText } from '../engine-text.ts';
import { targetLine } from '../headline.ts';
import { PLAIN, entry, paint, wrap, type TextStyle } from '../layout.ts';
import {
  answersSentence,
  coresSentence,
  goalSentence,
  goalTitle,
  kpiSentence,
  profileSentence,
  searchEnd,
} from '../limit-sentences.ts';
import { limitThresholdBlocks } from './limit-thresholds.ts';
import { roundLines, trialRoundColumns, type Column } from './round-table.ts';

/** The live view: `trial 3   1,600/s for 2 s   loss<=0.1% not met`. */
export function trialLine(index: number, trial: TrialResult, reason: string | null): string {
  const rate = loadText(trial).padStart(9);
  const says = trial.standing === 'generator_limited' ? `inconclusive: ${shortReason(trial, reason)}` : metText(trial);
  return `trial ${String(index + 1).padStart(2)}  ${rate} for ${formatSeconds(trial.result.duration_sec)}  ${says}  (${trial.why})`;
}

/** Of a fleet who was the limit, without what each of the agents says. */
function shortReason({ result: { verdict } }: TrialResult, reason: string | null): string {
  const isOfAgents = verdict.reasons[0]?.code === 'agent_limited';
  return isOfAgents ? (reason?.split(': ')[0] ?? '') : (reason ?? '');
}

/** What of a trial is searched. */
function loadText(trial: TrialResult): string {
  if (trial.quantity === 'connections') return `${formatCount(trial.connections ?? 0)} open`;
  if (trial.quantity === 'teardown') return `${formatPerSec(trial.exchange_rate_per_sec ?? 0)} closed`;
  return formatPerSec(trial.rate_per_sec);
}

function metText({ passed }: TrialResult): string {
  return Object.entries(passed)
    .map(([goal, met]) => `${goal} ${met === true ? 'met' : 'not met'}`)
    .join(', ');
}

/** The summary, with a newline at its end. */
export function searchText(result: SearchResult, style: TextStyle = PLAIN): string {
  const { goals, trials } = result;
  const rounds = trials.filter(({ length }) => length === 'exploratory').length;
  const cost = `${formatCountOf(trials.length, 'trial')} (${rounds} exploratory, ${trials.length - rounds} full length) in ${formatSeconds(result.duration_sec)}`;
  const end = searchEnd(result);
  const answers = answersSentence(trials.map((trial) => trial.result));
  const cores = coresSentence(
    trials
      .filter(({ standing, passed }) => standing === 'valid' && Object.values(passed).includes(false))
      .map((trial) => trial.result),
  );
  const facts = [
    `${engineText(result.system)}, ${cost}`,
    ...fleetOfLimit(
      result,
      trials.map((trial) => trial.result),
    ),
    profileSentence(result),
  ].filter((each) => each !== null);
  const blocks = [
    `${paint(style, 'bold', targetLine('search', result.config))}\n${facts.map((each) => wrap(each, style.columns, 0)).join('\n')}`,
    goals.map((goal) => answerText(goal, result.profile, style)).join('\n'),
    ...(end === null ? [] : [paint(style, 'yellow', wrap(end, style.columns, 0))]),
    ...[answers, cores].flatMap((each) =>
      each === null ? [] : [paint(style, 'yellow', wrap(each, style.columns, 0))],
    ),
    ...(trials.length === 0 ? [] : [trialsTable(trials, style)]),
    ...limitThresholdBlocks(result, style),
    ...(result.deviations.length === 0
      ? []
      : [result.deviations.map((each) => `  ${wrap(each, style.columns, 4)}`).join('\n')]),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** KPIs are what the profile of that RFC is for; others leave them to the JSON. */
function answerText(goal: GoalResult, profile: string | null, style: TextStyle): string {
  const answer = answerLine(goalTitle(goal), goalSentence(goal), goal.status === 'found', style);
  const kpi = profile === 'rfc9411-cps' ? kpiSentence(goal) : null;
  return kpi === null ? answer : `${answer}\n${entry(style, '', kpi)}`;
}

function answerLine(goal: string, sentence: string, isFound: boolean, style: TextStyle): string {
  // A goal may be longer than the room for labels.
  return `${paint(style, isFound ? 'green' : 'yellow', `  ${goal}`)}\n${entry(style, '', sentence)}`;
}

function trialsTable(trials: readonly TrialResult[], style: TextStyle): string {
  const rounds = trials.map(({ result }) => result);
  return roundLines(trialColumns(trials), rounds, style).join('\n');
}

/**
 * One row a trial, in the layout of RFC 3511: the load that was searched with its unit, then counts; min, mean and max are of
 * establishment as this machine saw it. The columns are the same for every search.
 */
export function trialColumns(trials: readonly TrialResult[]): Column[] {
  const lengths = { exploratory: 'short', final: 'full' };
  const rounds = trials.map(({ result }) => result);
  return [
    { header: 'trial', cells: trials.map((_, index) => String(index + 1)), dropRank: 0 },
    { header: 'length', cells: trials.map(({ length }) => lengths[length]), dropRank: 0 },
    ...trialRoundColumns(trials.map(loadText), rounds).slice(0, -1),
    { header: 'goal', cells: trials.map(goalCell), dropRank: 0 },
  ];
}

function goalCell({ passed }: TrialResult): string {
  const values = Object.values(passed);
  if (values.includes(null)) return 'inconclusive';
  const missed = values.filter((value) => value === false).length;
  if (values.length === 1) return missed === 0 ? 'met' : 'not met';
  return `${values.length - missed} of ${values.length} met`;
}
