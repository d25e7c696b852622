import { HeadPlaces, type HeadPlacesOptions } from './head-places.ts';
import { ERROR_STATUS_MIN, RESPONSES } from '../../count/load.ts';
import type { AnswerPlan } from '../../plan/plan.ts';
import { PrefixMatcher } from './prefix-matcher.ts';
import type { ReceivedBytes, Settling } from './received-bytes.ts';
import { StatusReader } from './status-reader.ts';

export interface Expectation {
  readonly statuses: AnswerPlan['statuses'];
  readonly prefix: Uint8Array | null;
}

/**
 * What the beginnings of one worker's responses say: the HTTP status, and whether they are as expected. Only there where a plan asks
 * for it.
 */
export class ResponseHeads implements Settling {
  /** The places that the engine writes to; undefined where the bytes come elsewhere. */
  readonly places: HeadPlaces | undefined;
  readonly #received: ReceivedBytes;
  readonly #status: StatusReader;
  /** Undefined where nothing is expected of the first bytes. */
  readonly #prefix: PrefixMatcher | undefined;
  /** The user said nothing of which responses are good. */
  readonly #expectsNothing: boolean;
  /** For each number that a response counts as: 1 where it is expected. */
  readonly #isExpected: Uint8Array = new Uint8Array(RESPONSES).fill(1);

  /** `received`: where the bytes come, if something else than this wants them too. */
  constructor(options: HeadPlacesOptions, { statuses, prefix }: Expectation, received: ReceivedBytes | undefined) {
    this.#status = new StatusReader(options.capacity);
    this.#expectsNothing = statuses === null && prefix === null;
    if (statuses !== null) this.#isExpected = tableOf(statuses);
    if (prefix !== null) this.#prefix = new PrefixMatcher(prefix, options.capacity);
    this.places = received === undefined ? new HeadPlaces(this, options) : undefined;
    this.#received = received ?? this.places!;
  }

  /** The slot's next response is another. */
  begin(slot: number): void {
    this.#status.begin(slot);
    if (this.#prefix !== undefined) this.#prefix.begin(slot);
  }

  /** `bytes` more of the slot's response came. */
  received(slot: number, bytes: number): void {
    if (this.isSettled(slot)) return;
    const from = this.#received.offsetOf(slot);
    const view = this.#received.bytesOf(slot);
    this.#status.read(slot, view, from, from + bytes);
    if (this.#prefix !== undefined) this.#prefix.read(slot, view, from, from + bytes);
  }

  /** Whether more bytes would change nothing. */
  isSettled(slot: number): boolean {
    return this.#status.isSettled(slot) && (this.#prefix === undefined || this.#prefix.isSettled(slot));
  }

  /** What the recorder counts the response as: its status, `NOT_HTTP` or `NO_RESPONSE`. */
  indexOf(slot: number): number {
    return this.#status.indexOf(slot);
  }

  /** Whether what has come of the response is what the user expects. */
  isExpected(slot: number): boolean {
    return this.#isExpected[this.indexOf(slot)] === 1 && (this.#prefix === undefined || this.#prefix.isMatch(slot));
  }

  /** Whether the status is an error's, 4xx or 5xx, and the user did not say which are good. */
  isError(slot: number): boolean {
    return this.#expectsNothing && this.indexOf(slot) >= ERROR_STATUS_MIN;
  }

  /** When the engine is disposed of. */
  dispose(): void {
    this.places?.dispose();
  }
}

/** `statuses` with x for any digit. */
function tableOf(statuses: readonly string[]): Uint8Array {
  const table = new Uint8Array(RESPONSES);
  for (let status = 100; status < RESPONSES; status++) {
    const digits = String(status);
    const isOne = statuses.some((pattern) =>
      Array.from(pattern).every((each, at) => each === 'x' || each === digits[at]),
    );
    table[status] = isOne ? 1 : 0;
  }
  return table;
}
