/**
 * What is counted of connections: the counters and clocks of a worker's bank, and how they become seconds, a round and its result.
 * A new counter is a constant here, a getter, and the key of the result that it goes to.
 */
import {
  CLOCKS,
  type ClockName,
  type FailureCounts,
  type IntervalResult,
  type RoundResult,
} from '../document/client.ts';
import type { LatencySummary } from '../document/common.ts';
import { ABORTED, OK, OUTCOMES, type OutcomeName } from '../document/outcome.ts';
import { FIRST_SUM, WARMUP, emptyBank, type Bank } from './bank.ts';
import { Seconds, lengthSecOf, type EncodeHistograms, type OnSecond, type Span } from './seconds.ts';
import { Tally, type NamedLayout } from './tally.ts';

/** Index of a clock, in the order of `CLOCKS`. */
export const SCHEDULE_LAG = 0;
export const CONNECT = 1;
export const FIRST_BYTE = 2;
export const TOTAL = 3;
export const CORRECTED_TOTAL = 4;

/** Index of a counter in a bank, beside those that every bank has. */
export const SCHEDULED = FIRST_SUM;
export const STARTED = FIRST_SUM + 1;
export const MISSED = FIRST_SUM + 2;
export const ESTABLISHED = FIRST_SUM + 3;
export const BYTES_SENT = FIRST_SUM + 4;
export const BYTES_RECEIVED = FIRST_SUM + 5;
/** Held connections that the peer ended before their time. */
export const HELD_LOST = FIRST_SUM + 6;
/** The part of the missed starts that was due while the most connections allowed were open. */
export const MISSED_FULL = FIRST_SUM + 7;
/** The part of the exchange timeouts without a first byte within `--first-byte-timeout`. */
export const FIRST_BYTE_TIMEOUTS = FIRST_SUM + 8;
/** Responses that the sink took whole, and their bytes; of these, moved from memory to a file. */
export const BODIES_KEPT = FIRST_SUM + 9;
export const BODY_BYTES_KEPT = FIRST_SUM + 10;
export const BODIES_SPILLED = FIRST_SUM + 11;
/** Exchanges of a round in stages that began too late to be at the rate that was asked for. */
export const EXCHANGES_LATE = FIRST_SUM + 12;
/** Exchanges with a payload that came to their end without a byte of answer, whatever the outcome. */
export const EMPTY_RESPONSES = FIRST_SUM + 13;
/** The part of the exchange timeouts where bytes had come and only the peer's end was missing. */
export const TIMEOUTS_ANSWERED = FIRST_SUM + 14;
/** Exchanges that were ok though their HTTP status is an error's, 4xx or 5xx. */
export const ERROR_RESPONSES = FIRST_SUM + 15;
const COUNTERS = FIRST_SUM + 16;

/** The lowest HTTP status of an error (RFC 9110, section 15). */
export const ERROR_STATUS_MIN = 400;

/** Responses are counted by their HTTP status, 100 to 999. Below 100: established, and not a byte came; bytes without a whole status line. */
export const NO_RESPONSE = 0;
export const NOT_HTTP = 1;
export const RESPONSES = 1000;

/** The bank of a client's worker. */
export const LOAD_BANK: NamedLayout<ClockName> = { counters: COUNTERS, responses: RESPONSES, clocks: CLOCKS };

/** Figures of connections, added up over banks. */
export class LoadTally extends Tally<ClockName> {
  constructor() {
    super(LOAD_BANK);
  }

  get scheduled(): number {
    return this.get(SCHEDULED);
  }

  get started(): number {
    return this.get(STARTED);
  }

  get missed(): number {
    return this.get(MISSED);
  }

  get missedFull(): number {
    return this.get(MISSED_FULL);
  }

  get established(): number {
    return this.get(ESTABLISHED);
  }

  get bytesSent(): number {
    return this.get(BYTES_SENT);
  }

  get bytesReceived(): number {
    return this.get(BYTES_RECEIVED);
  }

  get heldLost(): number {
    return this.get(HELD_LOST);
  }

  get firstByteTimeouts(): number {
    return this.get(FIRST_BYTE_TIMEOUTS);
  }

  get emptyResponses(): number {
    return this.get(EMPTY_RESPONSES);
  }

  get errorResponses(): number {
    return this.get(ERROR_RESPONSES);
  }

  get timeoutsAnswered(): number {
    return this.get(TIMEOUTS_ANSWERED);
  }

  get exchangesLate(): number {
    return this.get(EXCHANGES_LATE);
  }

  get ok(): number {
    return this.outcomes[OK]!;
  }

  get failed(): number {
    return this.outcomes.reduce((sum, count) => sum + count, 0) - this.ok;
  }

  outcomeCounts(): Record<OutcomeName, number> {
    const entries = OUTCOMES.map((name, index) => [name, this.outcomes[index]!]);
    return Object.fromEntries(entries) as Record<OutcomeName, number>;
  }

  /** The failed attempts by outcome; only outcomes that occurred. */
  failureCounts(): FailureCounts {
    const counts = OUTCOMES.map((name, index) => [name, this.outcomes[index]!] as const);
    return Object.fromEntries(counts.filter(([name, count]) => name !== 'ok' && count > 0));
  }

  latencySummaries(): Record<ClockName, LatencySummary> {
    return Object.fromEntries(CLOCKS.map((name, clock) => [name, this.latency[clock]!.summary()])) as Record<
      ClockName,
      LatencySummary
    >;
  }
}

