/** The result of a client run for a person with five seconds. */
import {
  type ClientResult,
  type ClockName,
  CLOCKS,
  type ProbeResult,
  type RoundResult,
} from '../../document/client.ts';
import type { AgentRound } from '../../document/fleet.ts';
import { isTooShortForRate } from '../../judge/criterion.ts';
import { kernelSentences } from '../../judge/kernel-sentences.ts';
import {
  formatBytes,
  formatCount,
  formatCountOf,
  formatLatency,
  formatPerSec,
  formatSeconds,
  formatShare,
} from '../../units/format.ts';
import {
  agentColumns,
  agentFacts,
  agentFindings,
  agentKernelSentences,
  agentRest,
  agentRows,
  fleetDetails,
} from '../agent-facts.ts';
import { cpuPerEach, cpuSplit } from '../cpu-split.ts';
import { engineText } from '../engine-text.ts';
import { targetLine } from '../headline.ts';
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
import { missedText, outcomeFacts } from './outcomes.ts';
import { failure, paint, PLAIN, type TextStyle, wrap } from '../layout.ts';
import { isLimited, isRateLimited, offeredText, roundReasons, roundsTable, seriesText } from './round-table.ts';
import { packetTexts } from './packet.ts';
import { workText } from './work.ts';
import { thresholdFacts, thresholdSentence } from './thresholds.ts';
import { verdictLook } from '../verdict-looks.ts';

export const CLOCK_LABELS: Readonly<Record<ClockName, string>> = {
  schedule_lag: 'schedule lag',
  connect: 'connect',
  first_byte: 'first byte',
  total: 'total',
  corrected_total: 'corrected total',
};

const PERCENTILES = ['p50', 'p90', 'p95', 'p99', 'p99_9', 'max'] as const;

/** More rounds than these are in the table only. */
export const ROUNDS_IN_FULL = 3;

/** The summary, with a newline at its end. Fits `style.columns` where its figures do. */
export function clientText(result: ClientResult, style: TextStyle = PLAIN): string {
  const blocks = [headline(result, style)];
  const { rounds } = result;
  if (rounds.length <= ROUNDS_IN_FULL) {
    rounds.forEach((round, index) => blocks.push(roundText(round, index, rounds.length, style)));
  }
  if (rounds.length > 1) blocks.push(roundsTable(rounds, style));
  if (rounds.length > ROUNDS_IN_FULL) blocks.push(...reasonsText(rounds, style));
  for (const round of rounds) if (round.ramp !== undefined) blocks.push(seriesText(round, style));
  if (result.rounds.length === 0) blocks.push(`  ${NO_ROUND}`);
  if (result.interrupted === true) blocks.push(wrap(STOPPED_EARLY, style.columns, 0));
  if (result.error !== undefined) blocks.push(failure(style, result.error));
  blocks.push(...notRunSentences(result));
  const thresholds = thresholdSentence(result);
  if (thresholds !== undefined) {
    blocks.push(paint(style, result.thresholds_met === true ? 'green' : 'red', wrap(thresholds, style.columns, 0)));
  }
  return `${blocks.join('\n\n')}\n`;
}

