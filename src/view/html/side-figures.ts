/** The figures of runs that stand side by side: a column for each run, or for each of its rounds. */
import type { ClientResult, RoundResult } from '../../document/client.ts';
import type { LatencySummary } from '../../document/common.ts';
import { isDone, type LabResult } from '../../document/lab.ts';
import type { SaturateResult, SearchResult } from '../../document/limit.ts';
import type { Document } from '../../document/read.ts';
import type { RttResult, RttRound } from '../../document/rtt.ts';
import type { ServerResult } from '../../document/server.ts';
import { formatBytes, formatCount, formatLatency, formatPerSec, formatSeconds } from '../../units/format.ts';
import { careFacts, changeWords, figureName, verdictFacts, verdictText } from '../compare-facts.ts';
import { cpuPerEach } from '../cpu-split.ts';
import { stateText } from '../fleet-facts.ts';
import { goalFigure, goalSentence, goalTitle, saturateSentence, searchEnd } from '../limit-sentences.ts';
import { CLOCK_LABELS } from '../text/client.ts';
import { amounts } from '../text/doctor.ts';
import { describedBy, formatQuantity } from '../text/lab.ts';
import { offeredText } from '../text/round-table.ts';
import { toldBy } from './client.ts';
import type { NamedDocument } from '../look.ts';

export type Figure = readonly [label: string, text: string];

export interface Column {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Sentences about the run. */
  readonly remarks: readonly string[];
}

/** Returns the columns of documents of one kind. */
export function columnsOf(runs: readonly NamedDocument[]): Column[] {
  return runs.flatMap(({ name, document }) => columnsOfOne(name, document));
}

function columnsOfOne(name: string, document: Document): Column[] {
  switch (document.schema) {
    case 'conngen.client/1':
      return roundColumns(name, document);
    case 'conngen.rtt/1':
      return pingColumns(name, document);
    case 'conngen.search/1':
      return [{ name, figures: searchFigures(document), remarks: searchRemarks(document) }];
    case 'conngen.saturate/1':
      return [{ name, figures: saturateFigures(document), remarks: [saturateSentence(document)] }];
    case 'conngen.server/1':
      return [{ name, figures: serverFigures(document), remarks: document.findings.map(({ message }) => message) }];
    case 'conngen.lab/1':
      return [{ name, figures: labFigures(document), remarks: labRemarks(document) }];
    case 'conngen.doctor/1':
      return [
        {
          name,
          figures: document.checks.map((each) => [each.id, `${each.status} ${amounts(each)}`.trim()]),
          remarks: [],
        },
      ];
    case 'conngen.fleet/1':
      return [{ name, figures: document.agents.map((agent) => [agent.name, stateText(agent)]), remarks: [] }];
    case 'conngen.compare/1':
      return [
        {
          name,
          figures: document.figures.map((each) => [
            figureName(each, document),
            `${changeWords(each)}, ${verdictText(each)}`,
          ]),
          remarks: [...verdictFacts(document), ...careFacts(document)].map(([label, text]) => `${label}: ${text}`),
        },
      ];
  }
}

/** The name of a round: that of its run where the run has one round only. */
export function roundName(name: string, index: number, count: number, load: string): string {
  return count === 1 ? name : `${name}, round ${index + 1} (${load})`;
}

function roundColumns(name: string, { rounds }: ClientResult): Column[] {
  return rounds.map((round, index) => ({
    name: roundName(name, index, rounds.length, offeredText(round)),
    figures: roundFigures(round),
    remarks: toldBy(round),
  }));
}

const SHOWN_CLOCKS = ['connect', 'first_byte', 'total'] as const;

function roundFigures(round: RoundResult): Figure[] {
  const { attempts, cpu, latency_ns: latency, outcomes, owners, rate_per_sec: rate, verdict } = round;
  return [
    ['verdict', verdict.status.replaceAll('_', ' ')],
    ['offered', offeredText(round)],
    ['duration', formatSeconds(round.duration_sec)],
    ['completed', formatPerSec(rate.completed)],
    ['established', formatPerSec(rate.established)],
    ['started', formatPerSec(rate.started)],
    ['attempts due', formatCount(attempts.scheduled)],
    ['missed', formatCount(attempts.missed)],
    ['in flight at most', formatCount(attempts.in_flight_max)],
    ['ok', formatCount(outcomes.ok)],
    ...(['target', 'network', 'generator', 'unattributed'] as const).map((owner): Figure => [
      owner === 'unattributed' ? 'failed, owner not known' : `failed (${owner})`,
      formatCount(owners[owner]),
    ]),
    ...SHOWN_CLOCKS.flatMap((clock) => latencyFigures(CLOCK_LABELS[clock], latency[clock])),
    ['corrected total p99', latencyText(latency.corrected_total, 'p99')],
    ['schedule lag p99', latencyText(latency.schedule_lag, 'p99')],
    ['cpu a connection', cpuPerEach(cpu.usec_per_connection)],
  ];
}

