/** What `client`, `rtt` and `server` measured, as Markdown. */
import type { ClientResult, RoundResult } from '../../document/client.ts';
import type { ServerResult } from '../../document/server.ts';
import type { RttResult } from '../../document/rtt.ts';
import { NO_ROUND, notRunSentences, type Part, STOPPED_EARLY } from '../facts.ts';
import { targetLine } from '../headline.ts';
import { failureText } from '../layout.ts';
import { document, factList, partBlocks, plain, roundsTable, rowsTable } from './markdown.ts';
import { establishmentNote, numberedColumns, roundReasons, seriesOf } from '../text/round-table.ts';
import { closingRows, rttDetails, rttRoundParts } from '../text/rtt.ts';
import { serverFacts } from '../text/server.ts';
import { clientDetails, roundParts, ROUNDS_IN_FULL } from '../text/client.ts';
import { thresholdSentence } from '../text/thresholds.ts';

export function clientMarkdown(result: ClientResult): string {
  const { rounds } = result;
  const inFull = rounds.length <= ROUNDS_IN_FULL ? rounds : [];
  const reasons = rounds.length > ROUNDS_IN_FULL ? roundReasons(rounds) : [];
  const thresholds = thresholdSentence(result);
  return document(result, targetLine('client', result.config), [
    ...clientDetails(result).map(plain),
    ...inFull.flatMap((round, index) => roundBlocks(index, rounds.length, roundParts(round))),
    ...(rounds.length > 1
      ? [`### Rounds\n\n${roundsTable(numberedColumns(rounds), rounds)}`, establishmentNote(result)]
      : []),
    ...(reasons.length === 0 ? [] : [reasons.map((reason) => `- ${plain(reason)}`).join('\n')]),
    ...rounds.flatMap((round, index) => (round.ramp === undefined ? [] : seriesBlocks(round, index))),
    ...endBlocks(result),
    ...(thresholds === undefined ? [] : [plain(thresholds)]),
  ]);
}

function seriesBlocks(round: RoundResult, index: number): string[] {
  const { columns, notes } = seriesOf(round);
  return [`### Seconds of round ${index + 1}\n\n${roundsTable(columns, [])}`, ...notes.map(plain)];
}

export function rttMarkdown(result: RttResult): string {
  const { rounds } = result;
  return document(result, targetLine('rtt', result.config), [
    ...rttDetails(result).map(plain),
    ...rounds.flatMap((round, index) => roundBlocks(index, rounds.length, rttRoundParts(round))),
    ...(rounds.length > 1 ? [`### Rounds\n\n${rowsTable(closingRows(rounds))}`] : []),
    ...endBlocks(result),
  ]);
}

export function serverMarkdown(result: ServerResult): string {
  return document(result, 'conngen server', [
    ...(result.system.engine_notes ?? []).map(plain),
    factList(serverFacts(result)),
    ...failureBlocks(result),
  ]);
}

function roundBlocks(index: number, count: number, parts: readonly Part[]): string[] {
  return [...(count > 1 ? [`### Round ${index + 1} of ${count}`] : []), ...partBlocks(parts)];
}

type Ended = ClientResult | RttResult;

function endBlocks(result: Ended): string[] {
  return [
    ...(result.rounds.length === 0 ? [NO_ROUND] : []),
    ...(result.interrupted === true ? [STOPPED_EARLY] : []),
    ...failureBlocks(result),
    ...notRunSentences(result),
  ];
}

function failureBlocks({ error }: Pick<ClientResult, 'error'>): string[] {
  return error === undefined ? [] : [plain(failureText(error))];
}
