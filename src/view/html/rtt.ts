/** The result of `conngen rtt` as a page. */
import type { RttResult, RttRound } from '../../document/rtt.ts';
import { formatPerSec } from '../../units/format.ts';
import { targetLine } from '../headline.ts';
import { closingRows, latencyRows, pingFacts, rttCostFacts, rttDetails } from '../text/rtt.ts';
import { verdictLook } from '../verdict-looks.ts';
import { chart, facts, list, paragraph, rowsTable } from './page/blocks.ts';
import { endings, MOODS, roundSentences, toldOfRounds, worstOf } from './page/lead.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { page, type Page, type Section } from './page/page.ts';
import { agentsHtml, chartGrid, generatorTitle } from './round-sections.ts';
import { curveOf, overTimeChart, percentileChart, type Curve } from './specs/percentiles.ts';
import { pingRateChart, samplesChart } from './specs/pings.ts';
import { wholeIntervals } from './specs/intervals.ts';
import { html, type Html } from './page/template.ts';

export function rttHtml(result: RttResult): string {
  const { rounds } = result;
  const [only] = rounds;
  const sections =
    rounds.length === 1
      ? roundSections(only!, '')
      : [
          ...(rounds.length === 0 ? [] : [roundsSection(rounds)]),
          ...rounds.map((round, index) => roundSection(round, index, rounds.length)),
        ];
  return page({
    title: targetLine('rtt', result.config),
    details: [result.started_at, ...rttDetails(result)],
    lead: rttLead(result),
    sections: [...sections, ...endMatter(result)],
    downloads: [downloadOf(result)],
  });
}

function rttLead(result: RttResult): Page['lead'] {
  const { rounds } = result;
  const [only] = rounds;
  const isSingle = rounds.length === 1 && only !== undefined;
  const [sentence = '', ...others] = roundSentences(rounds, {
    rateOf: ({ offered_rate_per_sec: offered }) => offered ?? Infinity,
    sentenceOf: keptSentence,
  });
  const told = isSingle ? only.verdict.reasons.map(({ message }) => message) : toldOfRounds(rounds);
  const isValid = isSingle && only.verdict.status === 'valid';
  const rest = html`${others.map((each) => paragraph(each))}${isValid ? paragraph(verdictText(only)) : null}${endings(result)}${list(told)}`;
  const mood = result.error === undefined ? worstOf(rounds.map(({ verdict }) => MOODS[verdict.status])) : 'bad';
  return { mood, sentence, rest };
}

function keptSentence(round: RttRound): string {
  return `${pingFacts(round)
    .map(([label, text]) => `${label} ${text}`)
    .slice(0, 3)
    .join('; ')}.`;
}

function verdictText({ verdict }: RttRound): Html {
  return html`Verdict: <strong class="is-${MOODS[verdict.status]}">${verdictLook(verdict).words}</strong>`;
}

function roundsSection(rounds: readonly RttRound[]): Section {
  const curves = rounds.map((round, index) =>
    curveOf(roundName(round, index), round.rtt_ns, round.histograms?.['rtt']),
  );
  return {
    id: 'rounds',
    title: 'Rounds',
    content: html`${rowsTable('Rounds', closingRows(rounds))}${chartGrid([percentiles('rounds-percentiles', curves)])}`,
  };
}

function roundName({ offered_rate_per_sec: offered }: RttRound, index: number): string {
  return `round ${index + 1}, ${offered === null ? 'back to back' : formatPerSec(offered)}`;
}

function roundSection(round: RttRound, index: number, count: number): Section {
  const id = `round-${index + 1}`;
  const told = round.verdict.reasons.map(({ message }) => message);
  return {
    id,
    title: `Round ${index + 1} of ${count}`,
    content: html`${paragraph(verdictText(round))}${list(told)}`,
    sections: roundSections(round, `${id}-`),
  };
}

function percentiles(id: string, curves: readonly Curve[]): Html {
  return chart(
    percentileChart(id, {
      description: 'Round trips at each percentile. The axis spreads the highest percentiles.',
      curves,
    }),
  );
}

function roundSections(round: RttRound, prefix: string): Section[] {
  const group = `${prefix}time`;
  const { histograms, samples } = round;
  const intervals = wholeIntervals(round.intervals);
  const curves = [
    curveOf('round trip', round.rtt_ns, histograms?.['rtt']),
    curveOf('corrected', round.corrected_rtt_ns, histograms?.['corrected_rtt']),
    curveOf('schedule lag', round.schedule_lag_ns, histograms?.['schedule_lag']),
  ];
  return [
    {
      id: `${prefix}offer`,
      title: 'Asked for and kept',
      content: facts([...pingFacts(round), ...rttCostFacts(round)]),
    },
    {
      id: `${prefix}latency`,
      title: 'Latency',
      content: html`${rowsTable('Latency by percentile', latencyRows(round))}${chartGrid([
        percentiles(`${prefix}percentiles`, curves),
        chart(overTimeChart(`${prefix}rtt-over-time`, group, 'round trip', intervals, (each) => each.rtt_ns)),
        ...(samples === undefined ? [] : [chart(samplesChart(`${prefix}samples`, samples))]),
      ])}`,
    },
    { id: `${prefix}agents`, title: 'Agents', content: agentsHtml(round) },
    {
      id: `${prefix}pings`,
      title: 'Pings over time',
      content:
        intervals.length === 0 ? html`` : chartGrid([chart(pingRateChart(`${prefix}pings-over-time`, group, round))]),
    },
    {
      id: `${prefix}generator`,
      title: generatorTitle(round),
      content: chartGrid([
        chart(
          overTimeChart(`${prefix}lag-over-time`, group, 'schedule lag', intervals, (each) => each.schedule_lag_ns),
        ),
      ]),
    },
  ];
}
