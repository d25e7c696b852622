/** Posts metrics to a collector once a second. One that is slow, broken or gone costs the run nothing but a warning. */
import type { Agent as HttpAgent, IncomingMessage, request as httpRequest } from 'node:http';
import { formatCount, formatCountOf } from '../../units/format.ts';
import { printable } from '../../units/printable.ts';
import { codeOf } from '../../units/problem.ts';
import { networkErrorText } from './network-error.ts';
import { secretsOf, shownUrl, type Header } from './places.ts';

/** How long a collector may take to answer while the run goes on. Until it does, nothing else is sent. */
const ANSWER_MS = 10_000;
/** How long the last request may delay the end of the run. */
const LAST_ANSWER_MS = 2000;
/** What is read of an answer, which says nothing or a sentence. */
const ANSWER_BYTES_MAX = 65_536;
const WARN_AGAIN_MS = 300_000;
const RETRY_AFTER_MAX_SEC = 3600;
const SHOWN_CHARACTERS = 200;

/** The functions of node:http or node:https, whichever the URL needs. */
export interface HttpClient {
  readonly request: typeof httpRequest;
  readonly Agent: new (options: { keepAlive: boolean; maxSockets: number }) => HttpAgent;
}

export interface SenderSetup {
  readonly endpoint: URL;
  readonly headers: readonly Header[];
  readonly client: HttpClient;
  /** Makes the body of a request, with all that was counted up to now. */
  readonly body: () => string;
  readonly warn: (message: string) => void;
  /** Now, in milliseconds of a clock that is never set. */
  readonly nowMs?: () => number;
}

/** What a collector answered, as far as it matters. */
interface Answer {
  /** Null where all was taken. */
  readonly problem: string | null;
  /** How long the collector wants to be left alone. */
  readonly retryAfterSec: number;
}

export class OtlpSender {
  readonly #setup: SenderSetup;
  readonly #nowMs: () => number;
  readonly #agent: HttpAgent;
  #abort: AbortController | null = null;
  #cutOff: AbortController | null = null;
  #underWay: Promise<void> = Promise.resolve();
  #isClosing = false;
  #sent = 0;
  #failed = 0;
  #untold = 0;
  #problem = '';
  #warnedMs = -Infinity;
  #notBeforeMs = -Infinity;

  constructor(setup: SenderSetup) {
    this.#setup = setup;
    this.#nowMs = setup.nowMs ?? ((): number => performance.now());
    this.#agent = new setup.client.Agent({ keepAlive: true, maxSockets: 1 });
  }

  /**
   * Sends what there is, unless the collector has not yet answered the request before or asked to be left alone: sums are since the start, so
   * a later request makes up for it.
   */
  send(): void {
    if (this.#abort !== null || this.#nowMs() < this.#notBeforeMs) return;
    this.#underWay = this.#post(ANSWER_MS);
  }

  /** Sends once more, for at most 2 s, and says how many requests failed since the last warning. */
  async close(): Promise<void> {
    this.#cutOff = this.#abort;
    this.#cutOff?.abort();
    await this.#underWay;
    this.#isClosing = true;
    await this.#post(LAST_ANSWER_MS);
    if (this.#untold > 0) {
      const sent = formatCountOf(this.#sent, 'request');
      this.#warn(`${formatCount(this.#failed)} of ${sent} failed, the last: ${this.#problem}`);
    }
    this.#agent.destroy();
  }

  /** Never rejects. */
  async #post(limitMs: number): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#sent += 1;
    const timer = setTimeout(() => abort.abort(), limitMs);
    try {
      const { problem, retryAfterSec } = await this.#answer(this.#setup.body(), abort.signal);
      if (retryAfterSec > 0) this.#notBeforeMs = this.#nowMs() + retryAfterSec * 1e3;
      if (problem !== null) this.#fail(problem);
    } catch (error) {
      // What the end of the run cuts off is sent once more.
      if (abort === this.#cutOff) {
        this.#sent -= 1;
        return;
      }
      this.#fail(abort.signal.aborted ? `no answer within ${limitMs / 1e3} s` : networkErrorText(error));
    } finally {
      clearTimeout(timer);
      this.#abort = null;
    }
  }

  #answer(body: string, signal: AbortSignal): Promise<Answer> {
    const { endpoint, headers, client } = this.#setup;
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(body);
      const request = client.request(endpoint, {
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: {
          ...Object.fromEntries(headers.map(({ name, value }) => [name, value])),
          'Content-Type': 'application/json',
          'Content-Length': bytes.length,
        },
      });
      request.once('error', (error) => {
        // A collector may close a connection that it kept open, at the moment at which it is used again.
        if (request.reusedSocket && codeOf(error) === 'ECONNRESET') this.#answer(body, signal).then(resolve, reject);
        else reject(error);
      });
      request.once('response', (response) => {
        answerOf(response, (text) => this.#withoutSecrets(text)).then(resolve, reject);
      });
      request.end(bytes);
    });
  }

  /** Collectors may repeat in an answer what they were sent. */
  #withoutSecrets(text: string): string {
    const { endpoint, headers } = this.#setup;
    return secretsOf(endpoint, headers).reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
  }

  #fail(problem: string): void {
    this.#failed += 1;
    this.#untold += 1;
    this.#problem = problem;
    // The last one is told with the number of all.
    if (this.#isClosing || this.#nowMs() - this.#warnedMs < WARN_AGAIN_MS) return;
    const since = this.#untold > 1 ? ` (${this.#untold} requests since the last warning)` : '';
    this.#warn(`${problem}${since}; the run goes on without them`);
  }

  #warn(text: string): void {
    this.#warnedMs = this.#nowMs();
    this.#untold = 0;
    this.#setup.warn(`metrics did not reach ${printable(shownUrl(this.#setup.endpoint))}: ${text}`);
  }
}

async function answerOf(response: IncomingMessage, withoutSecrets: (text: string) => string): Promise<Answer> {
  const { statusCode = 0, headers } = response;
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > ANSWER_BYTES_MAX) break;
  }
  const wait = Number(headers['retry-after'] ?? 0);
  const retryAfterSec = wait > 0 ? Math.min(wait, RETRY_AFTER_MAX_SEC) : 0;
  const location = headers.location === undefined ? undefined : withoutSecrets(headers.location);
  return { problem: problemOf(statusCode, location, withoutSecrets(text)), retryAfterSec };
}

function problemOf(status: number, location: string | undefined, text: string): string | null {
  if (status >= 200 && status < 300) return rejectedOf(text);
  const shown = printable(text.trim(), SHOWN_CHARACTERS);
  if (status >= 300 && status < 400 && location !== undefined)
    return `it answers ${status} and points to ${printable(location, SHOWN_CHARACTERS)}, which conngen does not follow: give that URL`;
  return `it answers ${status}${shown === '' ? '' : `: ${shown}`}`;
}

/** A collector may take a part, and says so in an answer of 200. */
function rejectedOf(text: string): string | null {
  try {
    const { partialSuccess } = JSON.parse(text) as {
      partialSuccess?: { rejectedDataPoints?: string | number; errorMessage?: string };
    };
    const rejected = Number(partialSuccess?.rejectedDataPoints ?? 0);
    if (!(rejected > 0)) return null;
    return `it refused ${rejected} points: ${printable(partialSuccess?.errorMessage ?? '', SHOWN_CHARACTERS)}`;
  } catch {
    // An empty answer, or one in another format: all was taken.
    return null;
  }
}
