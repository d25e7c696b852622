/** What the threads of this engine have counted, by the names in results: what the main thread reads once a second. */
import {
  CHALLENGES,
  CHECKSUM_ERRORS,
  COUNTERS_PER_ROW,
  DUPLICATES,
  HANDED_OVER,
  ICMP_HOST_UNREACHABLE,
  ICMP_NET_UNREACHABLE,
  ICMP_OTHER,
  ICMP_PORT_UNREACHABLE,
  ICMP_PROHIBITED,
  ICMP_TIME_EXCEEDED,
  ICMP_TOO_BIG,
  INTERFACE_DOWN,
  MALFORMED,
  NEIGHBOUR_ANSWERS,
  NEXT_HOP_CHANGES,
  NEXT_HOP_UNANSWERED,
  NO_FRAME,
  OUT_OF_ORDER,
  RECEIVED,
  RESET_CLOSING,
  RESET_ESTABLISHED,
  RESET_SYN_RECEIVED,
  RESET_SYN_SENT,
  RETRANSMITTED_DATA,
  RETRANSMITTED_FIN,
  RETRANSMITTED_SYN,
  RING_FILL_EMPTY,
  RING_RX_DROPPED,
  RING_RX_FULL,
  RING_TX_EMPTY,
  SENT,
  STRAY,
  SYN_ACKS,
  SYN_ACKS_LOW_MSS,
  SYN_ACKS_WITHOUT_TIMESTAMPS,
  TIME_WAIT_ACKS,
  WINDOW_PROBES,
  WINDOW_STALLS,
  countersOf,
} from './packet-counters.ts';

/** Every counter by its path under `packet` in results (`src/document/packet-table.ts`). */
export const COUNTER_PATHS: ReadonlyMap<string, number> = new Map([
  ['sent', SENT],
  ['received', RECEIVED],
  ['retransmits.syn', RETRANSMITTED_SYN],
  ['retransmits.data', RETRANSMITTED_DATA],
  ['retransmits.fin', RETRANSMITTED_FIN],
  ['duplicates', DUPLICATES],
  ['out_of_order', OUT_OF_ORDER],
  ['checksum_errors', CHECKSUM_ERRORS],
  ['window_stalls', WINDOW_STALLS],
  ['window_probes', WINDOW_PROBES],
  ['resets.syn_sent', RESET_SYN_SENT],
  ['resets.syn_received', RESET_SYN_RECEIVED],
  ['resets.established', RESET_ESTABLISHED],
  ['resets.closing', RESET_CLOSING],
  ['challenges', CHALLENGES],
  ['icmp.net_unreachable', ICMP_NET_UNREACHABLE],
  ['icmp.host_unreachable', ICMP_HOST_UNREACHABLE],
  ['icmp.port_unreachable', ICMP_PORT_UNREACHABLE],
  ['icmp.prohibited', ICMP_PROHIBITED],
  ['icmp.too_big', ICMP_TOO_BIG],
  ['icmp.time_exceeded', ICMP_TIME_EXCEEDED],
  ['icmp.other', ICMP_OTHER],
  ['syn_acks', SYN_ACKS],
  ['syn_acks_low_mss', SYN_ACKS_LOW_MSS],
  ['syn_acks_without_timestamps', SYN_ACKS_WITHOUT_TIMESTAMPS],
  ['time_wait_acks', TIME_WAIT_ACKS],
  ['stray', STRAY],
  ['malformed', MALFORMED],
  ['no_frame', NO_FRAME],
  ['handed_over', HANDED_OVER],
  ['ring.rx_dropped', RING_RX_DROPPED],
  ['ring.rx_ring_full', RING_RX_FULL],
  ['ring.fill_ring_empty', RING_FILL_EMPTY],
  ['ring.tx_ring_empty', RING_TX_EMPTY],
  ['neighbour_answers', NEIGHBOUR_ANSWERS],
  ['interface_down', INTERFACE_DOWN],
  ['next_hop_changes', NEXT_HOP_CHANGES],
  ['next_hop_unanswered', NEXT_HOP_UNANSWERED],
]);

/** The sums over the threads since they began. The threads go on counting: nothing is locked, and nothing is lost. */
export function readCounters(memory: SharedArrayBuffer): ReadonlyMap<string, number> {
  return new Map([...COUNTER_PATHS].map(([path, index]) => [path, sumOfCounter(memory, index)]));
}

/** The sum of one counter over the threads. */
export function sumOfCounter(memory: SharedArrayBuffer, index: number): number {
  const threads = memory.byteLength / (COUNTERS_PER_ROW * Float64Array.BYTES_PER_ELEMENT);
  let sum = 0;
  for (let thread = 0; thread < threads; thread++) sum += countersOf(memory, thread)[index]!;
  return sum;
}
