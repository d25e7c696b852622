/** What the segments of rehearsed peers have in common: their first sequence number and their options. */

/** The initial sequence number of both ends: what a segment acknowledges then says how far its connection is. */
export const FIRST_SEQUENCE = 1000;

/** The words that begin the options of a SYN or a SYN-ACK: MSS 1460, NOP, window scale 7. Timestamps follow. */
export const SYN_OPTIONS = [0x020405b4, 0x01030307] as const;

/** The word before two time stamps: NOP, NOP, timestamps with their length. */
export const TIMESTAMPS = 0x0101080a;
