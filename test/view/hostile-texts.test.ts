/**
 * Names, payloads and errors that hold what a format has a meaning for: `</script>`, `<!--`, escapes of terminals, line ends, separators.
 * A test for each output format, by the rule of that format. HTML has a file of its own, `html/escaping.test.ts`.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { CLOCKS } from '../../src/document/client.ts';
import { DOCUMENT_VERSIONS, readDocument, type DocumentKind } from '../../src/document/read.ts';
import type { LabDescription } from '../../src/document/lab-description.ts';
import type { CellResult } from '../../src/document/lab.ts';
import { exposition } from '../../src/run/metrics/exposition.ts';
import { otlpRequest } from '../../src/run/metrics/otlp-request.ts';
import { RunMetrics } from '../../src/run/metrics/run-metrics.ts';
import { SINK_NAMES, openSinks } from '../../src/run/sinks/table.ts';
import { cellsCsv } from '../../src/view/csv/lab-cells.ts';
import { render } from '../../src/view/renderers.ts';
import { EVIL_TEXTS, anyDocument } from '../support/any-document.ts';
import { loadSecond, runStarted } from '../support/events.ts';
import { histogramOf } from '../support/histograms.ts';
import { decodedRequest } from '../support/otlp.ts';
import { interval, roundResult } from '../support/results.ts';

const KINDS = Object.keys(DOCUMENT_VERSIONS) as DocumentKind[];
const DOCUMENTS = 25;

/** What a terminal obeys or hides; lines may end. */
const UNPRINTABLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|[^\P{Cc}\n]/u;

for (const kind of KINDS) {
  const documents = fc.sample(anyDocument(kind), { numRuns: DOCUMENTS, seed: 1 });

  t.test(`${kind} as text: nothing that a terminal obeys`, async (t) => {
    const texts = await Promise.all(documents.map((document) => render(document, 'text')));
    t.same(
      texts.filter((text) => UNPRINTABLE.test(text)),
      [],
    );
  });

  t.test(
    `${kind} as Markdown: no HTML, no code block that ends early, tables whose rows are as wide as their heads`,
    async (t) => {
      const texts = await Promise.all(documents.map((document) => render(document, 'markdown')));
      t.same(texts.filter((text) => UNPRINTABLE.test(text)).length, 0);
      t.same(texts.flatMap(faultsOfMarkdown), []);
    },
  );

  t.test(`${kind} as JSON: the same document`, async (t) => {
    for (const document of documents) {
      const text = await render(document, 'json');
      t.notMatch(text, /[^\P{Cc}\n]/u);
      t.same(JSON.parse(text), JSON.parse(JSON.stringify(document)));
      t.match(readDocument(text), { document: {} });
    }
  });
}

