/** One round of connections, as sections of a page. */
import { CLOCKS, type ClockName, type RoundResult, type WorkerResult } from '../../document/client.ts';
import type { CoreUse, KernelEvidence } from '../../document/kernel-evidence.ts';
import type { PacketCounts } from '../../document/packet-evidence.ts';
import { PACKET_ROWS } from '../../document/packet-table.ts';
import { KERNEL_ROWS } from '../../document/kernel-table.ts';
import { saidOfAgent } from '../../judge/agent-words.ts';
import { kernelValue } from '../../judge/kernel-sentences.ts';
import { packetValue } from '../../judge/packet-evidence.ts';
import { agentFacts, agentRest, agentRows } from '../agent-facts.ts';
import type { Fact } from '../facts.ts';
import { formatCount, formatLatency, formatShare } from '../../units/format.ts';
import { CLOCK_LABELS, costFacts, latencyRows, offerFacts, roundKernelSentences } from '../text/client.ts';
import { isLimited } from '../text/round-table.ts';
import { formatFigure } from '../text/thresholds.ts';
import { chart, facts, list, paragraph, rowsTable, table } from './page/blocks.ts';
import type { Section } from './page/page.ts';
import { curveOf, overTimeChart, percentileChart } from './specs/percentiles.ts';
import { wholeIntervals } from './specs/intervals.ts';
import { kernelChart, lagChart, openChart, packetChart, rateChart } from './specs/round.ts';
import { html, type Html } from './page/template.ts';

/** Sections of a round; `prefix` keeps their ids apart from those of other rounds: `round-2-`, or nothing. */
export function roundSections(round: RoundResult, prefix = ''): Section[] {
  return [
    {
      id: `${prefix}offer`,
      title: 'Asked for and kept',
      content: facts(roundFacts(round)),
    },
    { id: `${prefix}latency`, title: 'Latency', content: latencyHtml(round, prefix) },
    { id: `${prefix}agents`, title: 'Agents', content: agentsHtml(round) },
    { id: `${prefix}rates`, title: 'Rates and failures', content: ratesHtml(round, prefix) },
    { id: `${prefix}generator`, title: generatorTitle(round), content: generatorHtml(round, prefix) },
    { id: `${prefix}kernel`, title: 'What the kernel counted', content: kernelHtml(round, prefix) },
    { id: `${prefix}packets`, title: 'What the packet engine counted', content: packetHtml(round, prefix) },
    { id: `${prefix}thresholds`, title: 'Thresholds', content: thresholdsHtml(round) },
  ];
}

/** Whose threads generated the load. */
export function generatorTitle({ agents }: Pick<RoundResult, 'agents'>): string {
  return agents === undefined ? 'This machine as generator' : 'The agents as generators';
}

/** The agents of a fleet, a row each; nothing where one machine measured. */
export function agentsHtml({ agents = [] }: Pick<RoundResult, 'agents'>): Html {
  if (agents.length === 0) return html``;
  const told = agents.flatMap(({ name, verdict, lost }) => [
    ...(lost === null ? [] : [`${name}: lost, ${lost.why}`]),
    ...(verdict?.reasons ?? []).map(({ message }) => `${name}: ${saidOfAgent(message)}`),
  ]);
  return html`${facts(agentFacts([{ agents }]))}${rowsTable('Agents', agentRows(agents))}${list([
    ...agentRest(agents),
    ...told.slice(0, AGENTS_TOLD),
  ])}`;
}

/** What was offered, achieved and spent. That a generator at its limit measured it stands beside the latencies. */
export function roundFacts(round: RoundResult): Fact[] {
  return [...offerFacts(round), ...costFacts(round).filter(([label]) => label !== '')];
}

/** What agents say of themselves, and the threads, that a page has room for. The result has all. */
const AGENTS_TOLD = 40;
const WORKERS_SHOWN = 200;

/** The clocks that are drawn over time, of those that measured anything. */
const CLOCKS_OVER_TIME = ['connect', 'total'] as const satisfies readonly ClockName[];

function latencyHtml(round: RoundResult, prefix: string): Html {
  const { histograms, latency_ns: latency, probe } = round;
  const intervals = wholeIntervals(round.intervals);
  const curves = CLOCKS.map((clock) => curveOf(CLOCK_LABELS[clock], latency[clock], histograms?.[clock]));
  const description =
    'Latency at each percentile, by what is measured. The axis spreads the highest percentiles: each step to the right has a tenth of the connections beyond it.';
  const charts = [
    chart(
      percentileChart(`${prefix}percentiles`, {
        description,
        curves: probe === undefined ? curves : [...curves, curveOf('probe', probe.rtt_ns, histograms?.['probe'])],
      }),
    ),
    ...CLOCKS_OVER_TIME.map((clock) =>
      chart(
        overTimeChart(
          `${prefix}${clock}-over-time`,
          groupOf(prefix),
          CLOCK_LABELS[clock],
          intervals,
          (each) => each.latency_ns[clock],
        ),
      ),
    ),
  ];
  const limit = isLimited(round) ? paragraph('Measured by a generator at its limit: not the target alone.') : null;
  return html`${limit}${rowsTable('Latency by percentile', latencyRows(round))}${chartGrid(charts)}`;
}

/** Charts over time of one round share cursor and zoom. */
function groupOf(prefix: string): string {
  return `${prefix}time`;
}

/** Charts beside each other where there is room. */
export function chartGrid(charts: readonly Html[]): Html {
  const shown = charts.filter(({ text }) => text !== '');
  return shown.length === 0 ? html`` : html`<div class="charts">${shown}</div> `;
}