function reasonsText(rounds: readonly RoundResult[], style: TextStyle): string[] {
  const lines = roundReasons(rounds).map((reason) => wrap(reason, style.columns, 2));
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function headline(result: ClientResult, style: TextStyle): string {
  const lines = clientDetails(result).map((line) => wrap(line, style.columns, 0));
  return [paint(style, 'bold', targetLine('client', result.config)), ...lines].join('\n');
}

/** How it was measured, a line each. */
export function clientDetails(result: ClientResult): string[] {
  const { config, system } = result;
  const details = [
    engineText(system),
    formatCountOf(system.workers, 'worker'),
    `payload ${formatBytes(config.payload_bytes)}`,
    `finish ${config.finish}`,
  ];
  return [details.join(', '), ...fleetDetails(result), ...(system.engine_notes ?? [])];
}

function roundText(round: RoundResult, index: number, count: number, style: TextStyle): string {
  const title = count > 1 ? [paint(style, 'bold', `Round ${index + 1} of ${count}`)] : [];
  return [...title, ...partLines(style, roundParts(round))].join('\n');
}

/** The text of one round. */
export function roundParts(round: RoundResult): Part[] {
  return [
    { facts: offerFacts(round) },
    ...agentParts(round),
    { rows: latencyRows(round) },
    { facts: [...costFacts(round), ...verdictFacts(round)] },
  ];
}

/** The agents of a fleet; nothing where one machine measured. */
export function agentParts(round: { readonly agents?: readonly AgentRound[] }): Part[] {
  const { agents } = round;
  if (agents === undefined) return [];
  const dropRanks = agentColumns(agents).map(({ dropRank }) => dropRank);
  return [
    { facts: agentFacts([round]) },
    { rows: agentRows(agents), dropRanks },
    { facts: listed('', agentRest(agents)) },
  ];
}

/** What was offered, what was achieved, and how attempts ended. */
export function offerFacts(round: RoundResult): Fact[] {
  const { attempts } = round;
  return [
    ['offered', `${offeredText(round)} for ${formatSeconds(round.duration_sec)}`],
    ['achieved', achievedText(round)],
    [
      'attempts',
      `${formatCount(attempts.started)} started of ${formatCount(attempts.scheduled)} due, ${formatCount(attempts.missed)} ${missedText(round)}; ` +
        `${formatCount(attempts.in_flight_max)} in flight at most`,
    ],
    ...outcomeFacts(round),
  ];
}

/** What the round moved, held and cost. */
export function costFacts(round: RoundResult): Fact[] {
  const { bytes, cpu, packet, rate_per_sec: rate, bodies, sink_work: sinkWork, timeouts, held, probe } = round;
  const split = rate.started > 0 ? cpuSplit(cpu, round.offered_rate_per_sec) : '';
  return [
    ...listed('', isLimited(round) ? ['measured by a generator at its limit: not the target alone'] : []),
    ['bytes', `${formatBytes(bytes.sent)} sent, ${formatBytes(bytes.received)} received`],
    ...listed('packets', packet === undefined ? [] : packetTexts(packet)),
    ...listed('bodies', bodies === undefined ? [] : [bodiesText(bodies)]),
    ...listed('sink work', sinkWork === undefined ? [] : [workText(sinkWork)]),
    ...listed('timeouts', timeouts === undefined ? [] : [`${formatCount(timeouts.first_byte)} without a first byte`]),
    ...listed('held', held === undefined ? [] : [`${formatCount(held.lost)} ended by the peer before their time`]),
    ...listed('probe', probe === undefined ? [] : [probeText(probe, round.agents?.length)]),
    ['cpu', cpu.usec_per_connection === 0 ? '-' : `${cpuPerEach(cpu.usec_per_connection)} a connection${split}`],
    ...listed('gc', gcTexts(round)),
  ];
}

/** What the kernel counted that matters and that neither the verdict nor a finding tells, a sentence each. */
export function roundKernelSentences(round: RoundResult): string[] {
  const { attempts, duration_sec: durationSec, kernel, findings, verdict, agents } = round;
  if (agents !== undefined) return agentKernelSentences(round);
  const told = [...verdict.reasons, ...findings];
  return kernel === undefined ? [] : kernelSentences(kernel, attempts.started, durationSec, told);
}

function verdictFacts(round: RoundResult): Fact[] {
  const { findings, verdict } = round;
  const looks = verdictLook(verdict);
  return [
    ...listed('kernel', roundKernelSentences(round)),
    ...listed('findings', [...findings.map(({ message }) => message), ...agentFindings(round)]),
    ['verdict', looks.words, looks.colour],
    ...verdict.reasons.map(({ message }): Fact => ['', message]),
    ...thresholdFacts(round),
  ];
}

/** `agents`: undefined where this machine measured. */
function probeText({ sent, received, lost, rtt_ns: rtt, errno = {} }: ProbeResult, agents?: number): string {
  const trips = PERCENTILES.map((name) => `${name.replace('_', '.')} ${formatLatency(rtt[name])}`).join(', ');
  const errors = Object.keys(errno);
  const ending = errors.length === 0 ? '' : `; its connection broke (${errors.join(', ')})`;
  const where = agents === undefined ? '' : ` of each of ${formatCountOf(agents, 'agent')}`;
  const counts = `${formatCountOf(sent, 'ping')} on an established connection${where}, ${formatCount(lost)} lost${ending}`;
  return received === 0 ? counts : `${counts}; round trip ${trips}`;
}

function bodiesText({ kept, kept_bytes: bytes, spilled }: NonNullable<RoundResult['bodies']>): string {
  const moved = spilled === 0 ? '' : `; ${formatCount(spilled)} went from memory to a file`;
  return `${formatCount(kept)} kept, ${formatBytes(bytes)}${moved}`;
}

/** The rates that were achieved, and whose limit they are. */
export function achievedText(round: RoundResult): string {
  const { started, established, completed } = round.rate_per_sec;
  const rates = `${formatPerSec(completed)} completed, ${formatPerSec(established)} established, ${formatPerSec(started)} started`;
  if (isTooShortForRate(round)) return `${rates}: too few starts to tell a rate, make the round longer`;
  return isRateLimited(round) ? `${rates}: the generator's limit, not the target's` : rates;
}

export function latencyRows(round: RoundResult): Rows {
  const header = ['latency', ...PERCENTILES.map((name) => name.replace('_', '.'))];
  const rows = CLOCKS.map((clock) => {
    const latency = round.latency_ns[clock];
    return [
      CLOCK_LABELS[clock],
      ...PERCENTILES.map((name) => (latency.count === 0 ? '-' : formatLatency(latency[name]))),
    ];
  });
  return [header, ...rows];
}

function gcTexts({ workers }: RoundResult): string[] {
  const total = (of: (worker: RoundResult['workers'][number]) => number | undefined): number =>
    workers.reduce((sum, worker) => sum + (of(worker) ?? 0), 0);
  const elapsedUsec = total((worker) => worker.elapsed_usec);
  if (total((worker) => worker.gc_pauses) === 0 || elapsedUsec === 0) return [];
  const longestUsec = Math.max(...workers.map((worker) => worker.gc_longest_usec ?? 0));
  const share = formatShare(
    total((worker) => worker.gc_usec),
    elapsedUsec,
  );
  return [`${share} of a pacing thread's time, ${formatLatency(longestUsec * 1e3)} at most`];
}
