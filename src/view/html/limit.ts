/** The results of `conngen search` and `conngen saturate` as pages. */
import type { RoundResult } from '../../document/client.ts';
import type { GoalResult, LimitResult, SaturateResult, SearchResult } from '../../document/limit.ts';
import { formatCountOf, formatSeconds } from '../../units/format.ts';
import { fleetOfLimit } from '../agent-facts.ts';
import { engineText } from '../engine-text.ts';
import { targetLine } from '../headline.ts';
import {
  goalFigure,
  goalSentence,
  goalTitle,
  kpiSentence,
  profileSentence,
  saturateSentence,
  searchEnd,
} from '../limit-sentences.ts';
import { limitThresholdFigures, limitThresholdSentence } from '../text/limit-thresholds.ts';
import { asteriskMeaning, establishmentNote, type Column } from '../text/round-table.ts';
import { stepColumns } from '../text/saturate.ts';
import { trialColumns } from '../text/search.ts';
import { chart, columnsTable, list, paragraph, table } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { worstOf } from './page/lead.ts';
import { page, type Mood, type Page, type Section } from './page/page.ts';
import { chartGrid } from './round-sections.ts';
import { stepGoalChart, stepsChart, trialsChart } from './specs/limit.ts';
import { latencyByRateChart, rateByRateChart } from './specs/rounds.ts';
import { html, type Html } from './page/template.ts';

const GOAL_MOODS: Readonly<Record<GoalResult['status'], Mood>> = {
  found: 'good',
  at_max_rate: 'good',
  range: 'warning',
  generator_limited: 'warning',
  unfinished: 'warning',
  fails_at_min_rate: 'bad',
};

export function searchHtml(result: SearchResult): string {
  const { goals, trials } = result;
  const charts = goals.map((goal, index) => {
    const spec = trialsChart(`trials-${index + 1}`, goal, result);
    return spec === null ? html`` : chart(spec);
  });
  const deviations =
    result.deviations.length === 0
      ? null
      : html`${paragraph('Differences from the profile:')}${list(result.deviations)}`;
  return page({
    title: targetLine('search', result.config),
    details: detailsOf(result, formatCountOf(trials.length, 'trial'), profileSentence(result)),
    lead: searchLead(result),
    sections: [
      { id: 'answers', title: 'Answers', content: html`${answersTable(result)}${deviations}` },
      {
        id: 'trials',
        title: 'Trials',
        content: html`${chartGrid(charts)}${trialsTable('Trials', trialColumns(trials), result)}`,
      },
      { id: 'rates', title: 'By offered rate', content: byRateCharts(result) },
      thresholdsSection(result),
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}

function detailsOf(result: LimitResult, count: string, profile: string | null): string[] {
  const { system } = result;
  const how = `${engineText(system)}, ${formatCountOf(system.workers, 'worker')}, ${count} in ${formatSeconds(result.duration_sec)}`;
  const rounds = ('trials' in result ? result.trials : result.steps).map((round) => round.result);
  const fleet = fleetOfLimit(result, rounds);
  return [result.started_at, how, ...fleet, ...(profile === null ? [] : [profile]), ...(system.engine_notes ?? [])];
}

function searchLead(result: SearchResult): Page['lead'] {
  const { goals } = result;
  const [only] = goals;
  const end = searchEnd(result);
  const answers = goals.map((goal) => `${goalTitle(goal)}: ${goalSentence(goal)}`);
  const isSingle = goals.length === 1 && only !== undefined;
  const said = isSingle ? `${answers[0]!}.` : `${formatCountOf(goals.length, 'answer')}.`;
  const isMissed = result.thresholds_met === false;
  const rest = html`${isMissed ? paragraph(said) : null}${isSingle ? null : list(answers)}${end === null ? null : paragraph(end)}${
    isMissed ? null : thresholdParagraph(result)
  }`;
  const isFailed = result.thresholds_met === false || result.error !== undefined;
  const mood = isFailed ? 'bad' : worstOf(goals.map(({ status }) => GOAL_MOODS[status]));
  return { mood, sentence: isMissed ? (limitThresholdSentence(result) ?? said) : said, rest };
}

function thresholdParagraph(result: LimitResult): Html | null {
  const sentence = limitThresholdSentence(result);
  return sentence === null ? null : paragraph(sentence);
}

/** The answers, and what RFC 9411 asks for beside them where its profile was followed. */
function answersTable({ goals, profile }: SearchResult): Html {
  if (goals.length === 0) return html``;
  const hasKpi = profile === 'rfc9411-cps';
  const rows = goals.map((goal) => [goalTitle(goal), goalFigure(goal), ...(hasKpi ? [kpiSentence(goal) ?? '-'] : [])]);
  return html`<div class="wide">
    ${table('Answers', [['goal', 'the most that meets it', ...(hasKpi ? ['KPI'] : [])], ...rows])}
  </div> `;
}

function roundsOf(result: LimitResult): RoundResult[] {
  return 'trials' in result ? result.trials.map((trial) => trial.result) : result.steps.map((step) => step.result);
}

function trialsTable(caption: string, columns: readonly Column[], result: LimitResult): Html {
  const rounds = roundsOf(result);
  if (rounds.length === 0) return html``;
  const meaning = asteriskMeaning(rounds);
  return html`${columnsTable(caption, columns)}${meaning === null ? null : paragraph(`* ${meaning}`)}
    <p class="note">${establishmentNote(result)}</p> `;
}

/** What was achieved, and how long it took, along the rate: of trials that varied the rate and that show the target. */
function byRateCharts(result: LimitResult): Html {
  const rounds =
    'trials' in result
      ? result.trials
          .filter(({ quantity, connections }) => quantity === 'rate' && connections === null)
          .map((trial) => trial.result)
      : result.steps.map((step) => step.result);
  const valid = rounds.filter(({ verdict }) => verdict.status === 'valid');
  if (valid.length < 2) return html``;
  const isShort = valid.length < rounds.length;
  const who = result.fleet === undefined ? 'this machine' : 'agents';
  const note = `What ${who} limited, or what could not be measured, is left out.`;
  return html`${chartGrid([chart(rateByRateChart('achieved-by-rate', valid)), chart(latencyByRateChart('latency-by-rate', valid))])}${
    isShort ? html`<p class="note">${note}</p> ` : null
  }`;
}

function thresholdsSection(result: LimitResult): Section {
  return { id: 'thresholds', title: 'Thresholds', content: list(limitThresholdFigures(result)) };
}

export function saturateHtml(result: SaturateResult): string {
  const { steps } = result;
  const goalChart = stepGoalChart('goal-by-rate', result);
  const isFailed = result.thresholds_met === false || result.error !== undefined;
  const isFound = result.saturated_at !== null;
  const charts = [chart(stepsChart('p90-by-rate', result)), goalChart === null ? html`` : chart(goalChart)];
  return page({
    title: targetLine('saturate', result.config),
    details: detailsOf(result, formatCountOf(steps.length, 'step'), null),
    lead: {
      mood: isFailed ? 'bad' : isFound ? 'good' : 'warning',
      // What is wrong comes first.
      sentence: result.thresholds_met === false ? (limitThresholdSentence(result) ?? '') : saturateSentence(result),
      rest: result.thresholds_met === false ? paragraph(saturateSentence(result)) : html`${thresholdParagraph(result)}`,
    },
    sections: [
      {
        id: 'steps',
        title: 'Steps',
        content: html`${chartGrid(charts)}${trialsTable('Steps', stepColumns(steps), result)}`,
      },
      { id: 'rates', title: 'By offered rate', content: byRateCharts(result) },
      thresholdsSection(result),
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}