/** Which counts a round has beside those of every round: what was asked of it. */
export interface CountsShown {
  /** Something is sent, so that an answer can be missing. */
  readonly hasPayload: boolean;
  /** Responses have an HTTP status. */
  readonly hasStatus: boolean;
  readonly hasFirstByteTimeout: boolean;
  readonly keepsBodies: boolean;
  readonly isHeld: boolean;
  /** Null where the round is not in stages. */
  readonly exchangePerSec: number | null;
}

type RoundCounts = Pick<RoundResult, 'attempts' | 'outcomes' | 'errno' | 'latency_ns' | 'bytes'> &
  Pick<RoundResult, 'empty_responses' | 'error_responses' | 'responses' | 'timeouts' | 'bodies' | 'stages' | 'held'>;

/** Returns what the result of a round has of its counters. */
export function roundCounts(tally: LoadTally, inFlightPeak: number, shown: CountsShown): RoundCounts {
  const { scheduled, started, missed } = tally;
  const { exchangePerSec } = shown;
  const timeouts = { first_byte: tally.firstByteTimeouts };
  const bodies = {
    kept: tally.get(BODIES_KEPT),
    kept_bytes: tally.get(BODY_BYTES_KEPT),
    spilled: tally.get(BODIES_SPILLED),
  };
  return {
    attempts: { scheduled, started, missed, in_flight_max: inFlightPeak },
    outcomes: tally.outcomeCounts(),
    errno: tally.errnoCounts(),
    latency_ns: tally.latencySummaries(),
    bytes: bytesOf(tally),
    ...(shown.hasPayload ? { empty_responses: tally.emptyResponses } : {}),
    ...(tally.errorResponses === 0 ? {} : { error_responses: tally.errorResponses }),
    ...(shown.hasStatus ? { responses: responseCounts(tally) } : {}),
    ...(shown.hasFirstByteTimeout ? { timeouts } : {}),
    ...(shown.keepsBodies ? { bodies } : {}),
    ...(exchangePerSec === null
      ? {}
      : { stages: { exchange_rate_per_sec: exchangePerSec, late: tally.exchangesLate } }),
    ...(shown.isHeld || exchangePerSec !== null ? { held: { lost: tally.heldLost } } : {}),
  };
}

function intervalResult(startSec: number, span: Span<LoadTally>): IntervalResult {
  const { tally, inFlight, held } = span;
  const { scheduled, started, missed, established, ok, failed, emptyResponses, errorResponses } = tally;
  return {
    start_sec: startSec,
    length_sec: lengthSecOf(span),
    ...{ scheduled, started, missed, established, ok, failed },
    ...(failed === 0 ? {} : { outcomes: tally.failureCounts() }),
    ...(emptyResponses === 0 ? {} : { empty_responses: emptyResponses }),
    ...(errorResponses === 0 ? {} : { error_responses: errorResponses }),
    in_flight: inFlight,
    held,
    bytes: bytesOf(tally),
    latency_ns: tally.latencySummaries(),
  };
}

function bytesOf(tally: LoadTally): RoundResult['bytes'] {
  return { sent: tally.bytesSent, received: tally.bytesReceived };
}

/** The responses by HTTP status, `not_http` and `none`; only those that came. */
function responseCounts({ responses }: LoadTally): Record<string, number> {
  return Object.fromEntries([...responses].map(([index, count]) => [responseName(index), count]));
}

function responseName(index: number): string {
  return index === NO_RESPONSE ? 'none' : index === NOT_HTTP ? 'not_http' : String(index);
}

/** The banks of all workers of a round, made into its seconds and its total. */
export class LoadRound extends Seconds<ClockName, LoadTally, IntervalResult> {
  /** What each worker started and missed. */
  readonly workers: readonly { started: number; missed: number }[];
  /** Started and without an outcome so far, by worker. */
  readonly #unresolved: Float64Array;

  /** `measureNs`: the end of the warm-up, where second 0 begins. `encode`: where the result has histograms. */
  constructor(
    workers: number,
    measureNs: number,
    onSecond: OnSecond<ClockName, IntervalResult>,
    encode?: EncodeHistograms,
  ) {
    super({ workers, measureNs, makeTally: () => new LoadTally(), intervalOf: intervalResult, encode }, onSecond);
    this.#unresolved = new Float64Array(workers);
    this.workers = Array.from({ length: workers }, () => ({ started: 0, missed: 0 }));
  }

  override add(bank: Bank, worker = 0): void {
    if (bank.counters[WARMUP] !== 1) {
      this.workers[worker]!.started += bank.counters[STARTED]!;
      this.workers[worker]!.missed += bank.counters[MISSED]!;
      this.#unresolved[worker]! += bank.counters[STARTED]! - bank.outcomes.reduce((sum, count) => sum + count, 0);
    }
    super.add(bank, worker);
  }

  /** Accounts for what a worker that died at `nowNs` had under way: how it would have ended is unknown. */
  abandon(worker: number, nowNs: number): void {
    const bank = emptyBank(LOAD_BANK, nowNs, nowNs);
    bank.outcomes[ABORTED] = this.#unresolved[worker]!;
    this.add(bank, worker);
  }

  /** Accounts for measured starts that were due on a worker from `startNs` to `endNs`, after its death. */
  miss(worker: number, count: number, startNs: number, endNs: number): void {
    const bank = emptyBank(LOAD_BANK, startNs, endNs);
    bank.counters[SCHEDULED] = count;
    bank.counters[MISSED] = count;
    this.add(bank, worker);
  }
}
