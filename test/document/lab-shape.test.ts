import t from 'tap';
import { faultOfLabResult } from '../../src/document/lab-shape.ts';
import { doneCell, failedCell } from '../../src/lab/cells.ts';
import type { LabResult } from '../../src/document/lab.ts';

const AT = new Date(0);
const CELL = { name: 'uring/1', axes: { engine: 'uring', depth: 1 } };

const RESULT: LabResult = {
  schema: 'conngen.lab/1',
  conngen: '0.1.0',
  lab: 'rtt',
  title: 'Round trips',
  started_at: AT.toISOString(),
  system: { kernel: '6.18', node: 'v20.20.2', cpus: 2, cpu_model: 'some' },
  plan: {
    lab: 'rtt',
    quick: true,
    only: ['uring/*'],
    settle_sec: 0,
    warmup_sec: 1,
    duration_sec: 2,
    cells: ['uring/1'],
  },
  quantity: { name: 'round trip', unit: 'ns' },
  cells: [
    doneCell(CELL, AT, 3, { samples: [1, 2, 3], atSec: [0, 1, 2], figures: { lost: 0, rate: null } }),
    failedCell({ ...CELL, name: 'uring/2' }, AT, 1, new Error('no')),
  ],
};

/** The result as JSON, with the value at a path replaced. */
function withValue(path: readonly (string | number)[], value: unknown): object {
  const copy = JSON.parse(JSON.stringify(RESULT)) as object;
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1)!] = value;
  return copy;
}

t.test('a result as it is written has no fault', async (t) => {
  t.equal(faultOfLabResult(JSON.parse(JSON.stringify(RESULT)) as object), null);
});

t.test('a value of a wrong type is named with its place and what belongs there', async (t) => {
  for (const [path, value, fault] of [
    [['plan'], null, 'plan is null, not an object'],
    [['plan', 'only'], 7, 'plan.only is 7, not a list'],
    [['plan', 'cells', 0], {}, 'plan.cells[0] is {}, not a text'],
    [['plan', 'duration_sec'], '2', 'plan.duration_sec is "2", not a number'],
    [['system', 'cpus'], undefined, 'system.cpus is missing, not a number'],
    [['cells'], {}, 'cells is {}, not a list'],
    [['cells', 0], 'x', 'cells[0].status is missing, not "done" or "failed"'],
    [['cells', 0, 'samples'], null, 'cells[0].samples is null, not a list'],
    [['cells', 0, 'samples', 1], 'a'.repeat(90), `cells[0].samples[1] is "${'a'.repeat(29)}…, not a number`],
    [['cells', 0, 'summary', 'median'], [], 'cells[0].summary.median is [], not a number'],
    [['cells', 1, 'error'], 1, 'cells[1].error is 1, not a text'],
    [['cells', 1, 'axes', 'depth'], {}, 'cells[1].axes.depth is {}, not a text or a number'],
  ] as const) {
    t.equal(faultOfLabResult(withValue(path, value)), fault);
  }
});
