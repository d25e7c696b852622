import type { ConnectionTable } from './connection-table.ts';
import { LEAST_TIMER_MS } from './timer-wheel.ts';

/** The retransmission timeout before a round trip is known, and its upper bound (RFC 6298, sections 2.1 and 2.5). */
export const FIRST_TIMEOUT_MS = 1000;
export const MOST_TIMEOUT_MS = 60_000;

/** How often is sent again before the connection is given up, as in Linux: tcp_syn_retries, tcp_synack_retries, tcp_retries2, and what tcp_orphan_retries 0 means. */
export const SYN_RETRIES = 6;
export const SYN_ACK_RETRIES = 5;
export const DATA_RETRIES = 15;
export const CLOSED_RETRIES = 8;

/** The longest that the fields can hold: 8 s, and 16 s of variation. */
const MOST_FIELD = 0xffff;

/** Takes a round trip into account (RFC 6298, section 2.2 and 2.3): in ms, 0 counts as 1. */
export function learnRoundTrip(connections: ConnectionTable, row: number, ms: number): void {
  const { roundTrip, variation } = connections;
  const sample = ms < 1 ? 1 : ms > MOST_FIELD >> 3 ? MOST_FIELD >> 3 : ms;
  const smoothed = roundTrip[row]!;
  if (smoothed === 0) {
    roundTrip[row] = sample << 3;
    // R/2 in quarters of a ms.
    variation[row] = sample << 1;
    return;
  }
  // RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|, then SRTT <- 7/8 SRTT + 1/8 R'.
  const error = sample - (smoothed >> 3);
  const spread = variation[row]!;
  variation[row] = Math.min(MOST_FIELD, spread - (spread >> 2) + (error < 0 ? -error : error));
  roundTrip[row] = Math.max(8, Math.min(MOST_FIELD, smoothed + error));
}

/** The timeout of what is sent for the first time (RFC 6298, section 2). */
export function baseTimeoutMs(connections: ConnectionTable, row: number): number {
  const smoothed = connections.roundTrip[row]!;
  if (smoothed === 0) return FIRST_TIMEOUT_MS;
  // 4 * RTTVAR is what the field holds. Like Linux, it is not below 200 ms, so that a peer that delays its ACKs is in time.
  const spread = connections.variation[row]!;
  return (smoothed >> 3) + (spread < LEAST_TIMER_MS ? LEAST_TIMER_MS : spread);
}

/** The timeout after `retries` times without an answer. */
export function timeoutMs(connections: ConnectionTable, row: number): number {
  const retries = connections.retries[row]!;
  // 1 s doubled 6 times is beyond the bound.
  const doubled = baseTimeoutMs(connections, row) << (retries < 9 ? retries : 9);
  return doubled < MOST_TIMEOUT_MS ? doubled : MOST_TIMEOUT_MS;
}
