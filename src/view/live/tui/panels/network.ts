/** Source ports, and what this machine's kernel counts of connections. */
import { formatCount, formatPerSec } from '../../../../units/format.ts';
import type { LiveRun } from '../live-run.ts';
import { heading, labelled, type PanelSetup } from '../panel.ts';
import { span, type Line } from '../spans.ts';

/** Fewer free ports than this share of all are worth a colour. */
const FEW_PORTS_SHARE = 0.1;

export function networkPanel(setup: PanelSetup): Line[] {
  const { run } = setup;
  const { health } = run;
  const rows = portsRow(run);
  if (health?.packet !== undefined) return [heading('packets', setup), ...rows, ...packetRows(run, health.packet)];
  const title = `network of ${run.isFleet ? 'the agents' : 'this machine'}`;
  const timeWait = health?.fills['sockets.time_wait'];
  rows.push(labelled('TIME_WAIT', span(timeWait === undefined ? '-' : formatCount(timeWait))));
  if (health === null) return [heading(title, setup), ...rows];
  rows.push(
    countRow('retransmits', run, ['retransmits']),
    countRow('accept queue', run, ['listen_drops'], 'no drops', ' dropped'),
  );
  return [heading(title, setup), ...rows];
}

function portsRow(run: LiveRun): Line[] {
  const { ports } = run.plan;
  const free = run.freePorts;
  if (ports === null || free === null) return [];
  const isFew = free < ports.total * FEW_PORTS_SHARE;
  const text = `about ${formatCount(free)} of ${formatCount(ports.total)} free${isFew ? ' (few)' : ''}`;
  return [labelled('source ports', span(text, isFew ? 'yellow' : undefined))];
}

const RESENT = ['retransmits.syn', 'retransmits.data', 'retransmits.fin'];
const RESETS = ['resets.syn_sent', 'resets.syn_received', 'resets.established'];
/** What the rings lost: the kernel had no frame, or this process was too slow. */
const LOST = ['ring.rx_dropped', 'ring.rx_ring_full', 'no_frame'];

/** Of the packet engine, whose connections are in none of the kernel's counters. */
function packetRows({ whole, health }: LiveRun, added: Readonly<Record<string, number>>): Line[] {
  const lengthSec = health?.lengthSec ?? 1;
  const perSec = (path: string): string => formatPerSec((added[path] ?? 0) / lengthSec);
  const row = (label: string, paths: readonly string[], none = '0'): Line =>
    countLine(label, sumOf(whole.packet, paths), sumOf(added, paths), none);
  return [
    labelled('sent', span(perSec('sent'))),
    labelled('received', span(perSec('received'))),
    row('sent again', RESENT),
    row('resets', RESETS),
    row('lost here', LOST, 'none'),
  ];
}

/** A counter over the round, with what the last second added. */
function countRow(label: string, { whole, health }: LiveRun, paths: readonly string[], none = '0', what = ''): Line {
  return countLine(label, sumOf(whole.kernel, paths), sumOf(health?.added ?? {}, paths), none, what);
}

function sumOf(counts: Readonly<Record<string, number>>, paths: readonly string[]): number {
  return paths.reduce((total, path) => total + (counts[path] ?? 0), 0);
}

function countLine(label: string, count: number, now: number, none: string, what = ''): Line {
  const recent = now === 0 ? '' : ` (+${formatCount(now)})`;
  return labelled(
    label,
    span(count === 0 ? none : `${formatCount(count)}${what}${recent}`, count > 0 ? 'yellow' : undefined),
  );
}
