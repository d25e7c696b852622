import { ETIMEDOUT } from '../../../kernel/errno.ts';
import { RETRANSMITTED_SYN } from '../packet-counters.ts';
import { HAS_SCOREBOARD, IS_RECOVERING, IS_TIMED, type ConnectionTable } from './connection-table.ts';
import type { LossRecovery } from './loss-recovery.ts';
import { CLOSED_RETRIES, DATA_RETRIES, SYN_ACK_RETRIES, SYN_RETRIES } from './retransmission.ts';
import { isBefore } from './sequence.ts';
import { ESTABLISHED, SYN_RECEIVED, SYN_SENT } from './states.ts';
import { NONE } from './tcp-user.ts';
import type { Transmission } from './transmission.ts';

/** A timeout leaves a congestion window of one segment, of 8 eighths (RFC 5681, section 3.1). */
const ONE_SEGMENT = 8;
const LEAST_THRESHOLD = 2 * ONE_SEGMENT;
/** From this timeout in a row on it is not relied on that the peer still has what it said it had. */
const TIMEOUTS_TO_FORGET = 2;

export interface ResendingParts {
  readonly connections: ConnectionTable;
  readonly transmission: Transmission;
  readonly recovery: LossRecovery;
  readonly counters: Float64Array;
}

/** Decides what is sent again, and when: after a timeout all that was not acknowledged, after a loss that acknowledgements tell what is lost. */
export class Resending {
  readonly #connections: ConnectionTable;
  readonly #transmission: Transmission;
  readonly #recovery: LossRecovery;
  readonly #counters: Float64Array;

  constructor(parts: ResendingParts) {
    this.#connections = parts.connections;
    this.#transmission = parts.transmission;
    this.#recovery = parts.recovery;
    this.#counters = parts.counters;
  }

  /**
   * The timer of a connection has ended: sends again what is not acknowledged, or probes a closed window. Returns ETIMEDOUT where the peer
   * has not answered for too long, and 0 else.
   */
  timeout(row: number): number {
    const connections = this.#connections;
    const state = connections.state[row]!;
    const retries = connections.retries[row]!;
    if (retries >= this.#mostRetries(row, state)) return ETIMEDOUT;
    connections.retries[row] = retries + 1;
    if (state < ESTABLISHED) {
      this.#counters[RETRANSMITTED_SYN]!++;
      this.#transmission.sendSyn(row);
      return 0;
    }
    if ((connections.flags[row]! & HAS_SCOREBOARD) !== 0)
      this.#recovery.timeOut(row, retries + 1 >= TIMEOUTS_TO_FORGET);
    const acknowledged = connections.sendUnacknowledged[row]!;
    if (connections.sendHighest[row] === acknowledged || connections.sendWindow[row] === 0)
      this.#transmission.probe(row);
    else this.#goBack(row, ONE_SEGMENT);
    return 0;
  }

  #mostRetries(row: number, state: number): number {
    if (state === SYN_SENT) return SYN_RETRIES;
    if (state === SYN_RECEIVED) return SYN_ACK_RETRIES;
    return this.#connections.slot[row] === NONE ? CLOSED_RETRIES : DATA_RETRIES;
  }

  /** Acknowledgements say that something is lost: the next `output` sends it again, at half the rate (RFC 5681, section 3.2). */
  recover(row: number): void {
    const connections = this.#connections;
    // After a timeout all is being sent again anyway.
    if (isBefore(connections.sendNext[row]!, connections.sendHighest[row]!)) return;
    if ((connections.flags[row]! & IS_RECOVERING) !== 0 || this.#recovery.hasTimedOut(row)) return;
    if (!this.#recovery.begin(row)) {
      this.sendAllAgain(row);
      return;
    }
    connections.congestionWindow[row] = this.#halve(row);
    connections.flags[row] = connections.flags[row]! & ~IS_TIMED;
    this.#transmission.rearm(row);
  }

  /** Sends all again that is not acknowledged: it was too large for the way, or there is no place to remember what the peer has. */
  sendAllAgain(row: number): void {
    if ((this.#connections.flags[row]! & HAS_SCOREBOARD) !== 0) this.#recovery.release(row);
    this.#goBack(row, 0);
  }

  /** Sets the threshold of slow start to half of what is under way, and returns it. */
  #halve(row: number): number {
    const connections = this.#connections;
    const segment = connections.segmentBytes[row]!;
    const flight = ((connections.sendNext[row]! - connections.sendUnacknowledged[row]!) << 3) / segment;
    const threshold = Math.max(LEAST_THRESHOLD, flight >> 1);
    connections.slowStartThreshold[row] = threshold;
    return threshold;
  }

  /** Goes back to the first byte that is not acknowledged. A window of 0 stands for that which slow start ends at. */
  #goBack(row: number, congestionWindow: number): void {
    const connections = this.#connections;
    const threshold = this.#halve(row);
    connections.congestionWindow[row] = congestionWindow === 0 ? threshold : congestionWindow;
    connections.sendNext[row] = connections.sendUnacknowledged[row]!;
    connections.flags[row] = connections.flags[row]! & ~IS_TIMED;
    this.#transmission.rearm(row);
    this.#transmission.output(row);
  }
}
