/** HTML pages, parsed as strictly as the standard allows. */
import { gunzipSync } from 'node:zlib';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import type { PageData } from '../../src/view/html/chart/spec.ts';
import { unpackLists, type Packed } from '../../src/view/html/page/packed-lists.ts';

type Node = DefaultTreeAdapterTypes.Node;
export type Element = DefaultTreeAdapterTypes.Element;

export interface ParsedPage {
  /** What a strict parser objects to; empty where there is nothing. */
  readonly errors: readonly string[];
  /** Every element, in the order of the page. */
  readonly elements: readonly Element[];
  /** What the page has as its data. */
  readonly data: PageData;
}

/** Parses a page. Scripts are taken for off, as for a reader who allows none, so that `<noscript>` has elements. */
export function parsePage(html: string): ParsedPage {
  const errors: string[] = [];
  const root = parse(html, {
    sourceCodeLocationInfo: true,
    scriptingEnabled: false,
    onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`),
  });
  const elements = elementsIn(root);
  const data = elements.find((element) => attribute(element, 'type') === 'application/json');
  return { errors, elements, data: dataOf(data === undefined ? '' : textOf(data)) };
}

function dataOf(text: string): PageData {
  const held = JSON.parse(text) as PageData | { readonly gzip: string };
  if (!('gzip' in held)) return held;
  const packed = JSON.parse(gunzipSync(Buffer.from(held.gzip, 'base64')).toString()) as Packed;
  return unpackLists(packed) as unknown as PageData;
}

export function elementsIn(node: Node): Element[] {
  const own = 'tagName' in node ? [node] : [];
  return 'childNodes' in node ? [...own, ...node.childNodes.flatMap(elementsIn)] : own;
}

export function textOf(node: Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((each) => each.name === name)?.value;
}

export function named(page: ParsedPage, ...names: readonly string[]): Element[] {
  return page.elements.filter(({ tagName }) => names.includes(tagName));
}
