/** The result of a server for a person. */
import type { DatagramCounts, ServerResult } from '../../document/server.ts';
import { formatBytes, formatCount, formatPerSec, formatSeconds } from '../../units/format.ts';
import { kernelSentences } from '../../judge/kernel-sentences.ts';
import { packetTexts } from './packet.ts';
import { cpuPerEach } from '../cpu-split.ts';
import { busyText, workText } from './work.ts';
import { engineText } from '../engine-text.ts';
import { type Fact, factLines, listed } from '../facts.ts';
import { failure, paint, PLAIN, type TextStyle, wrap } from '../layout.ts';

/** The summary, with a newline at its end. */
export function serverText(result: ServerResult, style: TextStyle = PLAIN): string {
  const lines = [
    paint(style, 'bold', `conngen server, ${engineText(result.system)}`),
    ...(result.system.engine_notes ?? []).map((note) => wrap(note, style.columns, 0)),
    ...factLines(style, serverFacts(result)),
    ...(result.error === undefined ? [] : ['', failure(style, result.error)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The text of a server's result. */
export function serverFacts(result: ServerResult): Fact[] {
  const { accepted, listeners, datagrams, bytes, work, busy, cpu, kernel, packet, findings } = result;
  const failed = Object.entries(result.errors).filter(([, count]) => count > 0);
  const errors = failed.map(([name, count]) => `${name} ${formatCount(count)}`);
  const each = listeners.map((listener) => formatCount(listener.accepted));
  return [
    ['accepted', acceptedText(result)],
    ['ended', endingsText(result)],
    ...listed('listeners', listeners.length > 1 ? [each.join(', ')] : []),
    ...listed('datagrams', datagrams === undefined ? [] : [datagramText(datagrams)]),
    ['bytes', `${formatBytes(bytes.received)} received, ${formatBytes(bytes.sent)} sent`],
    ...listed('packets', packet === undefined ? [] : packetTexts(packet)),
    ...listed('work', work === undefined ? [] : [workText(work)]),
    ...listed('busy tasks', busy === undefined ? [] : [busyText(busy, 'a listener')]),
    ...listed('errors', errors.length === 0 ? [] : [errors.join(', ')]),
    ['cpu', cpu.usec_per_connection === 0 ? '-' : `${cpuPerEach(cpu.usec_per_connection)} a connection`],
    ...listed('kernel', kernel === undefined ? [] : kernelSentences(kernel, accepted, result.duration_sec, findings)),
    ...listed(
      'findings',
      findings.map(({ message }) => message),
    ),
  ];
}

function acceptedText({ accepted, accepting, duration_sec: durationSec }: ServerResult): string {
  const count = `${formatCount(accepted)} in ${formatSeconds(durationSec)}`;
  if (accepting === undefined) return count;
  const { duration_sec: sec, rate_per_sec: ratePerSec } = accepting;
  return `${count} (${formatPerSec(ratePerSec)} on average over ${formatSeconds(sec)}, from the first to the last)`;
}

function endingsText({ completed, rejected, idle_closed: idleClosed, aborted }: ServerResult): string {
  const others: readonly (readonly [string, number])[] = [
    ['rejected', rejected],
    ['closed idle', idleClosed],
    ['aborted', aborted],
  ];
  const endings = [`${formatCount(completed)} completed`];
  for (const [name, count] of others) if (count > 0) endings.push(`${formatCount(count)} ${name}`);
  return endings.join(', ');
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
