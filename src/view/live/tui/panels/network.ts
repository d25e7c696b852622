/** Source ports, and what this machine's kernel counts of connections. */
import { formatCount } from '../../../../units/format.ts';
import type { LiveRun } from '../live-run.ts';
import { heading, labelled, type PanelSetup } from '../panel.ts';
import { span, type Line } from '../spans.ts';

/** Fewer free ports than this share of all are worth a colour. */
const FEW_PORTS_SHARE = 0.1;

export function networkPanel(setup: PanelSetup): Line[] {
  const { run } = setup;
  const { health } = run;
  const rows = portsRow(run);
  const timeWait = health?.fills['sockets.time_wait'];
  rows.push(labelled('TIME_WAIT', span(timeWait === undefined ? '-' : formatCount(timeWait))));
  if (health === null) return [heading('network of this machine', setup), ...rows];
  rows.push(
    countRow('retransmits', run, ['retransmits']),
    countRow('accept queue', run, ['listen_drops'], 'no drops', ' dropped'),
  );
  return [heading('network of this machine', setup), ...rows];
}

function portsRow(run: LiveRun): Line[] {
  const { ports } = run.plan;
  const free = run.freePorts;
  if (ports === null || free === null) return [];
  const isFew = free < ports.total * FEW_PORTS_SHARE;
  const text = `about ${formatCount(free)} of ${formatCount(ports.total)} free${isFew ? ' (few)' : ''}`;
  return [labelled('source ports', span(text, isFew ? 'yellow' : undefined))];
}

/** A counter over the round, with what the last second added. */
function countRow(label: string, { whole, health }: LiveRun, paths: readonly string[], none = '0', what = ''): Line {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    paths.reduce((total, path) => total + (counts[path] ?? 0), 0);
  const count = sum(whole.kernel);
  const now = sum(health?.added ?? {});
  const recent = now === 0 ? '' : ` (+${formatCount(now)})`;
  return labelled(
    label,
    span(count === 0 ? none : `${formatCount(count)}${what}${recent}`, count > 0 ? 'yellow' : undefined),
  );
}
