/** Returns the number after `state` in the sequence of xorshift32 (Marsaglia, Xorshift RNGs): it repeats only after 2³² - 1 numbers. Not for 0. */
export function xorshift32(state: number): number {
  let next = state;
  next ^= next << 13;
  next ^= next >>> 17;
  next ^= next << 5;
  return next;
}
