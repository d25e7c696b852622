/** The live view as lines: which panels there are, and where each has its place. */
import { cut, fit, span, type Line } from './spans.ts';
import type { Panel, PanelSetup } from './panel.ts';
import { agentsPanel } from './panels/agents.ts';
import { cellsPanel } from './panels/cells.ts';
import { failuresPanel, pingsPanel } from './panels/failures.ts';
import { headPanel, helpPanel, keysPanel, progressPanel } from './panels/head.ts';
import { latencyPanel } from './panels/latency.ts';
import { alarmPanel, machinePanel } from './panels/machine.ts';
import { networkPanel } from './panels/network.ts';
import { ratesPanel } from './panels/rates.ts';
import { thresholdsPanel } from './panels/thresholds.ts';
import { stepsPanel, trialsPanel } from './panels/trials.ts';
import type { LiveRun } from './live-run.ts';
import type { RunCommand } from '../../../run/events.ts';

/** A panel, and one beside it where there is room. Panels of a high rank come first where rows are missing. */
interface Row {
  readonly rank: number;
  readonly left: Panel;
  readonly right?: Panel;
  /** Where there is no room beside it and the right panel is below; the row's rank if not given. */
  readonly rightRank?: number;
}

const HEAD: readonly Row[] = [
  { rank: 9, left: headPanel },
  { rank: 8, left: progressPanel },
  { rank: 8, left: alarmPanel },
];
const KEYS: Row = { rank: 4, left: keysPanel };
const RATES: Row = { rank: 7, left: ratesPanel };
const LATENCY: Row = { rank: 5, left: latencyPanel };
const OWNERS: Row = { rank: 6, left: failuresPanel, right: machinePanel };
const AGENTS: Row = { rank: 6, left: agentsPanel };
const NETWORK: Row = { rank: 3, left: networkPanel };
const THRESHOLDS: Row = { rank: 6, left: thresholdsPanel, right: networkPanel, rightRank: 3 };

const DETAILS: readonly Row[] = [
  { ...RATES, rank: 5 },
  { ...OWNERS, rank: 4 },
  { ...LATENCY, rank: 2 },
];

const BODIES: Readonly<Record<RunCommand, readonly Row[]>> = {
  client: [RATES, LATENCY, OWNERS],
  search: [{ rank: 7, left: trialsPanel }, ...DETAILS],
  saturate: [{ rank: 7, left: stepsPanel }, ...DETAILS],
  rtt: [RATES, LATENCY, { rank: 6, left: pingsPanel, right: machinePanel }],
  lab: [{ rank: 7, left: cellsPanel }],
  server: [],
};

function bodyOf({ plan, agents }: LiveRun): readonly Row[] {
  const body = agents.count === 0 ? BODIES[plan.command] : [...BODIES[plan.command], AGENTS];
  if (plan.command === 'lab' || plan.command === 'rtt') return body;
  return [...body, plan.thresholds.length > 0 ? THRESHOLDS : NETWORK];
}

/** From here on two panels stand side by side. */
const TWO_COLUMNS = 76;
const GAP = 2;
/** The right panel has the longer figures. */
const LEFT_SHARE = 0.43;
const CHART_ROWS_MAX = 8;
const LIST_ROWS_MIN = 3;

export interface FrameSetup extends Omit<PanelSetup, 'width' | 'chartRows' | 'listRows'> {
  readonly columns: number;
  readonly rows: number;
  readonly isHelp: boolean;
  /** Whether keys do something: not in the last frame of a run. */
  readonly hasKeys: boolean;
}

/** At most `rows` lines of at most `columns` cells. */
export function frameLines(setup: FrameSetup): Line[] {
  const { run, columns, rows } = setup;
  const body = setup.isHelp ? [{ rank: 7, left: helpPanel }] : bodyOf(run);
  const all = [...HEAD, ...body, ...(setup.hasKeys ? [KEYS] : [])];
  const smallest = { ...setup, width: columns, chartRows: 1, listRows: LIST_ROWS_MIN };
  const kept = fitting(columns < TWO_COLUMNS ? all.flatMap(oneBelowOther) : all, smallest, rows);
  const spare = Math.max(0, rows - heightOf(kept, smallest));
  const hasCharts = kept.some(({ left }) => left === ratesPanel);
  const chartRows = hasCharts ? Math.min(CHART_ROWS_MAX, 1 + Math.floor(spare / 4)) : 1;
  const listRows = LIST_ROWS_MIN + spare - 2 * (chartRows - 1);
  const lines = linesOf(kept, { ...smallest, chartRows, listRows });
  return lines.slice(0, rows).map((line) => cut(line, columns));
}

function oneBelowOther({ rank, left, right, rightRank = rank }: Row): Row[] {
  return right === undefined
    ? [{ rank, left }]
    : [
        { rank, left },
        { rank: rightRank, left: right },
      ];
}

/** The rows that fit, those of the highest rank first, in their own order. */
function fitting(all: readonly Row[], setup: PanelSetup, rows: number): readonly Row[] {
  const kept = new Set<Row>();
  let left = rows;
  for (const row of all.toSorted((a, b) => b.rank - a.rank)) {
    const height = heightOf([row], setup);
    if (height > left) continue;
    kept.add(row);
    left -= height;
  }
  return all.filter((row) => kept.has(row));
}

function heightOf(rows: readonly Row[], setup: PanelSetup): number {
  return linesOf(rows, setup).length;
}

function linesOf(rows: readonly Row[], setup: PanelSetup): Line[] {
  return rows.flatMap(({ left, right }) => {
    if (right === undefined) return left(setup);
    const leftCells = Math.floor((setup.width - GAP) * LEFT_SHARE);
    const rightCells = setup.width - GAP - leftCells;
    return beside(left({ ...setup, width: leftCells }), right({ ...setup, width: rightCells }), leftCells);
  });
}

function beside(left: readonly Line[], right: readonly Line[], leftCells: number): Line[] {
  const gap = span(' '.repeat(GAP));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const own = left[index] ?? [];
    const other = right[index];
    return other === undefined ? cut(own, leftCells) : [...fit(own, leftCells), gap, ...other];
  });
}
