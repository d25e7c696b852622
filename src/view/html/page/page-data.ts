/** The data of a page, as the text of its `<script type="application/json">`. */
import { gzipSync } from 'node:zlib';
import { printable } from '../../../units/printable.ts';
import type { PageData } from '../chart/spec.ts';
import { packLists, type Json } from './packed-lists.ts';

/** From this length on the JSON is compressed: the seconds of ten minutes are half a megabyte. */
const PLAIN_MAX_CHARACTERS = 64 * 1024;
/** Returns JSON that ends no script and hides no character. */
export function pageDataText({ charts, downloads }: PageData): string {
  // The lists of charts are often those of a document without its last figure: the document comes first.
  const json = JSON.stringify({ downloads, charts });
  if (json.length <= PLAIN_MAX_CHARACTERS) return embeddable(json);
  // Parsed again: what JSON leaves out is left out.
  const packed = JSON.stringify(packLists(JSON.parse(json) as Json));
  return embeddable(JSON.stringify({ gzip: gzipSync(packed, { level: 9 }).toString('base64') }));
}

/** `<` could end the element or begin a comment in it. Escapes of JSON leave the value the same. */
function embeddable(json: string): string {
  return printable(json).replaceAll('<', '\\u003c');
}
