/** The result of a client run for a person with five seconds. */
import { CLOCKS, type ClientResult, type ClockName, type ProbeResult, type RoundResult } from '../measure/result.ts';
import { isTooShortForRate } from '../measure/criterion.ts';
import { kernelSentences } from '../measure/kernel-evidence.ts';
import {
  formatBytes,
  formatCount,
  formatCountOf,
  formatLatency,
  formatPerSec,
  formatSeconds,
  formatShare,
} from '../plan/format.ts';
import { cpuSplit } from './cpu-split.ts';
import { outcomeLines } from './outcome-text.ts';
import { PLAIN, entry, failure, listed, paint, table, wrap, type TextStyle } from './layout.ts';
import { isLimited, isRateLimited, offeredText, reasonsText, roundsTable, seriesText } from './round-table.ts';
import { workText } from './work-text.ts';
import { thresholdLines, thresholdSummary } from './threshold-text.ts';
import { VERDICT_LOOKS } from './verdict-looks.ts';

const CLOCK_LABELS: Readonly<Record<ClockName, string>> = {
  schedule_lag: 'schedule lag',
  connect: 'connect',
  first_byte: 'first byte',
  total: 'total',
  corrected_total: 'corrected total',
};

const PERCENTILES = ['p50', 'p90', 'p95', 'p99', 'p99_9', 'max'] as const;

/** More rounds than these are in the table only. */
const ROUNDS_IN_FULL = 3;

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
  if (result.rounds.length === 0) blocks.push('  No round was run.');
  if (result.interrupted === true)
    blocks.push(wrap('Stopped early by a signal: the figures are those until then.', style.columns, 0));
  if (result.error !== undefined) blocks.push(failure(style, result.error));
  const thresholds = thresholdSummary(result, style);
  if (thresholds !== undefined) blocks.push(thresholds);
  return `${blocks.join('\n\n')}\n`;
}

