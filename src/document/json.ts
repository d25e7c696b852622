/** Parses JSON of unknown origin, or finds the place where it stops being JSON. */

/** What a text holds, or what is wrong with it as JSON: a clause such as "it is cut off after 12 bytes". */
export type ParsedJson = { readonly value: unknown } | { readonly problem: string };

export function parseJson(text: string): ParsedJson {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: problemOf(text) };
  }
}

// The messages of V8 name a position in some cases only, and differ from version to version.
function problemOf(text: string): string {
  if (text.trim() === '') return 'it is empty';
  const at = faultAt(text);
  if (at >= text.trimEnd().length) return `it is cut off after ${Buffer.byteLength(text).toLocaleString('en')} bytes`;
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
  return `it is not JSON: unexpected ${found} at line ${line}, column ${column}`;
}

/** What may come next. */
type Next = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing';

/** Returns the offset of the first character that cannot stand there; the length of the text where more would have to follow. */
function faultAt(text: string): number {
  const open: ('{' | '[')[] = [];
  let next: Next = 'value';
  let at = 0;
  const afterValue = (): Next => (open.length === 0 ? 'nothing' : 'comma or end');
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
    const found = text[at];
    if (found === undefined || next === 'nothing') return at;
    const closes = found === '}' ? '{' : found === ']' ? '[' : null;
    if (closes !== null) {
      if (!next.endsWith('or end') || open.pop() !== closes) return at;
      at++;
      next = afterValue();
    } else if (next === 'comma or end') {
      if (found !== ',') return at;
      at++;
      next = open.at(-1) === '{' ? 'key' : 'value';
    } else if (next === 'colon') {
      if (found !== ':') return at;
      at++;
      next = 'value';
    } else if (next.startsWith('key')) {
      const end = scalarEnd(text, at);
      if (found !== '"' || end < 0) return found === '"' ? -end - 1 : at;
      at = end;
      next = 'colon';
    } else if (found === '{' || found === '[') {
      open.push(found);
      at++;
      next = found === '{' ? 'key or end' : 'value or end';
    } else {
      const end = scalarEnd(text, at);
      if (end < 0) return -end - 1;
      at = end;
      next = afterValue();
    }
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = ['true', 'false', 'null'] as const;

/** Returns the offset after the text, number or word at `at`; where it is none, the offset of its fault as `-fault - 1`. */
function scalarEnd(text: string, at: number): number {
  if (text[at] === '"') return stringEnd(text, at + 1);
  for (const word of WORDS) {
    if (text[at] !== word[0]) continue;
    let length = 1;
    while (length < word.length && text[at + length] === word[length]) length++;
    return length === word.length ? at + length : -(at + length) - 1;
  }
  NUMBER.lastIndex = at;
  const digits = NUMBER.exec(text)?.[0].length ?? 0;
  if (digits > 0) return at + digits;
  return text[at] === '-' ? -(at + 1) - 1 : -at - 1;
}

const ESCAPES = '"\\/bfnrtu';

function stringEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const found = text[at]!;
    if (found === '"') return at + 1;
    if (found < ' ') return -at - 1;
    if (found !== '\\') continue;
    at++;
    if (at < text.length && !ESCAPES.includes(text[at]!)) return -at - 1;
  }
  return -text.length - 1;
}