/** Lines of a page that are not what its author meant. */
function faultsOfMarkdown(page: string): string[] {
  const faults: string[] = [];
  let isCode = false;
  let columns = 0;
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    else if (!isCode) {
      // A backslash before punctuation makes it a plain character; in a code span nothing is a tag.
      const plain = line.replaceAll(/\\[!-/:-@[-`{-~]/g, '').replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, '');
      if (/<[a-z!/?]/i.test(plain)) faults.push(line);
      const bars = line.startsWith('|') ? plainBars(line) : 0;
      if (bars > 0 && columns > 0 && bars !== columns) faults.push(line);
      columns = bars;
    }
  }
  return isCode ? [...faults, 'a code block has no end'] : faults;
}

/** In a table a bar separates cells, also in a code span, unless a backslash is before it. */
function plainBars(line: string): number {
  return [...line.replaceAll(/\\[!-/:-@[-`{-~]/g, '').matchAll(/\|/g)].length;
}

t.test('csv of a lab: a reader of RFC 4180 gets the names back', async (t) => {
  const lab: LabDescription = {
    name: 'evil',
    title: '',
    quantity: { name: 'x', unit: 'ns', label: 'x' },
    figures: [],
    plots: [],
  };
  const cells = EVIL_TEXTS.map((text): CellResult => {
    return {
      cell: text,
      axes: { axis: text },
      status: 'failed',
      started_at: '',
      took_sec: 1,
      error: text,
    };
  });
  const rows = rowsOf(cellsCsv(lab, ['axis'], cells));
  t.same(new Set(rows.map((row) => row.length)).size, 1, 'every row is as wide as the head');
  t.same(
    rows.slice(1).map((row) => [row[0], row[1], row.at(-1)]),
    EVIL_TEXTS.map((text) => [text, text, text]),
  );
});

/** The rows of a table after RFC 4180. */
function rowsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare!);
    if (end === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

const latency = Object.fromEntries(CLOCKS.map((clock) => [clock, histogramOf([1000, 2000])]));

t.test('files of seconds: a target cannot add a line, and hlog, hgrm and csv keep their form', async (t) => {
  const root = t.testdir({});
  for (const [index, target] of EVIL_TEXTS.entries()) {
    const directory = join(root, String(index));
    mkdirSync(directory);
    const names = Object.fromEntries(SINK_NAMES.map((name) => [name, { value: join(directory, name) }]));
    const sinks = await openSinks(names, { tell: (text) => t.fail(text), print: async () => true });
    for (const sink of sinks) {
      sink.on(runStarted({ target, notes: [target] }));
      sink.on({ type: 'round-started', round: 0, offeredRatePerSec: 1 });
      sink.on(loadSecond(interval(), { latency }));
      sink.on({ type: 'round-ended', round: 0, result: roundResult(), latency });
      await sink.close(true);
    }
    const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
    for (const name of SINK_NAMES) t.notMatch(read(name), UNPRINTABLE, `${name}: text ${index}`);
    const comments = read('hlog')
      .split('\n')
      .filter((line) => !/^(#|"StartTimestamp"|Tag=)/.test(line) && line !== '');
    t.same(comments, [], 'hlog: comments, the head and tagged rows');
    t.equal(
      read('hgrm')
        .split('\n')
        .filter((line) => line.startsWith('#[conngen')).length,
      CLOCKS.length,
    );
    for (const line of read('stream').trimEnd().split('\n'))
      t.match(JSON.parse(line), { schema: 'conngen.interval/1' });
    t.equal(new Set(rowsOf(read('csv')).map((row) => row.length)).size, 1);
  }
});

t.test('Prometheus: every line is a comment or a sample, whatever labels hold', async (t) => {
  const sample = /^[a-z_:][\w:]*(\{([a-z_]\w*="([^"\\\n]|\\[\\"n])*",?)*\})? (NaN|[+-]?(Inf|\d[\d.e+-]*))$/i;
  for (const [index, engine] of EVIL_TEXTS.entries()) {
    const metrics = new RunMetrics();
    metrics.on(runStarted({ engine, target: engine }));
    metrics.on(loadSecond(interval(), { latency }));
    for (const format of ['prometheus', 'openmetrics'] as const) {
      const lines = exposition(metrics.families(), format).trimEnd().split('\n');
      t.same(
        lines.filter((line) => !line.startsWith('# ') && !sample.test(line)),
        [],
        `${format}: text ${index}`,
      );
    }
  }
});

t.test('OTLP: a strict decoder gets the same texts', async (t) => {
  for (const [index, target] of EVIL_TEXTS.entries()) {
    const metrics = new RunMetrics();
    metrics.on(runStarted({ engine: target, target }));
    metrics.on(loadSecond(interval(), { latency }));
    const resource = { 'conngen.target': target };
    const request = otlpRequest({ families: metrics.families(), resource, startMs: 0, nowMs: 1 });
    const decoded = JSON.stringify(decodedRequest(JSON.stringify(request)));
    // A lone half of a character has no place in UTF-8.
    if (!/\p{Cs}/u.test(target)) t.ok(decoded.includes(JSON.stringify(target)), `text ${index}`);
  }
});
