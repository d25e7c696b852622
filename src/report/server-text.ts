/** The result of a server for a person. */
import type { DatagramCounts, ServerResult } from '../measure/result.ts';
import { formatBytes, formatCount, formatLatency, formatPerSec, formatSeconds } from '../plan/format.ts';
import { kernelSentences } from '../measure/kernel-evidence.ts';
import { busyText, workText } from './work-text.ts';
import { PLAIN, entry, failure, listed, paint, wrap, type TextStyle } from './layout.ts';

/** The summary, with a newline at its end. */
export function serverText(result: ServerResult, style: TextStyle = PLAIN): string {
  const { accepted, completed, rejected, listeners, bytes, cpu, kernel, findings } = result;
  const averagePerSec = result.duration_sec > 0 ? accepted / result.duration_sec : 0;
  const failed = Object.entries(result.errors).filter(([, count]) => count > 0);
  const others: (readonly [string, number])[] = [
    ['rejected', rejected],
    ['closed idle', result.idle_closed],
    ['aborted', result.aborted],
  ];
  const endings = [`${formatCount(completed)} completed`];
  for (const [name, count] of others) if (count > 0) endings.push(`${formatCount(count)} ${name}`);
  const lines = [
    paint(style, 'bold', `conngen server, engine ${result.system.engine}`),
    ...(result.system.engine_notes ?? []).map((note) => wrap(note, style.columns, 0)),
    entry(
      style,
      'accepted',
      `${formatCount(accepted)} in ${formatSeconds(result.duration_sec)} (${formatPerSec(averagePerSec)} on average)`,
    ),
    entry(style, 'ended', endings.join(', ')),
    ...(listeners.length > 1
      ? [entry(style, 'listeners', listeners.map((each) => formatCount(each.accepted)).join(', '))]
      : []),
    ...(result.datagrams === undefined ? [] : [entry(style, 'datagrams', datagramText(result.datagrams))]),
    entry(style, 'bytes', `${formatBytes(bytes.received)} received, ${formatBytes(bytes.sent)} sent`),
    ...(result.work === undefined ? [] : [entry(style, 'work', workText(result.work))]),
    ...(result.busy === undefined ? [] : [entry(style, 'busy tasks', busyText(result.busy, 'a listener'))]),
    ...(failed.length > 0
      ? [entry(style, 'errors', failed.map(([name, count]) => `${name} ${formatCount(count)}`).join(', '))]
      : []),
    entry(style, 'cpu', `${formatLatency(cpu.usec_per_connection * 1e3)} a connection`),
    ...(kernel === undefined
      ? []
      : listed(style, 'kernel', kernelSentences(kernel, accepted, result.duration_sec, findings))),
    ...listed(
      style,
      'findings',
      findings.map(({ message }) => message),
    ),
    ...(result.error === undefined ? [] : ['', failure(style, result.error)]),
  ];
  return `${lines.join('\n')}\n`;
}

function datagramText({ received, sent, dropped }: DatagramCounts): string {
  const text = `${formatCount(received)} received, ${formatCount(sent)} sent back`;
  if (dropped === undefined) return text;
  const reasons: readonly (readonly [number, string])[] = [
    [dropped.over_rate, 'beyond --datagram-rate'],
    [dropped.server_ports, "from servers' ports"],
    [dropped.replies, 'replies of an echo'],
  ];
  const named = reasons.flatMap(([count, reason]) => (count > 0 ? [`${formatCount(count)} ${reason}`] : []));
  return `${text}; not answered: ${named.join(', ')}`;
}
