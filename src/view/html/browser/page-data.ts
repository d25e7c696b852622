/** The data of the page. */
import { PAGE_IDS, type PageData } from '../chart/spec.ts';
import { unpackLists, type Packed } from '../page/packed-lists.ts';

/** Returns what the page holds as JSON. Rejects where the browser cannot unpack it. */
export async function readPageData(): Promise<PageData> {
  const text = document.getElementById(PAGE_IDS.data)?.textContent ?? '';
  const held = JSON.parse(text) as PageData | { readonly gzip: string };
  if (!('gzip' in held)) return held;
  const bytes = Uint8Array.from(atob(held.gzip), (character) => character.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const packed = JSON.parse(await new Response(unpacked).text()) as Packed;
  return unpackLists(packed) as unknown as PageData;
}
