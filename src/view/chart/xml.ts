/** Elements as text. Everything that comes from outside is escaped here and nowhere else. */

export type Attributes = Readonly<Record<string, string | number>>;

/** Characters that XML 1.0 allows nowhere, not even escaped (2.2, Char), and their replacement. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it may stand in an element or in a quoted attribute. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(CONTROLS, '\ufffd')
    .replaceAll(LONE_SURROGATES, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!);
}

/** `content` is made of elements, or of text that was escaped. */
export function element(name: string, attributes: Attributes, content: string | readonly string[] = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(shortened(value))}"`);
  const inner = typeof content === 'string' ? content : content.join('\n');
  return inner === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${inner}</${name}>`;
}

export function textElement(attributes: Attributes, text: string): string {
  return element('text', attributes, escapeXml(text));
}

/** A hundredth of a pixel is finer than anyone sees. */
function shortened(value: string | number): string {
  return typeof value === 'string' ? value : String(Math.round(value * 100) / 100);
}
