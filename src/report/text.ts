/** The result of a client run for a person with five seconds. */
import { CLOCKS, type ClientResult, type ClockName, type RoundResult, type Verdict } from '../measure/result.ts';
import { OUTCOMES } from '../measure/outcome.ts';
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatPerSec,
  formatSeconds,
  formatShare,
  threeDigits,
} from './format.ts';
import { PLAIN, entry, paint, table, wrap, type Colour, type TextStyle } from './layout.ts';

const CLOCK_LABELS: Readonly<Record<ClockName, string>> = {
  schedule_lag: 'schedule lag',
  connect: 'connect',
  first_byte: 'first byte',
  total: 'total',
  corrected_total: 'corrected total',
};

const PERCENTILES = ['p50', 'p90', 'p99', 'p99_9', 'max'] as const;

const VERDICT_LOOKS: Readonly<Record<Verdict['status'], { readonly words: string; readonly colour: Colour }>> = {
  valid: { words: 'valid', colour: 'green' },
  generator_limited: { words: 'generator limited: this machine was the bottleneck', colour: 'yellow' },
  invalid: { words: 'invalid: nothing could be measured', colour: 'red' },
};

/** The summary, with a newline at its end. Fits `style.columns` where its figures do. */
export function clientText(result: ClientResult, style: TextStyle = PLAIN): string {
  const blocks = [headline(result, style)];
  result.rounds.forEach((round, index) => blocks.push(roundText(round, index, result.rounds.length, style)));
  if (result.rounds.length > 1) blocks.push(closingTable(result.rounds, style));
  if (result.rounds.length === 0) blocks.push('  No round was run.');
  if (result.interrupted === true)
    blocks.push(wrap('Stopped early by a signal: the figures are those until then.', style.columns, 0));
  if (result.error !== undefined) {
    blocks.push(paint(style, 'red', wrap(`Failed: ${result.error.message} (${result.error.code})`, style.columns, 0)));
  }
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
    `${system.workers} worker${system.workers === 1 ? '' : 's'}`,
    typeof payloadBytes === 'number' ? `payload ${formatBytes(payloadBytes)}` : '',
    `finish ${textOf(config['finish'])}`,
  ].filter((detail) => detail !== '');
  const target = `conngen client ${shownHost}:${textOf(config['port'])}${resolved}`;
  return `${paint(style, 'bold', target)}\n${wrap(details.join(', '), style.columns, 0)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function offered(round: RoundResult): string {
  return round.offered_rate_per_sec === null ? 'max' : formatPerSec(round.offered_rate_per_sec);
}

function roundText(round: RoundResult, index: number, count: number, style: TextStyle): string {
  const title = `Round ${index + 1} of ${count}`;
  const { attempts, rate_per_sec: rate, bytes, cpu } = round;
  const verdict = VERDICT_LOOKS[round.verdict.status];
  const lines = [
    ...(count > 1 ? [paint(style, 'bold', title)] : []),
    entry(style, 'offered', `${offered(round)} for ${formatSeconds(round.duration_sec)}`),
    entry(style, 'achieved', achievedText(rate)),
    entry(
      style,
      'attempts',
      `${formatCount(attempts.started)} started of ${formatCount(attempts.scheduled)} due, ${formatCount(attempts.missed)} missed; ` +
        `${formatCount(attempts.in_flight_max)} in flight at most`,
    ),
    entry(style, 'outcomes', outcomesText(round)),
    ...latencyTable(round, style),
    entry(style, 'bytes', `${formatBytes(bytes.sent)} sent, ${formatBytes(bytes.received)} received`),
    ...(round.held === undefined
      ? []
      : [entry(style, 'held', `${formatCount(round.held.lost)} ended by the peer before their time`)]),
    entry(style, 'cpu', `${threeDigits(cpu.usec_per_connection)} µs a connection${cpuShare(cpu, rate.started > 0)}`),
    `${entry(style, 'verdict', '')}${paint(style, verdict.colour, verdict.words)}`,
    ...round.verdict.reasons.map((reason) => entry(style, '', reason.message)),
  ];
  return lines.join('\n');
}

function achievedText({ started, established, completed }: RoundResult['rate_per_sec']): string {
  return `${formatPerSec(completed)} completed, ${formatPerSec(established)} established, ${formatPerSec(started)} started`;
}

function outcomesText(round: RoundResult): string {
  const total = OUTCOMES.reduce((sum, name) => sum + round.outcomes[name], 0);
  const happened = OUTCOMES.filter((name) => round.outcomes[name] > 0).map((name) => {
    const count = round.outcomes[name];
    return `${name.replaceAll('_', ' ')} ${formatCount(count)} (${formatShare(count, total)})`;
  });
  const errnos = Object.entries(round.errno).filter(([, count]) => count > 0);
  const detail = errnos.map(([name, count]) => `${name} ${formatCount(count)}`).join(', ');
  return (happened.length === 0 ? 'none' : happened.join(', ')) + (detail === '' ? '' : `; errno ${detail}`);
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
  return [paint(style, 'dim', first), ...rest];
}

function cpuShare(cpu: RoundResult['cpu'], known: boolean): string {
  const total = cpu.user_usec + cpu.system_usec;
  if (!known || total === 0) return '';
  return ` (${formatShare(cpu.user_usec, total)} of it user, ${formatShare(cpu.system_usec, total)} system)`;
}

function closingTable(rounds: readonly RoundResult[], style: TextStyle): string {
  const rows = rounds.map((round, index) => [
    String(index + 1),
    offered(round),
    formatPerSec(round.rate_per_sec.completed),
    formatCount(round.attempts.missed),
    formatCount(round.attempts.started - round.outcomes.ok),
    latencyOf(round, 'p50'),
    latencyOf(round, 'p99'),
    round.verdict.status.replaceAll('_', ' '),
  ]);
  const header = ['round', 'offered', 'completed', 'missed', 'not ok', 'p50', 'p99 total', 'verdict'];
  const [first = '', ...rest] = table([header, ...rows], 0);
  return [paint(style, 'bold', first), ...rest].join('\n');
}

function latencyOf(round: RoundResult, percentile: 'p50' | 'p99'): string {
  const { total } = round.latency_ns;
  return total.count === 0 ? '-' : formatLatency(total[percentile]);
}
