/** Parsers of the options that say where metrics go. */
import { parseHost } from '../plan/address/address.ts';
import type { Header, ListenPlace } from '../run/metrics/places.ts';
import { accept, refuse, type Parsed } from '../units/problem.ts';
import { PORT_MAX } from '../units/quantity.ts';

/** Where nothing else is said: metrics are for this machine, and a foreign interface must be asked for. */
const DEFAULT_HOST = '127.0.0.1';

const EXPECTED_PLACE =
  ':PORT for this machine alone, or HOST:PORT with an address of this machine, such as 0.0.0.0:9464';

/** `9464` and `:9464` listen on 127.0.0.1; `10.0.0.5:9464`, `[::1]:9464`, `localhost:9464`. Port 0 takes any that is free. */
export function parseListenPlace(text: string): Parsed<ListenPlace> {
  const match = /^(?:(\[[^\]]*\]|[^:]*):)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[2] ?? Number.NaN);
  if (match === null || port > PORT_MAX) return refuse(EXPECTED_PLACE);
  const host = match[1] ?? '';
  if (host === '') return accept({ host: DEFAULT_HOST, port });
  const parsed = parseHost(host);
  return parsed.ok ? accept({ host: parsed.value, port }) : refuse(EXPECTED_PLACE);
}

/** The base URL of an OTLP receiver, or the whole of it. */
export function parseOtlpUrl(text: string): Parsed<URL> {
  const trimmed = text.trim();
  const expected = 'a URL that begins with http:// or https://, such as http://127.0.0.1:4318';
  if (!/^https?:\/\//i.test(trimmed) || !URL.canParse(trimmed)) return refuse(expected);
  const url = new URL(trimmed);
  if (url.port === '0') return refuse(`${expected}; port 0 is none`);
  return accept(url);
}

/** The characters of a header's name (RFC 9110, section 5.1) and of its value (section 5.5). */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=([\t\u0020-\u007e\u0080-\u00ff]*)$/;

/** The connection and the length of what is sent are not up to the user. */
const OWN_HEADERS = ['connection', 'content-length', 'content-type', 'expect', 'host', 'transfer-encoding', 'upgrade'];

/** `NAME=VALUE`. */
export function parseHeader(text: string): Parsed<Header> {
  const match = HEADER.exec(text.trim());
  if (match === null)
    return refuse(
      "NAME=VALUE of a header, with = after the name and not a colon, such as 'Authorization=Bearer TOKEN'",
    );
  const [, name = '', value = ''] = match;
  if (OWN_HEADERS.includes(name.toLowerCase())) return refuse(`another header: conngen sets ${name} itself`);
  return accept({ name, value: value.trim() });
}
