import { NO_RESPONSE, NOT_HTTP } from '../../count/load.ts';

/** What a status line begins with (RFC 9112, section 4). */
const START = Uint8Array.from('HTTP/1.', (character) => character.charCodeAt(0));
const CR = 13;
const LF = 10;
const SPACE = 32;
const DIGIT_0 = 48;

/** States of a slot's reader. A smaller number says how many bytes of the status line have come. */
const AFTER_VERSION = START.length + 1;
const FIRST_DIGIT = AFTER_VERSION + 1;
/** How many bytes a status line has up to the last digit of its status. */
export const STATUS_BYTES = FIRST_DIGIT + 3;
/** Inside a line of the head of an interim response, and at the beginning of one. */
const IN_LINE = 20;
const AT_LINE = 21;
/** The status is known, or it is known that there is none. */
const SETTLED = 22;

const SWITCHING_PROTOCOLS = 101;

/**
 * Reads the HTTP/1 status of each slot's response, byte by byte as they come, and keeps none of them. An interim response (1xx other
 * than 101) is not the answer: the status is that of the response which follows it.
 */
export class StatusReader {
  readonly #states: Uint8Array;
  readonly #digits: Uint16Array;
  /** What the response counts as so far. */
  readonly #indexes: Uint16Array;

  constructor(capacity: number) {
    this.#states = new Uint8Array(capacity);
    this.#digits = new Uint16Array(capacity);
    this.#indexes = new Uint16Array(capacity);
  }

  /** The slot's next response is another. */
  begin(slot: number): void {
    this.#states[slot] = 0;
    this.#indexes[slot] = NO_RESPONSE;
  }

  /** Whether more bytes would change nothing. */
  isSettled(slot: number): boolean {
    return this.#states[slot] === SETTLED;
  }

  /** The status, `NOT_HTTP` or `NO_RESPONSE`: of all that has come. */
  indexOf(slot: number): number {
    return this.#indexes[slot]!;
  }

  /** The bytes from `from` up to `to` follow what came before; there is one at least. */
  read(slot: number, bytes: Uint8Array, from: number, to: number): void {
    let state = this.#states[slot]!;
    // Until the line is whole, and where an interim response is all that comes.
    if (state !== SETTLED) this.#indexes[slot] = NOT_HTTP;
    for (let at = from; at < to && state !== SETTLED; at++) state = this.#next(slot, state, bytes[at]!);
    this.#states[slot] = state;
  }

  #next(slot: number, state: number, byte: number): number {
    if (state >= IN_LINE) return this.#nextInHead(state, byte);
    if (state < START.length) return byte === START[state] ? state + 1 : SETTLED;
    if (state === AFTER_VERSION) return byte === SPACE ? state + 1 : SETTLED;
    const digit = byte - DIGIT_0;
    if (digit < 0 || digit > 9) return SETTLED;
    if (state < AFTER_VERSION) return state + 1;
    if (state === FIRST_DIGIT) {
      this.#digits[slot] = digit;
      return digit === 0 ? SETTLED : state + 1;
    }
    const status = this.#digits[slot]! * 10 + digit;
    this.#digits[slot] = status;
    if (state < STATUS_BYTES - 1) return state + 1;
    if (status < 200 && status !== SWITCHING_PROTOCOLS) return IN_LINE;
    this.#indexes[slot] = status;
    return SETTLED;
  }

  /** The head of an interim response ends with an empty line. */
  #nextInHead(state: number, byte: number): number {
    if (byte === CR) return state;
    if (byte !== LF) return IN_LINE;
    return state === AT_LINE ? 0 : AT_LINE;
  }
}