function ratesHtml(round: RoundResult, prefix: string): Html {
  if (round.intervals.length === 0) return html``;
  const group = groupOf(prefix);
  return chartGrid([
    chart(rateChart(`${prefix}rates-over-time`, group, round)),
    chart(openChart(`${prefix}open-over-time`, group, round)),
  ]);
}

function generatorHtml(round: RoundResult, prefix: string): Html {
  const isFleet = round.agents !== undefined;
  const head = [
    ...(isFleet ? ['agent'] : []),
    'worker',
    'started',
    'missed',
    'on a core',
    'waited for a core',
    'garbage collections',
    'the longest',
  ];
  const rows = round.workers
    .slice(0, WORKERS_SHOWN)
    .map((worker, index) => [
      ...(isFleet ? [worker.agent ?? ''] : []),
      String(workerNumber(round.workers, index)),
      ...workerCells(worker),
    ]);
  return html`${table('Pacing threads', [head, ...rows])}${chartGrid([
    chart(lagChart(`${prefix}lag-over-time`, groupOf(prefix), round)),
  ])}`;
}

/** The number of a thread, from 1, among those of its agent. */
function workerNumber(workers: readonly WorkerResult[], index: number): number {
  const { agent } = workers[index]!;
  return workers.slice(0, index + 1).filter((worker) => worker.agent === agent).length;
}

function workerCells(worker: WorkerResult): string[] {
  const { started, missed, elapsed_usec: elapsedUsec = 0, gc_pauses: pauses, gc_longest_usec: longestUsec } = worker;
  const share = (usec: number | undefined): string =>
    usec === undefined || elapsedUsec === 0 ? '-' : formatShare(usec, elapsedUsec);
  return [
    formatCount(started),
    formatCount(missed),
    share(worker.cpu_usec),
    share(worker.run_queue_wait_usec),
    pauses === undefined ? '-' : formatCount(pauses),
    longestUsec === undefined || pauses === 0 ? '-' : formatLatency(longestUsec * 1e3),
  ];
}

function kernelHtml(round: RoundResult, prefix: string): Html {
  const { kernel } = round;
  if (kernel === undefined) return html``;
  return html`${list(roundKernelSentences(round))}${chartGrid([
    kernelChartHtml(kernel, prefix),
  ])}${countersTable(kernel)}${coresTable(kernel.cpu ?? [])}`;
}

function kernelChartHtml(kernel: KernelEvidence, prefix: string): Html {
  const spec = kernelChart(`${prefix}kernel-over-time`, groupOf(prefix), kernel);
  return spec === null ? html`` : chart(spec);
}

function packetHtml({ packet }: RoundResult, prefix: string): Html {
  if (packet === undefined) return html``;
  const spec = packetChart(`${prefix}packets-over-time`, groupOf(prefix), packet);
  return html`${chartGrid([spec === null ? html`` : chart(spec)])}${packetsTable(packet)}`;
}

/** The counts of the packet engine that moved, and what each counts. */
export function packetsTable(packet: PacketCounts): Html {
  const rows = [...PACKET_ROWS].flatMap(([path, { counts }]) => {
    const count = packetValue(packet, path);
    return count === 0 ? [] : [[path, formatCount(count), counts]];
  });
  if (rows.length === 0) return paragraph('No packet was sent or received.');
  return html`<div class="wide">${table('Counts that moved', [['count', 'number', 'what it counts'], ...rows])}</div> `;
}

/** The size of a table moves nothing; the sentences say how full it was. */
const TABLE_SIZE = 'conntrack.max';

/** The counters that moved, and what each counts. */
export function countersTable(kernel: KernelEvidence): Html {
  const rows = [...KERNEL_ROWS].flatMap(([path, { counts, kind }]) => {
    const value = kernelValue(kernel, path) ?? 0;
    return value === 0 || path === TABLE_SIZE
      ? []
      : [[path, formatCount(value), kind === 'peak' ? `${counts} (the most at a time)` : counts]];
  });
  if (rows.length === 0) return paragraph('No counter of the kernel moved.');
  return html`<div class="wide">
    ${table('Counters that moved', [['counter', 'count', 'what it counts'], ...rows])}
  </div> `;
}

const CORE_TIMES = [
  ['user', 'user_usec'],
  ['system', 'system_usec'],
  ['interrupts', 'irq_usec'],
  ['packets', 'softirq_usec'],
  ['stolen', 'steal_usec'],
  ['idle', 'idle_usec'],
] as const;

/** How processors spent their time. */
export function coresTable(cores: readonly CoreUse[]): Html {
  if (cores.length === 0) return html``;
  const rows = cores.map((core) => {
    const total = CORE_TIMES.reduce((sum, [, key]) => sum + core[key], 0);
    return [String(core.core), ...CORE_TIMES.map(([, key]) => formatShare(core[key], total))];
  });
  return table('Processors of this machine, all that ran on it', [
    ['processor', ...CORE_TIMES.map(([name]) => name)],
    ...rows,
  ]);
}

function thresholdsHtml({ thresholds = [] }: RoundResult): Html {
  if (thresholds.length === 0) return html``;
  const words = { pass: 'met', fail: 'not met', not_measured: 'not measured' } as const;
  const moods = { pass: 'is-good', fail: 'is-bad', not_measured: 'is-bad' } as const;
  const rows = thresholds.map((threshold) => [
    threshold.expression,
    formatFigure(threshold),
    html`<span class="${moods[threshold.status]}">${words[threshold.status]}</span>`,
  ]);
  return table('Fail if', [['expression', 'figure', 'threshold'], ...rows]);
}
