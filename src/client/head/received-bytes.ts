/** The bytes that a slot received last. Allocates nothing. */
export interface ReceivedBytes {
  bytesOf(slot: number): Uint8Array;
  /** The index of the first of them in `bytesOf`. */
  offsetOf(slot: number): number;
}

/** Whether more bytes of a slot's response would change nothing. */
export interface Settling {
  isSettled(slot: number): boolean;
}
