/** How messages show values that may hold a secret: a header, a URL with a password, the value of an option that does not exist. */

/** Stands for what is not shown. */
export const HIDDEN = '…';

/** A name of a header as people write one, and what ends it. A token of letters and digits, with `=` as padding, is none. */
const HEADER_NAME = /^\s*([A-Za-z][A-Za-z-]{0,39})\s*([=:])(?!=?\s*$)/;

/** Returns the name of the header and what ends it; nothing of the value, and nothing at all where no name is recognised. */
export function shownHeader(text: string): string {
  const match = HEADER_NAME.exec(text);
  return match === null ? HIDDEN : `${match[1]!}${match[2]!}${HIDDEN}`;
}

/** Returns a URL without the name and the password, the query and the fragment in it. */
export function shownAddress(text: string): string {
  // The last `@`: a password that is not escaped may hold others, and `/`, `?` and `#`.
  const at = text.lastIndexOf('@');
  const scheme = /^\s*[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? '';
  const bare = at === -1 ? text : `${scheme}${HIDDEN}${text.slice(at)}`;
  return bare.replace(/([?#]).*$/s, `$1${HIDDEN}`);
}

/** A list of `HOST:PORT`, with nothing in it that could be a password. */
const SERVERS = /^[\w.-]*(?::\d{0,5})?$|^\[[\da-f:.]*\](?::\d{0,5})?$/i;

/** Returns NATS servers without the users, the passwords and the tokens in them; nothing of what may be a password without its host. */
export function shownServers(text: string): string {
  if (text.includes('@')) return shownAddress(text);
  const places = text.split(',').map((piece) =>
    piece
      .trim()
      .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
      .replace(/\/$/, ''),
  );
  return places.every((place) => SERVERS.test(place)) ? text : HIDDEN;
}

/** Options of other tools, and misspelt ones of ours, that take a header, a token or a password. */
const SECRET_NAME = /^[Hu]$|head|auth|token|secret|passw|key|cookie|credential|bearer|otlp-/i;
/** Values that say what they are, and longer ones with the separator of a header or of a name and a password. */
const SECRET_VALUE = /bearer|basic|authorization|token|secret|passw|api-?key|cookie|@|[=:].*[^\d\s].{6}/is;

/** Whether an option of this name, which does not exist, may be meant to hold a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A header that ends where its value should begin, or after the word that says how it is to be read. */
const CUT_OFF = /^\s*[A-Za-z-]+\s*[=:]\s*(?:bearer|basic|digest|token|api-?key)?\s*$/i;

/** Returns the option of a command line that may hold a secret, and whether the shell has split its value; without quotes it does. */
export function secretFlag(
  flags: ReadonlyMap<string, readonly string[]>,
): { readonly flag: string; readonly isCut: boolean } | undefined {
  for (const [name, texts] of flags) {
    if (!isSecretName(name)) continue;
    return { flag: name.length === 1 ? `-${name}` : `--${name}`, isCut: texts.some((text) => CUT_OFF.test(text)) };
  }
  return undefined;
}

/** Returns the value of an option that does not exist, unless it may be a secret. */
export function shownUnknown(name: string, text: string): string {
  return isSecretName(name) || SECRET_VALUE.test(text) ? HIDDEN : text;
}
