/** `lab abstraction`: what a call costs that goes through five layers, by how the layers hand their results up. */
import { once } from 'node:events';
import { moduleBeside } from '../../runtime/thread-host.ts';
import { startThread } from '../../runtime/thread.ts';
import { NS_PER_MS, NS_PER_SEC } from '../../units/quantity.ts';
import type { CellContext, Lab } from '../lab.ts';
import { ABSTRACTION_LAB, BUDGET_NS } from '../../document/labs.ts';
import type { Cell, CellMeasurement } from '../../document/lab-description.ts';
import { summarize } from '../../units/statistics.ts';
import { STYLES, type Style } from './source.ts';
import type { AbstractionInit, FromAbstraction } from './worker.ts';
import { PLEASE_REPORT } from '../../units/bugs.ts';

const WORKER_URL = moduleBeside(import.meta.url, 'worker');

/** 512 variants are compiled only after three to five seconds here, and uncompiled they cost ten times as much. */
const WARMUP_NS = 6 * NS_PER_SEC;

export const ABSTRACTION: Lab = {
  ...ABSTRACTION_LAB,
  times: {
    full: { settleNs: NS_PER_SEC, warmupNs: WARMUP_NS, durationNs: 5 * NS_PER_SEC },
    quick: { settleNs: 100 * NS_PER_MS, warmupNs: WARMUP_NS, durationNs: 500 * NS_PER_MS },
  },
  overheadSec: 0.3,
  // One variant is there to show what a benchmark says that forgets about compiler and branch predictor.
  axes: () => [
    { name: 'style', values: STYLES },
    { name: 'variants', values: [512, 1] },
  ],
  refusals: async () => [],
  measure,
};

async function measure(cell: Cell, { times, stop }: CellContext): Promise<CellMeasurement> {
  const init: AbstractionInit = {
    style: cell.axes['style'] as Style,
    variants: Number(cell.axes['variants']),
    warmupMs: times.warmupNs / NS_PER_MS,
    durationMs: times.durationNs / NS_PER_MS,
  };
  const thread = startThread(WORKER_URL, { workerData: init });
  try {
    const [answer] = (await once(thread, 'message', { signal: stop })) as [FromAbstraction];
    if (answer.type === 'wrong') {
      throw new Error(`the tree gave ${answer.got} instead of ${answer.expected}: ${PLEASE_REPORT}`);
    }
    const { nsPerOperation, atSec } = answer.timing;
    return { samples: nsPerOperation, atSec, figures: figuresOf(summarize(nsPerOperation).median) };
  } finally {
    await thread.terminate();
  }
}

/** What the median means: its share of the budget, and what is left of the connections that the budget alone would allow. */
export function figuresOf(medianNs: number): Record<string, number> {
  return {
    budget_percent: (medianNs / BUDGET_NS) * 100,
    operations_per_sec: NS_PER_SEC / medianNs,
    connections_per_sec: NS_PER_SEC / (BUDGET_NS + medianNs),
  };
}
