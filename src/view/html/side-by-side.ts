/** Several results of one kind on one page: a column for each run, charts over each other, and what differs between the runs. */
import type { Document, DocumentKind } from '../../document/read.ts';
import { kindOf } from '../../document/read.ts';
import type { NamedDocument } from '../look.ts';
import { formatCountOf } from '../../units/format.ts';
import { chart, list, pairs, paragraph, table } from './page/blocks.ts';
import { downloadOf, downloadSection, optionRows, systemRows } from './page/end-matter.ts';
import { page, type Section } from './page/page.ts';
import { chartGrid } from './round-sections.ts';
import { columnsOf, type Column } from './side-figures.ts';
import { sideCharts } from './specs/side-by-side.ts';
import { html, type Html } from './page/template.ts';

/** Kinds whose figures are words, which wrap. */
const HAVE_TEXTS: readonly DocumentKind[] = ['doctor', 'compare', 'fleet'];

/** Returns the page of two or more documents of one kind. */
export function sideBySideHtml(runs: readonly NamedDocument[]): string {
  const kind = kindOf(runs[0]!.document);
  const columns = columnsOf(runs);
  const system = differencesOf(runs, systemRows);
  const options = differencesOf(runs, optionRows);
  return page({
    title: `conngen ${kind}: ${formatCountOf(runs.length, hasRuns(kind) ? 'run' : 'result')} side by side`,
    details: runs.map(({ name, document }) => `${name}: ${document.started_at}`),
    lead: {
      mood: 'neutral',
      sentence: `Side by side: ${runs.map(({ name }) => name).join(', ')}.`,
      ...(isComparable(kind)
        ? { rest: paragraph('Whether the runs differ by more than chance is what conngen compare tells.') }
        : {}),
    },
    sections: [
      { id: 'figures', title: 'Figures', content: figuresTable(columns, HAVE_TEXTS.includes(kind)) },
      { id: 'charts', title: 'Charts', content: chartGrid(sideCharts(runs).map(chart)) },
      remarksSection(columns),
      {
        id: 'differs',
        title: 'What differs',
        content: html`${differsTable('System', runs, system)}${differsTable('Options', runs, options)}`,
      },
      {
        id: 'same',
        title: 'What is the same',
        content: html`${sameHtml('System', system)}${sameHtml('Options', options)}`,
      },
      downloadSection(runs.length),
    ],
    downloads: runs.map(({ name, document }) => ({ ...downloadOf(document), file: `${fileWord(name)}.json` })),
  });
}

/** Whether results of this kind are of runs: a comparison, a check of the machine or a list of agents is none. */
function hasRuns(kind: DocumentKind): boolean {
  return !HAVE_TEXTS.includes(kind);
}

/** Whether `conngen compare` takes results of this kind. */
function isComparable(kind: DocumentKind): boolean {
  return ['client', 'rtt', 'search', 'saturate'].includes(kind);
}

/** What is safe in the name of a file everywhere. */
function fileWord(name: string): string {
  return name
    .replace(/\.json$/, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .slice(0, 100);
}

/** Rows in the order in which they first occur; what a run does not have is a dash. */
function figuresTable(columns: readonly Column[], hasTexts: boolean): Html {
  const labels = [...new Set(columns.flatMap(({ figures }) => figures.map(([label]) => label)))];
  const values = columns.map(({ figures }) => new Map(figures));
  const rows = labels.map((label) => [label, ...values.map((each) => each.get(label) ?? '-')]);
  const figures = table('Figures', [['figure', ...columns.map(({ name }) => name)], ...rows]);
  return hasTexts ? html`<div class="wide">${figures}</div> ` : figures;
}

function remarksSection(columns: readonly Column[]): Section {
  const remarks = columns.flatMap(({ name, remarks: own }) => own.map((remark) => `${name}: ${remark}`));
  return { id: 'remarks', title: 'Verdicts and findings', content: list(remarks) };
}

/** A key of the system or of the options, with the text of each run; null where it has none. */
interface Compared {
  readonly key: string;
  readonly values: readonly (string | null)[];
  readonly isSame: boolean;
}

function differencesOf(
  runs: readonly NamedDocument[],
  rowsOf: (document: Document) => readonly (readonly [string, string])[],
): Compared[] {
  const maps = runs.map(({ document }) => new Map(rowsOf(document)));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  return keys.map((key) => {
    const values = maps.map((map) => map.get(key) ?? null);
    return { key, values, isSame: values.every((value) => value === values[0]) };
  });
}

function differsTable(what: string, runs: readonly NamedDocument[], compared: readonly Compared[]): Html {
  const rows = compared
    .filter(({ isSame }) => !isSame)
    .map(({ key, values }) => [key, ...values.map((value) => value ?? '-')]);
  if (rows.length === 0) return html``;
  return html`<div class="wide">
    ${table(`${what}: what differs`, [[what.toLowerCase(), ...runs.map(({ name }) => name)], ...rows])}
  </div> `;
}

function sameHtml(what: string, compared: readonly Compared[]): Html {
  const rows = compared
    .filter(({ isSame }) => isSame)
    .map(({ key, values }): readonly [string, string] => [key, values[0] ?? '-']);
  return rows.length === 0 ? html`` : html`${paragraph(`${what}:`)}${pairs(rows)}`;
}
