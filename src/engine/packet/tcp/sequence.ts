/** Sequence numbers and timestamps are 32-bit integers that wrap; one is before another if the difference is negative (RFC 9293, section 3.4). */
export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}
