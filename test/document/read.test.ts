import fc from 'fast-check';
import t from 'tap';
import { DOCUMENT_VERSIONS, readDocument } from '../../src/document/read.ts';
import { doneCell, failedCell } from '../../src/lab/cells.ts';
import { holds } from '../support/property.ts';
import { clientResult, serverResult } from '../support/results.ts';
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function problemOf(input: Parameters<typeof readDocument>[0]): string | null {
  const read = readDocument(input);
  return 'problem' in read ? read.problem : null;
}

t.test(
  'a result as it is written is read, from text, bytes or an object; keys that are not known are kept',
  async (t) => {
    for (const result of [RESULT, clientResult(), serverResult(), { ...clientResult(), later: 1 }]) {
      const text = JSON.stringify(result, null, 2);
      t.same(readDocument(text), { document: result });
      t.same(readDocument(`\uFEFF${text}`), { document: result }, 'with a byte-order mark');
      t.same(readDocument(Buffer.from(text)), { document: result });
      t.same(readDocument(result), { document: result });
    }
    const lines = `{"event":"listening"}\n${JSON.stringify(serverResult())}\n`;
    t.same(readDocument(lines), { document: serverResult() }, 'what a server prints with --json -');
  },
);

t.test('a document that ends too soon, or is no JSON, is told with its place', async (t) => {
  const text = JSON.stringify(clientResult());
  for (const length of [1, 2, 17, 100, text.length - 1]) {
    t.equal(problemOf(text.slice(0, length)), `it is cut off after ${length.toLocaleString('en')} bytes`);
  }
  for (const [bad, place] of [
    ['{"a":1,}', '"}" at line 1, column 8'],
    ['{\n "a": tru}', '"}" at line 2, column 10'],
    ['{"a":1}}', '"}" at line 1, column 8'],
    ['{"a":"\\q"}', '"q" at line 1, column 8'],
    ['[1 2]', '"2" at line 1, column 4'],
    ['{"a":01}', '"1" at line 1, column 7'],
    ['{1:2}', '"1" at line 1, column 2'],
    ['hello', '"h" at line 1, column 1'],
  ] as const) {
    t.equal(problemOf(bad), `it is not JSON: unexpected ${place}`);
  }
  t.equal(problemOf(' \n'), 'it is empty');
});

t.test('JSON of others is named', async (t) => {
  for (const [value, problem] of [
    [[1], 'it is JSON, but a list'],
    [
      { latencies: {}, status_codes: {} },
      /^it is JSON of vegeta: it has "latencies" and "status_codes", and no "schema"/,
    ],
    [{}, 'it is JSON of something else: it has nothing, and no "schema"'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'it is JSON of something else: it has "a", "b", "c", "d" …, and no "schema"'],
    [{ schema: 'other/1' }, 'its "schema" is "other/1", which no result of conngen has'],
    [{ schema: 'conngen.dance/1' }, 'it is "conngen.dance/1", which this version of conngen does not know'],
    [{ schema: 'conngen.interval/1' }, /^it is a stream of seconds \(--stream\), not a result/],
  ] as const) {
    t.match(problemOf(JSON.stringify(value)), problem);
  }
  const stream = '{"schema":"conngen.interval/1","second":0}\n{"schema":"conngen.interval/1","second":1}\n';
  t.match(problemOf(stream), /^it is a stream of seconds/);
  t.match(problemOf('Running 10s test @ http://localhost\n'), /wrk/);
});

t.test('a newer version of every kind is named as such', async (t) => {
  for (const [kind, version] of Object.entries(DOCUMENT_VERSIONS)) {
    const newer = `conngen.${kind}/${version + 1}`;
    const expected = `it was written by a newer conngen: it is ${newer}, and this one reads up to conngen.${kind}/${version}`;
    t.equal(problemOf({ schema: newer }), expected);
  }
});

t.test('a text that is no JSON is told as such, whatever was changed in it', async (t) => {
  const text = JSON.stringify(clientResult(), null, 1);
  const puts = fc.constantFrom('}', ']', '"', ',', ':', 'x', '1', '\\');
  holds(
    t,
    fc.property(fc.nat(text.length - 1), puts, (at, put) => {
      const broken = text.slice(0, at) + put + text.slice(at + 1);
      return isJson(broken) !== /not JSON|cut off/.test(problemOf(broken) ?? '');
    }),
  );
});

t.test('a value of a wrong type is named with its place and what belongs there', async (t) => {
  for (const [path, value, fault] of [
    [['plan'], null, 'plan is null, not an object'],
    [['plan', 'only'], 7, 'plan.only is 7, not a list'],
    [['plan', 'cells', 0], {}, 'plan.cells[0] is {}, not a text'],
    [['plan', 'duration_sec'], '2', 'plan.duration_sec is "2", not a number'],
    [['system', 'cpus'], undefined, 'the key "system.cpus" is missing'],
    [['cells'], {}, 'cells is {}, not a list'],
    [['cells', 0], 'x', 'the key "cells[0].status" is missing'],
    [['cells', 0, 'samples'], null, 'cells[0].samples is null, not a list'],
    [['cells', 0, 'samples', 1], 'a'.repeat(90), `cells[0].samples[1] is "${'a'.repeat(29)}…, not a number`],
    [['cells', 0, 'summary', 'median'], [], 'cells[0].summary.median is [], not a number'],
    [['cells', 1, 'error'], 1, 'cells[1].error is 1, not a text'],
    [['cells', 1, 'axes', 'depth'], {}, 'cells[1].axes.depth is {}, not a text or a number'],
  ] as const) {
    t.equal(problemOf(withValue(path, value)), `in it, ${fault}`);
  }
});
