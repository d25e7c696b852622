/** HTML as text. Every value that a template takes is made printable and escaped here, so that no place can forget it. */
import { printable } from '../../../units/printable.ts';
import type { ChartSpec } from '../chart/spec.ts';

/** HTML that was made by a template, and the charts in it. */
export class Html {
  readonly text: string;
  readonly charts: readonly ChartSpec[];

  constructor(text: string, charts: readonly ChartSpec[] = []) {
    this.text = text;
    this.charts = charts;
  }
}

/** What a template takes: HTML as it is, text and numbers escaped, lists one after the other, and nothing for null. */
export type HtmlValue = Html | string | number | null | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** `` html`<p>${text}</p>` ``. A value that stands in an attribute needs quotes around it in the template. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const texts: string[] = [];
  const charts: ChartSpec[] = [];
  parts.forEach((part, index) => {
    texts.push(part);
    const value = values[index];
    if (value !== undefined) write(value, texts, charts);
  });
  return new Html(texts.join(''), charts);
}

/** Several pieces one after the other. */
export function joined(pieces: readonly HtmlValue[]): Html {
  return html`${pieces}`;
}

function write(value: HtmlValue, texts: string[], charts: ChartSpec[]): void {
  if (value === null) return;
  if (value instanceof Html) {
    texts.push(value.text);
    charts.push(...value.charts);
  } else if (typeof value === 'object') {
    for (const each of value) write(each, texts, charts);
  } else {
    texts.push(escapeHtml(String(value)));
  }
}
