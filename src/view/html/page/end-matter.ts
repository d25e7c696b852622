/** What every page ends with: the machine, the options, the command that repeats it, the result itself. */
import { repetitionOf } from '../../../options/repetition.ts';
import type { Document } from '../../../document/read.ts';
import { kindOf } from '../../../document/read.ts';
import { facts, list, listing, pairs, paragraph } from './blocks.ts';
import { PAGE_IDS } from '../chart/spec.ts';
import type { Section } from './page.ts';
import { html, type Html } from './template.ts';

/** The sections at the end of the page of one document. */
export function endMatter(document: Document): Section[] {
  return [
    { id: 'system', title: 'System', content: systemHtml(document) },
    { id: 'repeat', title: 'Run it again', content: repeatHtml(document) },
    { id: 'options', title: 'Options as they took effect', content: pairs(optionRows(document)) },
    downloadSection(1),
  ];
}

/** Where the script of the page puts the buttons that save results. */
export function downloadSection(count: number): Section {
  const [what, each] = count === 1 ? ['The result', ''] : ['Each result', ' each'];
  const content = html`${paragraph(`${what} is in this page as JSON, as --json writes it.`)}
    <div id="${PAGE_IDS.downloads}"></div>
    <noscript>${paragraph(`With JavaScript there is a button${each} here that saves it as a file.`)}</noscript> `;
  return { id: 'json', title: count === 1 ? 'The result as JSON' : 'The results as JSON', content };
}

/** The name of the file that a document is saved as. */
export function downloadOf(document: Document): { readonly file: string; readonly document: unknown } {
  const at = document.started_at.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 19);
  return { file: `conngen-${kindOf(document)}-${at}.json`, document };
}

/** The machine and the versions, by name, as texts. */
export function systemRows(document: Document): (readonly [name: string, value: string])[] {
  const { conngen, started_at: startedAt, system } = document;
  return [
    ['conngen', conngen],
    ['started', startedAt],
    ...Object.entries(system).flatMap(([name, value]): (readonly [string, string])[] => leavesOf(name, value)),
  ];
}

function systemHtml(document: Document): Html {
  return facts(systemRows(document));
}

/** The options by their key in the result, as texts. */
export function optionRows(document: Document): (readonly [name: string, value: string])[] {
  const options = 'config' in document ? document.config : 'plan' in document ? document.plan : {};
  return Object.entries(options).map(([name, value]): readonly [string, string] => [name, optionText(value)]);
}

/** A value as people write it: a list with commas, and a dash for none. */
function optionText(value: unknown): string {
  if (value === null) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(optionText).join(', ');
  return textOf(value);
}

/** A value, or one for each key of an object: `packet.driver`. */
function leavesOf(name: string, value: unknown): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  if (Array.isArray(value)) return value.map((each, index) => [index === 0 ? name : '', textOf(each)]);
  return Object.entries(value).flatMap(([key, each]) => leavesOf(`${name}.${key}`, each));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function repeatHtml(document: Document): Html {
  const repetition = repetitionOf(document);
  if (repetition === null) return html``;
  const { command, notes } = repetition;
  return html`${listing('Command', command)}${list(notes)}`;
}
