/** How a document is shown: one row a format. A format is a folder that has one renderer for each kind of document. */
import type { FormatName } from '../document/formats.ts';
import { kindOf, type Document } from '../document/read.ts';
import { PLAIN_LOOK, type Look, type Renderers } from './look.ts';

/** The formats that take a renderer: the text of stdout, and all but JSON, which is the document itself. */
export type Rendered = 'text' | Exclude<FormatName, 'json'>;

/** Loaded when it is asked for: a run that prints text needs no other. */
const FORMATS: Readonly<Record<Rendered, () => Promise<Renderers>>> = {
  text: async () => (await import('./text/renderers.ts')).TEXT,
  markdown: async () => (await import('./markdown/renderers.ts')).MARKDOWN,
};

/** Returns a document in a format. JSON has two spaces of indent. */
export async function render(document: Document, format: Rendered | 'json', look: Look = PLAIN_LOOK): Promise<string> {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  const renderers = await FORMATS[format]();
  // The kind of the document chooses the renderer that takes it.
  const renderer = renderers[kindOf(document)] as (document: Document, look: Look) => string;
  return renderer(document, look);
}
