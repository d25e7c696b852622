/** Texts of other people (what a user typed, what a file or the environment holds) on their way to a terminal or a log. */

/** Control and format characters (the latter turn the direction of writing, or are invisible), line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * `text` on one line, with everything in it escaped that a terminal would obey or hide: `\n`, `\u001b`. Escapes are those of JSON,
 * so JSON stays the same value. What is longer than `limit` characters is cut, and `…` says so.
 */
export function printable(text: string, limit = Infinity): string {
  const shown = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return shown.replace(UNPRINTABLE, (character) => SHORT[character] ?? escaped(character));
}

/** Makes a text printable like `printable`, but keeps its line breaks. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
