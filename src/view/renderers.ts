/** How a document is shown. A format is a folder, `view/FORMAT/`, whose `index.ts` exports a renderer for each kind of document. */
import { FORMAT_NAMES, type FormatName } from '../document/formats.ts';
import { kindOf, type Document } from '../document/read.ts';
import { printable } from '../units/printable.ts';
import { PLAIN_LOOK, type Look, type NamedDocument, type Renderers } from './look.ts';

/** The formats that take a renderer: the text of stdout, and all but JSON, which is the document itself. */
export type Rendered = 'text' | Exclude<FormatName, 'json'>;

/** Returns a document in a format. JSON has two spaces of indent. Rejects with `TypeError` what is no document or no format. */
export async function render(document: Document, format: Rendered | 'json', look: Look = PLAIN_LOOK): Promise<string> {
  checkArguments(document, format);
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  // Found by its name, and loaded when it is asked for: a format is a folder and a row of `document/formats.ts`.
  const { renderers, takesOriginal } = (await import(`./${format}/index.ts`)) as FormatModule;
  // The kind of the document chooses the renderer that takes it.
  const renderer = renderers[kindOf(document)] as (document: Document, look: Look) => string;
  return renderer(takesOriginal === true ? document : withPrintableTexts(document), look);
}

/** The formats that show several documents of one kind side by side. */
export const SIDE_BY_SIDE_FORMATS: readonly FormatName[] = ['html'];

/** Returns several documents of one kind side by side. Their names are unique. */
export async function renderSideBySide(runs: readonly NamedDocument[], format: FormatName): Promise<string> {
  const { sideBySide } = (await import(`./${format}/index.ts`)) as FormatModule;
  if (sideBySide === undefined) throw new TypeError(`format: got ${format}, expected one that shows runs side by side`);
  return sideBySide(runs);
}

/** What the folder of a format exports. */
interface FormatModule {
  readonly renderers: Renderers;
  /** The renderers make texts printable themselves, because what they return holds the document as it was. */
  readonly takesOriginal?: true;
  /** Only there of `SIDE_BY_SIDE_FORMATS`. */
  readonly sideBySide?: (runs: readonly NamedDocument[]) => string;
}

/** A program in JavaScript can give anything, and the format becomes part of a path. */
function checkArguments(document: unknown, format: string): void {
  const formats: readonly string[] = ['text', ...FORMAT_NAMES];
  if (!formats.includes(format)) throw new TypeError(`format: got ${format}, expected one of ${formats.join(', ')}`);
  const schema = (document as { readonly schema?: unknown } | null | undefined)?.schema;
  if (typeof schema !== 'string') throw new TypeError('document: expected a result of conngen, which has a "schema"');
}

/** Returns the value with every text in it, keys too, made printable: a file may hold what a terminal would obey. */
function withPrintableTexts<T>(value: T): T {
  return printableCopy(value) as T;
}

function printableCopy(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (typeof value !== 'object' || value === null) return value;
  // Samples are many, and numbers.
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value : value.map(printableCopy);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [printable(key), printableCopy(each)]));
}
