/** The frame of every page: one file that loads nothing, and that runs nothing but what it brought. */
import { createHash } from 'node:crypto';
import { PAGE_IDS } from '../chart/spec.ts';
import { unbroken } from '../../layout.ts';
import { chartStyles } from '../chart/styles.ts';
import { pageDataText } from './page-data.ts';
import { pageStyles } from './page-styles.ts';
import { pageScripts } from './script.ts';
import { Html, html, joined } from './template.ts';

/** A part of a page with a heading. */
export interface Section {
  /** Unique in the page: a letter, then letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly content: Html;
  readonly sections?: readonly Section[];
}

/** How good the news is. */
export type Mood = 'good' | 'warning' | 'bad' | 'neutral';

export interface Page {
  readonly title: string;
  /** When, where and with what it was measured: a line each. */
  readonly details: readonly string[];
  /** The answer, in a sentence, and what qualifies it. */
  readonly lead: { readonly mood: Mood; readonly sentence: string; readonly rest?: Html };
  readonly sections: readonly Section[];
  /** The documents as they were, with the names of the files that they are saved as. */
  readonly downloads: readonly { readonly file: string; readonly document: unknown }[];
}

/** Returns a whole page, with a newline at its end. */
export function page({ title, details, lead, sections, downloads }: Page): string {
  const shown = sections.filter(hasContent);
  const body = html`<a class="skip" href="#main">Skip to the result</a>
    <header>
      <p class="brand">conngen</p>
      <div id="${PAGE_IDS.tools}"></div>
      <h1>${title}</h1>
      ${details.map((line) => html`<p class="details">${line}</p> `)}
    </header>
    <main id="main" tabindex="-1">
      <div class="lead ${lead.mood}">${verdictHtml(lead.sentence)}${lead.rest ?? null}</div>
      ${contents(shown)}${shown.map((section) => sectionHtml(section, 2))}
    </main> `;
  const data = pageDataText({ charts: body.charts, downloads });
  return document(title, body.text, data);
}

/** The first of several sentences stands out. */
const FIRST_SENTENCE = /^(.{20,}?[.:]) (?=[A-Z])(.+)$/;

function verdictHtml(sentence: string): Html {
  const text = unbroken(sentence);
  const [, first = text, rest] = FIRST_SENTENCE.exec(text) ?? [];
  return html`<p class="verdict">${first}</p>
    ${rest === undefined ? null : html`<p>${rest}</p> `}`;
}

function hasContent({ content, sections = [] }: Section): boolean {
  return content.text.trim() !== '' || sections.some(hasContent);
}

function contents(sections: readonly Section[]): Html {
  const links = sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li> `);
  return html`<nav aria-label="Contents">
    <ul>
      ${links}
    </ul>
  </nav> `;
}

function sectionHtml({ id, title, content, sections = [] }: Section, level: 2 | 3 | 4): Html {
  const heading = { 2: html`<h2>${title}</h2>`, 3: html`<h3>${title}</h3>`, 4: html`<h4>${title}</h4>` }[level];
  const below = level === 2 ? 3 : 4;
  return html`<section id="${id}">
    ${heading} ${content}${joined(sections.filter(hasContent).map((each) => sectionHtml(each, below)))}
  </section> `;
}

/** A source of CSP: the hash of the text between the tags. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function document(title: string, body: string, data: string): string {
  const styles = [pageStyles(), chartStyles()].filter((text) => text !== '');
  const scripts = pageScripts();
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.map(hashOf).join(' ')}`,
    `style-src ${styles.map(hashOf).join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const head = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Html(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
      </head>
    </html> `;
  return [
    head.text,
    ...styles.map((text) => `<style>${text}</style>\n`),
    '</head>\n<body>\n',
    body,
    `<script type="application/json" id="${PAGE_IDS.data}">${data}</script>\n`,
    ...scripts.map((text) => `<script>${text}</script>\n`),
    '</body>\n</html>\n',
  ].join('');
}
