/** What this engine counts beside connections, in memory that the main thread reads once a second. One row a thread; nothing is locked. */

/** Indices into a row. */
export const SENT = 0;
export const RECEIVED = 1;
export const RETRANSMITTED_SYN = 2;
export const RETRANSMITTED_DATA = 3;
export const RETRANSMITTED_FIN = 4;
/** Segments whose bytes had all been received before. */
export const DUPLICATES = 5;
export const OUT_OF_ORDER = 6;
export const CHECKSUM_ERRORS = 7;
/** Times that data waited for a closed window of the peer. */
export const WINDOW_STALLS = 8;
export const WINDOW_PROBES = 9;
/** Resets that the peer sent, by the state they came in. */
export const RESET_SYN_SENT = 10;
export const RESET_SYN_RECEIVED = 11;
export const RESET_ESTABLISHED = 12;
export const RESET_CLOSING = 13;
/** Resets and SYNs that RFC 5961 answers with a challenge. */
export const CHALLENGES = 14;
/** ICMP errors that quote our packets, by what they say. */
export const ICMP_NET_UNREACHABLE = 15;
export const ICMP_HOST_UNREACHABLE = 16;
export const ICMP_PORT_UNREACHABLE = 17;
export const ICMP_PROHIBITED = 18;
export const ICMP_TOO_BIG = 19;
export const ICMP_TIME_EXCEEDED = 20;
export const ICMP_OTHER = 21;
/** SYN-ACKs by what a middlebox may have changed: all of them, those whose MSS was lower than ours, those without timestamps. */
export const SYN_ACKS = 22;
export const SYN_ACKS_LOW_MSS = 23;
export const SYN_ACKS_WITHOUT_TIMESTAMPS = 24;
/** FINs that were acknowledged again from TIME_WAIT. */
export const TIME_WAIT_ACKS = 25;
/** Frames that are no packet of a connection of ours, or malformed. */
export const STRAY = 26;
export const MALFORMED = 27;
/** Frames that could not be sent because all were under way: this machine's limit. */
export const NO_FRAME = 28;
/** Handed to the thread that has the connection. */
export const HANDED_OVER = 29;
/** Of XDP_STATISTICS (linux/if_xdp.h), summed over the sockets of the thread; written, not added. */
export const RING_RX_DROPPED = 30;
export const RING_RX_FULL = 31;
export const RING_FILL_EMPTY = 32;
export const RING_TX_EMPTY = 33;
export const NEIGHBOUR_ANSWERS = 34;
/** Times at which a thread found the interface down and began to wait for it. */
export const INTERFACE_DOWN = 35;
/** Of the main thread, in the first row: changes of the next hop's hardware address, and questions for it that had no answer. */
export const NEXT_HOP_CHANGES = 36;
export const NEXT_HOP_UNANSWERED = 37;

/** A row: the counters, and room to the next cache line. */
export const COUNTERS_PER_ROW = 40;

/** Doubles: counts beyond 2^32 stay exact, and a reader on another thread never sees half of one. */
export function createCounters(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * COUNTERS_PER_ROW * Float64Array.BYTES_PER_ELEMENT);
}

/** The row of one thread. */
export function countersOf(memory: SharedArrayBuffer, thread: number): Float64Array {
  return new Float64Array(memory, thread * COUNTERS_PER_ROW * Float64Array.BYTES_PER_ELEMENT, COUNTERS_PER_ROW);
}
