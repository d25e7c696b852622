/** A text as one word of a shell. */
import { printable } from '../units/printable.ts';

/** What needs no quotes anywhere in a word; `~` and `=` only matter at its beginning. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./~-]*$/;

/** Returns the word with quotes where it needs them. What cannot be seen is escaped in `$'…'`, which bash, zsh and POSIX.1-2024 read. */
export function shellWord(text: string): string {
  if (PLAIN.test(text)) return text;
  if (printable(text) === text) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${Array.from(text, escaped).join('')}'`;
}

function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  if (printable(character) === character) return character;
  const code = character.codePointAt(0)!;
  return code < 0x80 ? `\\x${hex(code, 2)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
