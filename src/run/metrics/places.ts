/** Where metrics go, as a user asks for it. */

/** Where scrapes are answered. */
export interface ListenPlace {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A header of a request. */
export interface Header {
  readonly name: string;
  readonly value: string;
}

/** The path of metrics in OTLP over HTTP. */
const METRICS_PATH = '/v1/metrics';

/** What metrics are posted to: `v1/metrics` below a base URL; a URL that ends so is taken as it is. */
export function otlpEndpoint(url: URL): URL {
  const endpoint = new URL(url);
  const path = url.pathname.replace(/\/+$/, '');
  endpoint.pathname = path.endsWith(METRICS_PATH) ? path : `${path}${METRICS_PATH}`;
  return endpoint;
}

/** A URL for people, without the name and the password in it. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  return shown.href;
}

/** Fewer characters than this occur in any text, and are no secret. */
const SECRET_CHARACTERS_MIN = 4;

/** The secrets that a collector may repeat in its answer: the values of headers, and the user name, password and query of its URL. */
export function secretsOf(url: URL, headers: readonly Header[]): string[] {
  const values = headers.flatMap(({ value }) => [value, ...value.split(/[\s,;]+/).slice(1)]);
  const parts = [url.username, url.password, ...url.searchParams.values(), url.search.slice(1)];
  return [...values, ...parts, ...parts.map(decoded)]
    .filter((secret) => secret.length >= SECRET_CHARACTERS_MIN)
    .toSorted((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
