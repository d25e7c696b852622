/** Round trips for a person with five seconds. */
import type { LatencySummary } from '../../document/common.ts';
import type { RttResult, RttRound } from '../../document/rtt.ts';
import {
  formatBytes,
  formatCount,
  formatCountOf,
  formatLatency,
  formatPerSec,
  formatSeconds,
  formatShare,
} from '../../units/format.ts';
import { fleetDetails } from '../agent-facts.ts';
import { cpuPerEach, cpuSplit } from '../cpu-split.ts';
import {
  type Fact,
  listed,
  NO_ROUND,
  notRunSentences,
  type Part,
  partLines,
  type Rows,
  STOPPED_EARLY,
} from '../facts.ts';
import { targetLine } from '../headline.ts';
import { PLAIN, failure, paint, table, wrap, type TextStyle } from '../layout.ts';
import { agentParts } from './client.ts';
import { busyText } from './work.ts';
import { verdictLook } from '../verdict-looks.ts';

const PERCENTILES = ['p50', 'p90', 'p95', 'p99', 'p99_9', 'max'] as const;

/** The summary, with a newline at its end. Fits `style.columns` where its figures do. */
export function rttText(result: RttResult, style: TextStyle = PLAIN): string {
  const blocks = [headline(result, style)];
  result.rounds.forEach((round, index) => blocks.push(roundText(round, index, result, style)));
  if (result.rounds.length > 1) blocks.push(closingTable(result.rounds, style));
  if (result.rounds.length === 0) blocks.push(`  ${NO_ROUND}`);
  if (result.interrupted === true) blocks.push(wrap(STOPPED_EARLY, style.columns, 0));
  if (result.error !== undefined) {
    blocks.push(failure(style, result.error));
  }
  blocks.push(...notRunSentences(result));
  return `${blocks.join('\n\n')}\n`;
}

function headline(result: RttResult, style: TextStyle): string {
  const lines = rttDetails(result).map((line) => wrap(line, style.columns, 0));
  return [paint(style, 'bold', targetLine('rtt', result.config)), ...lines].join('\n');
}

/** How it was measured, a line each. */
export function rttDetails(result: RttResult): string[] {
  const { config, system } = result;
  const details = [
    config.protocol.toUpperCase(),
    `engine ${system.engine}`,
    `${formatCountOf(config.connections, 'connection')}${result.fleet === undefined ? '' : ' of each agent'}`,
    `messages of ${formatBytes(config.size_bytes)}`,
  ];
  return [details.join(', '), ...fleetDetails(result), ...(system.engine_notes ?? [])];
}

function offered(round: RttRound): string {
  return round.offered_rate_per_sec === null ? 'back to back' : formatPerSec(round.offered_rate_per_sec);
}

function roundText(round: RttRound, index: number, { rounds }: RttResult, style: TextStyle): string {
  const title = rounds.length > 1 ? [paint(style, 'bold', `Round ${index + 1} of ${rounds.length}`)] : [];
  return [...title, ...partLines(style, rttRoundParts(round))].join('\n');
}

/** The text of one round. */
export function rttRoundParts(round: RttRound): Part[] {
  const { verdict } = round;
  const looks = verdictLook(verdict);
  const rest: Fact[] = [
    ...rttCostFacts(round),
    ['verdict', looks.words, looks.colour],
    ...verdict.reasons.map(({ message }): Fact => ['', message]),
  ];
  return [{ facts: pingFacts(round) }, ...agentParts(round), { rows: latencyRows(round) }, { facts: rest }];
}

/** What was offered, what was achieved, and how pings ended. */
export function pingFacts(round: RttRound): Fact[] {
  const errors = Object.entries(round.errno).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [
    ['offered', `${offered(round)} for ${formatSeconds(round.duration_sec)}`],
    ['achieved', formatPerSec(round.achieved_rate_per_sec)],
    ['pings', pingsText(round)],
    ...listed('errors', errors.length === 0 ? [] : [errors.join(', ')]),
  ];
}

/** What the round cost. */
export function rttCostFacts(round: RttRound): Fact[] {
  const { busy } = round;
  return [['cpu', cpuText(round)], ...listed('busy tasks', busy === undefined ? [] : [busyText(busy, 'on the loop')])];
}

function pingsText(round: RttRound): string {
  const { sent, received, lost, connections } = round;
  const rest: readonly (readonly [string, number])[] = [
    ['missed', round.missed],
    ['aborted', round.aborted],
    ['out of order', round.out_of_order],
    ['late', round.late],
    ['repeated', round.duplicates],
  ];
  const parts = [
    `${formatCount(sent)} sent`,
    `${formatCount(received)} received`,
    `${formatCount(lost)} lost (${formatShare(lost, sent)})`,
    ...rest.filter(([, count]) => count > 0).map(([name, count]) => `${formatCount(count)} ${name}`),
  ];
  const broken = connections.failed + connections.lost;
  return parts.join(', ') + (broken > 0 ? `; ${formatCountOf(broken, 'connection')} failed` : '');
}

function cpuText({ cpu, offered_rate_per_sec }: RttRound): string {
  return cpu.usec_per_ping === 0
    ? '-'
    : `${cpuPerEach(cpu.usec_per_ping)} a ping${cpuSplit(cpu, offered_rate_per_sec)}`;
}

/** Latencies by what they are of, the heading first. */
export function latencyRows(round: RttRound): Rows {
  const rows: readonly (readonly [string, LatencySummary])[] = [
    ['schedule lag', round.schedule_lag_ns],
    ['round trip', round.rtt_ns],
    ['corrected', round.corrected_rtt_ns],
  ];
  const header = ['latency', 'min', ...PERCENTILES.map((name) => name.replace('_', '.'))];
  const cells = rows.map(([label, latency]) => [
    label,
    ...(['min', ...PERCENTILES] as const).map((name) => (latency.count === 0 ? '-' : formatLatency(latency[name]))),
  ]);
  return [header, ...cells];
}

function closingTable(rounds: readonly RttRound[], style: TextStyle): string {
  const [first = '', ...rest] = table(closingRows(rounds), 0);
  return [paint(style, 'bold', first), ...rest].join('\n');
}

/** The rounds side by side. */
export function closingRows(rounds: readonly RttRound[]): Rows {
  const rows = rounds.map((round, index) => [
    String(index + 1),
    round.offered_rate_per_sec === null ? 'max' : formatPerSec(round.offered_rate_per_sec),
    formatPerSec(round.achieved_rate_per_sec),
    formatCount(round.lost),
    ...(['p50', 'p99'] as const).map((name) => (round.rtt_ns.count === 0 ? '-' : formatLatency(round.rtt_ns[name]))),
    round.verdict.status.replaceAll('_', ' '),
  ]);
  const header = ['round', 'offered', 'achieved', 'lost', 'p50', 'p99 rtt', 'verdict'];
  return [header, ...rows];
}
