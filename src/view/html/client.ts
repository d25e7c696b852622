/** The result of `conngen client` as a page. */
import type { ClientResult, RoundResult } from '../../document/client.ts';
import { formatSeconds } from '../../units/format.ts';
import { targetLine } from '../headline.ts';
import { achievedText, clientDetails, latencyRows } from '../text/client.ts';
import { asteriskMeaning, establishmentNote, numberedColumns, offeredText } from '../text/round-table.ts';
import { thresholdSentence } from '../text/thresholds.ts';
import { verdictLook } from '../verdict-looks.ts';
import { chart, columnsTable, facts, list, paragraph, rowsTable } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { endings, MOODS, roundSentences, toldOfRounds, worstOf } from './page/lead.ts';
import { page, type Page, type Section } from './page/page.ts';
import { chartGrid, roundFacts, roundSections } from './round-sections.ts';
import { html, type Html } from './page/template.ts';
import { latencyByRateChart, rateByRateChart } from './specs/rounds.ts';

/** Of more rounds than these only the figures are shown: the page would grow without end. */
const ROUNDS_WITH_CHARTS = 12;

export function clientHtml(result: ClientResult): string {
  const { rounds } = result;
  const [only] = rounds;
  const sections =
    rounds.length === 1
      ? roundSections(only!)
      : rounds.length === 0
        ? []
        : [roundsSection(result), ...rounds.map((round, index) => roundSection(round, index, rounds.length))];
  return page({
    title: targetLine('client', result.config),
    details: [result.started_at, ...clientDetails(result)],
    lead: clientLead(result),
    sections: [...sections, ...endMatter(result)],
    downloads: [downloadOf(result)],
  });
}

function roundsSection(result: ClientResult): Section {
  const { rounds } = result;
  const meaning = asteriskMeaning(rounds);
  const content = html`${columnsTable('Rounds', numberedColumns(rounds))}${paragraph(html`<span class="note">${establishmentNote(result)}</span>`)}${
    meaning === null ? null : paragraph(`* ${meaning}`)
  }${chartGrid([chart(rateByRateChart('rounds-rate', rounds)), chart(latencyByRateChart('rounds-latency', rounds))])}`;
  return { id: 'rounds', title: 'Rounds', content };
}

function roundSection(round: RoundResult, index: number, count: number): Section {
  const id = `round-${index + 1}`;
  const title = `Round ${index + 1} of ${count}: ${offeredText(round)}`;
  const verdict = html`${paragraph(verdictText(round))}${list(toldBy(round))}`;
  if (count > ROUNDS_WITH_CHARTS) {
    const figures = html`${facts(roundFacts(round))}${rowsTable('Latency by percentile', latencyRows(round))}`;
    const note = paragraph(`The charts of single rounds are left out where there are more than ${ROUNDS_WITH_CHARTS}.`);
    return { id, title, content: html`${verdict}${figures}${index === 0 ? note : null}` };
  }
  return { id, title, content: verdict, sections: roundSections(round, `${id}-`) };
}

function verdictText({ verdict }: RoundResult): Html {
  const { words } = verdictLook(verdict);
  return html`Verdict: <strong class="is-${MOODS[verdict.status]}">${words}</strong>`;
}

/** What is to be said of a round: the reasons of its verdict, and its findings. */
export function toldBy({ verdict, findings }: RoundResult): string[] {
  return [...verdict.reasons, ...findings].map(({ message }) => message);
}

function clientLead(result: ClientResult): Page['lead'] {
  const { rounds } = result;
  const thresholds = thresholdSentence(result);
  const isMissed = result.thresholds_met === false;
  const [only] = rounds;
  const isSingle = rounds.length === 1 && only !== undefined;
  const said = roundSentences(rounds, {
    rateOf: (round) => round.offered_rate_per_sec ?? Infinity,
    sentenceOf: roundSentence,
  });
  // What is wrong comes first.
  const [sentence = '', ...others] = isMissed ? [thresholds ?? '', ...said] : said;
  const isValid = isSingle && only.verdict.status === 'valid';
  const rest = html`${others.map((each) => paragraph(each))}${isValid ? paragraph(verdictText(only)) : null}${endings(result)}${
    isMissed || thresholds === undefined ? null : paragraph(thresholds)
  }${list(isSingle ? toldBy(only) : toldOfRounds(rounds))}`;
  const worst = worstOf(rounds.map(({ verdict }) => MOODS[verdict.status]));
  return { mood: result.error !== undefined || isMissed ? 'bad' : worst, sentence, rest };
}

/** `Offered 1,000/s for 10 s: 1,000/s completed, …` */
export function roundSentence(round: RoundResult): string {
  return `Offered ${offeredText(round)} for ${formatSeconds(round.duration_sec)}: ${achievedText(round)}.`;
}
