/** Answers scrapes over HTTP. It lives on the main thread, and its answer is made at most once for each second of the run. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CONTENT_TYPES, exposition, formatFor, type TextFormat } from './exposition.ts';
import type { ListenPlace } from './places.ts';
import type { RunMetrics } from './run-metrics.ts';

const PATH = '/metrics';
/** Further connections are closed immediately. */
const CONNECTIONS_MAX = 64;
/** How long a request may take to arrive, and a connection to take what is sent to it. */
const REQUEST_MS = 5000;
const HEADER_BYTES_MAX = 16_384;
/** A little longer than the usual time between two scrapes, 15 s. */
const KEEP_ALIVE_MS = 20_000;
/** How long an answer that is being sent may delay the end of the run. */
const CLOSE_MS = 250;

/** A port that was taken for scrapes. */
export interface ScrapeServer {
  /** What to scrape: `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  /** Accepts no more, and ends what is open. */
  close(): Promise<void>;
}

/** Takes the port; rejects with the system's error where it cannot. Until the run tells something, a scrape is empty. */
export async function listenForScrapes({ host, port }: ListenPlace, metrics: RunMetrics): Promise<ScrapeServer> {
  const bodies = new Bodies(metrics);
  const server = createServer(
    {
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => answer(request, response, bodies),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', () => undefined);
  // A run that is over is not kept from ending.
  server.unref();
  const { address, port: bound } = server.address() as { address: string; port: number };
  const shown = address.includes(':') ? `[${address}]` : address;
  return { url: `http://${shown}:${bound}${PATH}`, close: () => closed(server) };
}

/** The text of a scrape in each format, as of the last event. */
class Bodies {
  readonly #metrics: RunMetrics;
  readonly #made = new Map<TextFormat, { readonly revision: number; readonly body: Buffer }>();

  constructor(metrics: RunMetrics) {
    this.#metrics = metrics;
  }

  body(format: TextFormat): Buffer {
    const { revision } = this.#metrics;
    const made = this.#made.get(format);
    if (made?.revision === revision) return made.body;
    const body = Buffer.from(exposition(this.#metrics.families(), format));
    this.#made.set(format, { revision, body });
    return body;
  }
}

function answer(request: IncomingMessage, response: ServerResponse, bodies: Bodies): void {
  response.setTimeout(REQUEST_MS, () => request.socket.destroy());
  const [path] = (request.url ?? '').split('?');
  if (path !== PATH) {
    refuse(response, 404, `Not found. The metrics are at ${PATH}.`);
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    refuse(response, 405, 'Only GET and HEAD are answered.');
    return;
  }
  const format = formatFor(request.headers.accept);
  const body = bodies.body(format);
  response.writeHead(200, { 'Content-Type': CONTENT_TYPES[format], 'Content-Length': body.length });
  // Node leaves the body of an answer to HEAD out.
  response.end(body);
}

/** Refuses and closes: what else the request sends is not read. */
function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${text}\n`);
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const end = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(end);
}
