import t from 'tap';
import { DOCUMENT_FORMATS } from '../../src/document/formats.ts';
import type { LabResult } from '../../src/document/lab.ts';
import { readDocument, type Document } from '../../src/document/read.ts';
import { doneCell } from '../../src/lab/cells.ts';
import { render } from '../../src/view/renderers.ts';
import { clientResult, refusedRound, roundResult, serverResult } from '../support/results.ts';

const CELL = { name: 'sync/1', axes: { style: 'sync' } };
const LAB: LabResult = {
  schema: 'conngen.lab/1',
  conngen: '0.1.0',
  lab: 'of-tomorrow',
  title: 'a lab that this version does not have',
  started_at: '2026-01-01T00:00:00.000Z',
  system: { kernel: '6.18', node: 'v20.20.2', cpus: 2, cpu_model: 'some' },
  plan: { lab: 'of-tomorrow', quick: true, only: [], settle_sec: 0, warmup_sec: 1, duration_sec: 2, cells: ['sync/1'] },
  quantity: { name: 'ns_per_turn', unit: 'ns' },
  cells: [doneCell(CELL, new Date(0), 1, { samples: [1, 2, 3], atSec: [0, 1, 2], figures: { turns: 3, rate: null } })],
};

const DOCUMENTS: readonly Document[] = [clientResult({ rounds: [roundResult(), refusedRound()] }), serverResult(), LAB];

t.test('JSON is the document itself', async (t) => {
  for (const document of DOCUMENTS) t.same(readDocument(await render(document, 'json')), { document });
});

t.test('what is no format or no document is refused', async (t) => {
  const format = '../../../elsewhere' as 'text';
  await t.rejects(render(LAB, format), {
    name: 'TypeError',
    message: /^format: got .*expected one of text, json, markdown, html$/,
  });
  await t.rejects(render({} as LabResult, 'text'), { name: 'TypeError', message: /^document: expected a result/ });
});

t.test('a lab that this version does not have is told by what its result holds', async (t) => {
  const text = await render(LAB, 'text');
  t.match(text, /^conngen lab of-tomorrow\n/);
  t.match(text, /cell +median +95 % interval +p99 +turns +rate\n +sync\/1 +2\.00 ns +- +2\.98 ns +3\.00 +-\n/);
  t.notMatch(text, /lab\.json/, 'no directory is known');
});

/** The document with a mark behind every text of it that no enumeration fixes. */
function marked(value: unknown, mark: string, key = ''): unknown {
  if (typeof value === 'string') return ['schema', 'status', 'started_at', 'unit'].includes(key) ? value : value + mark;
  if (Array.isArray(value)) return value.map((each) => marked(each, mark));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, marked(each, mark, name)]));
}

t.test('nothing in a file reaches the terminal as what it would obey', async (t) => {
  for (const document of DOCUMENTS) {
    const evil = marked(document, '\u001b]0;owned\u0007\u202e') as Document;
    for (const format of ['text', ...Object.keys(DOCUMENT_FORMATS)] as const) {
      const shown = await render(evil, format as 'text');
      t.notMatch(shown.replaceAll('\n', ''), /[\p{Cc}]/u, `${document.schema} as ${format}`);
      if (format !== 'json') t.match(shown, '\\u001b]0;owned', 'it is told all the same');
    }
  }
});
