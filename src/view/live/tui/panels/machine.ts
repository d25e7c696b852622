/** How this machine does as a load generator. */
import type { Verdict } from '../../../../document/common.ts';
import { lagLimitNs } from '../../../../judge/rules/client.ts';
import type { ThreadUse } from '../../../../run/events.ts';
import { formatCount, formatCountOf, formatLatency, formatPercent } from '../../../../units/format.ts';
import type { LiveRun } from '../live-run.ts';
import { heading, labelled, type PanelSetup } from '../panel.ts';
import { span, type Line } from '../spans.ts';

/** A thread that ran, or waited for a core, for this share of the time has no time left. */
const SATURATED_SHARE = 0.9;
/** A thread that waits for a core for this share of the time is late by what others do. */
const WAIT_SHARE = 0.25;

export function machinePanel(setup: PanelSetup): Line[] {
  const { run } = setup;
  const { threads, lastLatency, last, whole, figuresName, noun } = run;
  const lag = lastLatency['schedule_lag'];
  const rows: Line[] = [];
  if (lag !== undefined && lag.count > 0) {
    rows.push(labelled('schedule lag', span(`p50 ${formatLatency(lag.p50)}, p99 ${formatLatency(lag.p99)}`)));
  }
  const recent = last === null || last.missed === 0 ? '' : ` (+${formatCount(last.missed)})`;
  rows.push(
    labelled(
      'missed starts',
      span(`${formatCount(whole.missed)} in the ${noun}${recent}`, whole.missed > 0 ? 'red' : undefined),
    ),
  );
  if (run.plan.command !== 'rtt') rows.push(...threadRows(threads), collectorRow(run));
  const of = figuresName === '' ? '' : ` of ${figuresName}`;
  return [heading(`${run.isFleet ? 'the agents' : 'this machine'}, last second${of}`, setup), ...rows];
}

/** The busiest thread stands for all: it is the one that is late first. */
function threadRows(threads: readonly ThreadUse[]): Line[] {
  const shares = threads.map(sharesOf).filter((share) => share !== null);
  if (shares.length === 0) return [labelled('load threads', span('-'))];
  const busiest = Math.max(...shares.map(({ run }) => run));
  const waits = Math.max(...shares.map(({ wait }) => wait ?? 0));
  const isKnown = shares.some(({ wait }) => wait !== null);
  const of = shares.length === 1 ? '' : `busiest of ${shares.length} `;
  const wait = isKnown ? `, wait ${percent(waits)}` : '';
  return [labelled('load threads', span(`${of}${percent(busiest)} of a core${wait}`))];
}

function collectorRow({ collector, noun }: LiveRun): Line {
  if (collector === null) return labelled('collector', span(`known after the ${noun}`));
  const { pauses, longestUsec } = collector;
  const longest = pauses === 0 ? '' : `, longest ${formatLatency(longestUsec * 1e3)}`;
  return labelled('collector', span(`${formatCountOf(pauses, 'pause')}${longest}`));
}

interface Shares {
  readonly run: number;
  readonly wait: number | null;
}

function sharesOf({ cpu_usec: cpu, run_queue_wait_usec: wait, elapsed_usec: elapsed }: ThreadUse): Shares | null {
  if (cpu === undefined || elapsed === undefined || elapsed === 0) return null;
  return { run: cpu / elapsed, wait: wait === undefined ? null : wait / elapsed };
}

function percent(share: number): string {
  return formatPercent(Math.round(share * 1000) / 10);
}

/** What is wrong, in words, in one line: the figures of such a second are not those of the target. */
export function alarmPanel({ run }: PanelSetup): Line[] {
  const found: string[] = [];
  const shares = run.threads.map(sharesOf).filter((share) => share !== null);
  const lag = run.lastLatency['schedule_lag'];
  const limitNs = lagLimitNs({ offeredRatePerSec: run.whole.offeredPerSec, workers: shares, batchNs: 0 });
  if (lag !== undefined && lag.p99 > limitNs)
    found.push(`${run.isFleet ? 'agents are' : 'this machine is'} late: p99 above ${formatLatency(limitNs)}`);
  if (run.last !== null && run.last.missed > 0) found.push('starts were skipped');
  if (shares.some(({ wait }) => (wait ?? 0) >= WAIT_SHARE)) found.push('load threads wait for a core');
  else if (shares.some(({ run: busy, wait }) => busy + (wait ?? 0) >= SATURATED_SHARE))
    found.push('a load thread has no time left');
  if (found.length === 0 && run.verdict !== null && run.verdict.status !== 'valid') found.push(lastRoundText(run));
  return found.length === 0 ? [] : [[span(` ! ${found.join('; ')}`, 'yellow')]];
}

const ROUND_TEXTS: Readonly<Record<Verdict['status'], string>> = {
  valid: 'valid',
  generator_limited: 'limited by this machine',
  invalid: 'not valid',
};

function lastRoundText(run: LiveRun): string {
  const { verdict, noun } = run;
  const { status, reasons } = verdict!;
  const words = status === 'generator_limited' && run.isFleet ? 'limited by agents' : ROUND_TEXTS[status];
  return `last ${noun}: ${words} (${reasons.map(({ code }) => code).join(', ')})`;
}
