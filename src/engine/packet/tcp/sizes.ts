/** The most that 16 bits announce, in steps of the window's scale. */
const MOST_WINDOW = 0xffff & ~127;

/** The sizes that hold for all connections of a family. */
export interface Sizes {
  /** What we announce as our MSS, and the window of SYNs and of other segments. */
  readonly maximumSegment: number;
  readonly synWindow: number;
  readonly window: number;
}

/**
 * What Linux announces with a receive buffer of its default size: as many whole segments as fit 64 KiB, 64 240 for a MSS of 1460; and after the
 * handshake this in steps of 128 (net/ipv4/tcp_output.c, tcp_select_initial_window).
 */
export function sizesOf(maximumSegment: number): Sizes {
  const synWindow = Math.floor(0xffff / maximumSegment) * maximumSegment;
  return { maximumSegment, synWindow, window: Math.min(MOST_WINDOW, (synWindow + 127) & ~127) };
}