function headline(result: ClientResult, style: TextStyle): string {
  const { config, system } = result;
  const address = textOf(config['address']);
  const host = textOf(config['host']);
  const shownHost = host.includes(':') ? `[${host}]` : host;
  const resolved = host === address || address === '' ? '' : ` (${address})`;
  const payloadBytes = config['payload_bytes'];
  const details = [
    `engine ${system.engine}`,
    formatCountOf(system.workers, 'worker'),
    typeof payloadBytes === 'number' ? `payload ${formatBytes(payloadBytes)}` : '',
    `finish ${textOf(config['finish'])}`,
  ].filter((detail) => detail !== '');
  const target = `conngen client ${shownHost}:${textOf(config['port'])}${resolved}`;
  const lines = [details.join(', '), ...(system.engine_notes ?? [])].map((line) => wrap(line, style.columns, 0));
  return [paint(style, 'bold', target), ...lines].join('\n');
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function roundText(round: RoundResult, index: number, count: number, style: TextStyle): string {
  const title = `Round ${index + 1} of ${count}`;
  const { attempts, rate_per_sec: rate, bytes, cpu, kernel } = round;
  const verdict = VERDICT_LOOKS[round.verdict.status];
  const lines = [
    ...(count > 1 ? [paint(style, 'bold', title)] : []),
    entry(style, 'offered', `${offeredText(round)} for ${formatSeconds(round.duration_sec)}`),
    entry(style, 'achieved', achievedText(round)),
    entry(
      style,
      'attempts',
      `${formatCount(attempts.started)} started of ${formatCount(attempts.scheduled)} due, ${formatCount(attempts.missed)} missed; ` +
        `${formatCount(attempts.in_flight_max)} in flight at most`,
    ),
    ...outcomeLines(round, style),
    ...latencyTable(round, style),
    entry(style, 'bytes', `${formatBytes(bytes.sent)} sent, ${formatBytes(bytes.received)} received`),
    ...(round.bodies === undefined ? [] : [entry(style, 'bodies', bodiesText(round.bodies))]),
    ...(round.sink_work === undefined ? [] : [entry(style, 'sink work', workText(round.sink_work))]),
    ...(round.timeouts === undefined
      ? []
      : [entry(style, 'timeouts', `${formatCount(round.timeouts.first_byte)} for want of a first byte`)]),
    ...(round.held === undefined
      ? []
      : [entry(style, 'held', `${formatCount(round.held.lost)} ended by the peer before their time`)]),
    ...(round.probe === undefined ? [] : [entry(style, 'probe', probeText(round.probe))]),
    entry(
      style,
      'cpu',
      `${formatLatency(cpu.usec_per_connection * 1e3)} a connection${rate.started > 0 ? cpuSplit(cpu, round.offered_rate_per_sec) : ''}`,
    ),
    ...gcLine(round, style),
    ...(kernel === undefined
      ? []
      : listed(
          style,
          'kernel',
          kernelSentences(kernel, attempts.started, round.duration_sec, [...round.verdict.reasons, ...round.findings]),
        )),
    ...listed(
      style,
      'findings',
      round.findings.map(({ message }) => message),
    ),
    `${entry(style, 'verdict', '')}${paint(style, verdict.colour, verdict.words)}`,
    ...round.verdict.reasons.map((reason) => entry(style, '', reason.message)),
    ...thresholdLines(round, style),
  ];
  return lines.join('\n');
}

function probeText({ sent, received, lost, rtt_ns: rtt, errno = {} }: ProbeResult): string {
  const trips = PERCENTILES.map((name) => `${name.replace('_', '.')} ${formatLatency(rtt[name])}`).join(', ');
  const errors = Object.keys(errno);
  const ending = errors.length === 0 ? '' : `; its connection broke (${errors.join(', ')})`;
  const counts = `${formatCountOf(sent, 'ping')} on an established connection, ${formatCount(lost)} lost${ending}`;
  return received === 0 ? counts : `${counts}; round trip ${trips}`;
}

function bodiesText({ kept, kept_bytes: bytes, spilled }: NonNullable<RoundResult['bodies']>): string {
  const moved = spilled === 0 ? '' : `; ${formatCount(spilled)} went from memory to a file`;
  return `${formatCount(kept)} kept, ${formatBytes(bytes)}${moved}`;
}

function achievedText(round: RoundResult): string {
  const { started, established, completed } = round.rate_per_sec;
  const rates = `${formatPerSec(completed)} completed, ${formatPerSec(established)} established, ${formatPerSec(started)} started`;
  if (isTooShortForRate(round)) return `${rates}: too few starts to tell a rate, make the round longer`;
  return isRateLimited(round) ? `${rates}: the generator's limit, not the target's` : rates;
}

function latencyTable(round: RoundResult, style: TextStyle): string[] {
  const header = ['latency', ...PERCENTILES.map((name) => name.replace('_', '.'))];
  const rows = CLOCKS.map((clock) => {
    const latency = round.latency_ns[clock];
    return [
      CLOCK_LABELS[clock],
      ...PERCENTILES.map((name) => (latency.count === 0 ? '-' : formatLatency(latency[name]))),
    ];
  });
  const [first = '', ...rest] = table([header, ...rows], 2);
  const lines = [paint(style, 'dim', first), ...rest];
  if (isLimited(round)) lines.push(entry(style, '', 'measured by a generator at its limit: not the target alone'));
  return lines;
}

function gcLine({ workers }: RoundResult, style: TextStyle): string[] {
  const total = (of: (worker: RoundResult['workers'][number]) => number | undefined): number =>
    workers.reduce((sum, worker) => sum + (of(worker) ?? 0), 0);
  const elapsedUsec = total((worker) => worker.elapsed_usec);
  if (total((worker) => worker.gc_pauses) === 0 || elapsedUsec === 0) return [];
  const longestUsec = Math.max(...workers.map((worker) => worker.gc_longest_usec ?? 0));
  const share = formatShare(
    total((worker) => worker.gc_usec),
    elapsedUsec,
  );
  return [entry(style, 'gc', `${share} of a pacing thread's time, ${formatLatency(longestUsec * 1e3)} at most`)];
}