function latencyFigures(label: string, latency: LatencySummary): Figure[] {
  return (['p50', 'p90', 'p99', 'p99_9', 'max'] as const).map((name) => [
    `${label} ${name.replace('_', '.')}`,
    latencyText(latency, name),
  ]);
}

function latencyText(latency: LatencySummary, name: 'p50' | 'p90' | 'p99' | 'p99_9' | 'max'): string {
  return latency.count === 0 ? '-' : formatLatency(latency[name]);
}

function pingColumns(name: string, { rounds }: RttResult): Column[] {
  return rounds.map((round, index) => ({
    name: roundName(name, index, rounds.length, pingLoad(round)),
    figures: [
      ['verdict', round.verdict.status.replaceAll('_', ' ')],
      ['offered', pingLoad(round)],
      ['achieved', formatPerSec(round.achieved_rate_per_sec)],
      ['duration', formatSeconds(round.duration_sec)],
      ['sent', formatCount(round.sent)],
      ['received', formatCount(round.received)],
      ['lost', formatCount(round.lost)],
      ['missed', formatCount(round.missed)],
      ...latencyFigures('round trip', round.rtt_ns),
      ['corrected p99', latencyText(round.corrected_rtt_ns, 'p99')],
      ['cpu a ping', cpuPerEach(round.cpu.usec_per_ping)],
    ],
    remarks: round.verdict.reasons.map(({ message }) => message),
  }));
}

export function pingLoad({ offered_rate_per_sec: offered }: RttRound): string {
  return offered === null ? 'back to back' : formatPerSec(offered);
}

function searchFigures({ goals, trials, duration_sec: durationSec }: SearchResult): Figure[] {
  return [
    ...goals.map((goal): Figure => [goalTitle(goal), goalFigure(goal)]),
    ['trials', formatCount(trials.length)],
    ['took', formatSeconds(durationSec)],
  ];
}

function searchRemarks(result: SearchResult): string[] {
  const end = searchEnd(result);
  const answers = result.goals.map((goal) => `${goalTitle(goal)}: ${goalSentence(goal)}.`);
  return end === null ? answers : [...answers, end];
}

function saturateFigures(result: SaturateResult): Figure[] {
  const rate = (value: number | null): string => (value === null ? '-' : formatPerSec(value));
  return [
    ['saturated at', rate(result.saturated_at)],
    ['last good step', rate(result.sustained_per_sec)],
    [
      'base',
      result.base === null ? '-' : `${formatLatency(result.base.p90_ns)} at ${formatPerSec(result.base.rate_per_sec)}`,
    ],
    ['stopped by', result.stopped_by.replaceAll('_', ' ')],
    ['steps', formatCount(result.steps.length)],
    ['took', formatSeconds(result.duration_sec)],
  ];
}

function serverFigures(result: ServerResult): Figure[] {
  const { accepting, bytes, cpu } = result;
  return [
    ['accepted', formatCount(result.accepted)],
    ['accepted a second', accepting === undefined ? '-' : formatPerSec(accepting.rate_per_sec)],
    ['completed', formatCount(result.completed)],
    ['rejected', formatCount(result.rejected)],
    ['closed idle', formatCount(result.idle_closed)],
    ['aborted', formatCount(result.aborted)],
    ['received', formatBytes(bytes.received)],
    ['sent', formatBytes(bytes.sent)],
    ['cpu a connection', cpuPerEach(cpu.usec_per_connection)],
    ['took', formatSeconds(result.duration_sec)],
  ];
}

function labFigures(result: LabResult): Figure[] {
  const { unit } = describedBy(result).quantity;
  return result.cells.map((cell): Figure => [
    `median of ${cell.cell}`,
    isDone(cell) ? formatQuantity(cell.summary.median, unit) : 'failed',
  ]);
}

function labRemarks(result: LabResult): string[] {
  return result.cells.flatMap((cell) => (isDone(cell) ? [] : [`${cell.cell} failed: ${cell.error}`]));
}
