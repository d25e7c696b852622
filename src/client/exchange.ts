import type { Finish } from '../plan/exchange/finish.ts';

/** An exchange in the numbers that the hot path compares with. */
export interface Exchange {
  /** Complete as soon as established. */
  readonly atConnect: boolean;
  /** Complete when this many bytes have come; Infinity if by end of stream. */
  readonly responseBytes: number;
  readonly payloadBytes: number;
  /** Complete with less, it is a short response. */
  readonly minResponseBytes: number;
}

export function exchangeOf(finish: Finish, payloadBytes: number, minResponseBytes = 0): Exchange {
  const responseBytes = finish.kind === 'bytes' ? finish.bytes : finish.kind === 'echo' ? payloadBytes : Infinity;
  return { atConnect: finish.kind === 'connect' || responseBytes === 0, responseBytes, payloadBytes, minResponseBytes };
}
