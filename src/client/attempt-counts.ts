import {
  BODIES_KEPT,
  BODIES_SPILLED,
  BODY_BYTES_KEPT,
  BYTES_RECEIVED,
  BYTES_SENT,
  CONNECT,
  CORRECTED_TOTAL,
  ERROR_RESPONSES,
  ESTABLISHED,
  FIRST_BYTE,
  MISSED,
  SCHEDULE_LAG,
  SCHEDULED,
  TOTAL,
} from '../count/load.ts';
import type { Recorder } from '../count/recorder.ts';
import { CONNECT_TIMEOUT, EXCHANGE_TIMEOUT, OK } from '../document/outcome.ts';
import type { AttemptTable } from './attempts.ts';
import type { ResponseHeads } from './head/response-heads.ts';

/**
 * Counts what one worker's attempts do, in the order of an attempt's life. An interval is of the warm-up or of what is measured: what an
 * attempt of the other phase still does is counted nowhere.
 *
 * Its calls take slots and integers only: a double that is handed over would be an object.
 */
export class AttemptCounts {
  /** 1 while the recorder's current bank is of the measured phase, 0 while it is of the warm-up. */
  phase: number;
  readonly #recorder: Recorder;
  readonly #attempts: AttemptTable;
  /** The column of the table: loaded through the table it cost 20 ns a connection. */
  readonly #measured: Uint8Array;
  readonly #heads: ResponseHeads | undefined;

  constructor(recorder: Recorder, attempts: AttemptTable, heads: ResponseHeads | undefined, phase: number) {
    this.#recorder = recorder;
    this.#attempts = attempts;
    this.#measured = attempts.measured;
    this.#heads = heads;
    this.phase = phase;
  }

  /** Adds one to a counter, if the attempt belongs to the phase. */
  count(slot: number, counter: number): void {
    if (this.#measured[slot] === this.phase) this.#recorder.count(counter, 1);
  }

  /** An attempt is due, and is started (`STARTED`) or not (`MISSED`). */
  scheduled(measured: number, counter: number): void {
    if (measured !== this.phase) return;
    this.#recorder.count(SCHEDULED, 1);
    this.#recorder.count(counter, 1);
  }

  /** So many attempts were due and are given up. */
  givenUp(missed: number): void {
    if (this.phase === 0) return;
    this.#recorder.count(SCHEDULED, missed);
    this.#recorder.count(MISSED, missed);
  }

  started(slot: number): void {
    if (this.#measured[slot] !== this.phase) return;
    this.#recorder.recordSince(SCHEDULE_LAG, this.#attempts.dueNs, slot);
    this.#recorder.inFlight(this.#attempts.open);
  }

  established(slot: number): void {
    if (this.#measured[slot] !== this.phase) return;
    this.#recorder.count(ESTABLISHED, 1);
    this.#recorder.recordSince(CONNECT, this.#attempts.startNs, slot);
  }

  sent(slot: number, bytes: number): void {
    if (this.#measured[slot] === this.phase) this.#recorder.count(BYTES_SENT, bytes);
  }

  received(slot: number, bytes: number, areFirst: boolean): void {
    if (this.#measured[slot] !== this.phase) return;
    this.#recorder.count(BYTES_RECEIVED, bytes);
    if (areFirst) this.#recorder.recordSince(FIRST_BYTE, this.#attempts.startNs, slot);
  }

  /** The response has been kept where `--sink` says. */
  kept(slot: number, bytes: number, isSpilled: boolean): void {
    if (this.#measured[slot] !== this.phase) return;
    this.#recorder.count(BODIES_KEPT, 1);
    this.#recorder.count(BODY_BYTES_KEPT, bytes);
    if (isSpilled) this.#recorder.count(BODIES_SPILLED, 1);
  }

  /** The attempt is ok. A response with the status of an error is ok where no option says otherwise, and is counted as well. */
  succeeded(slot: number): void {
    if (this.#measured[slot] !== this.phase) return;
    this.#recorder.outcome(OK, 0);
    this.#recordTotal(slot);
    if (this.#heads === undefined) return;
    this.#recorder.response(this.#heads.indexOf(slot));
    if (this.#heads.isError(slot)) this.#recorder.count(ERROR_RESPONSES, 1);
  }

  failed(slot: number, outcome: number, errno: number, wasEstablished: boolean): void {
    if (this.#measured[slot] !== this.phase) return;
    this.#recorder.outcome(outcome, errno);
    if (this.#heads !== undefined && wasEstablished) this.#recorder.response(this.#heads.indexOf(slot));
    // The time that a failure took counts, or slow failures would make latency look better.
    if (outcome === CONNECT_TIMEOUT || outcome === EXCHANGE_TIMEOUT) this.#recordTotal(slot);
  }

  #recordTotal(slot: number): void {
    this.#recorder.recordSince(TOTAL, this.#attempts.startNs, slot);
    this.#recorder.recordSince(CORRECTED_TOTAL, this.#attempts.dueNs, slot);
  }
}
