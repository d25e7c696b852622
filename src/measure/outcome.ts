/** How an attempt can end. The order is the order in results; the index is what the hot path counts by. */
export const OUTCOMES = [
  'ok',
  'connect_timeout',
  'exchange_timeout',
  'refused',
  'reset',
  'unreachable',
  'short_response',
  'source_exhausted',
  'fd_exhausted',
  'aborted',
  'other',
] as const;

export type OutcomeName = (typeof OUTCOMES)[number];

export const OK = 0;
export const CONNECT_TIMEOUT = 1;
export const EXCHANGE_TIMEOUT = 2;
export const REFUSED = 3;
export const RESET = 4;
export const UNREACHABLE = 5;
export const SHORT_RESPONSE = 6;
export const SOURCE_EXHAUSTED = 7;
export const FD_EXHAUSTED = 8;
export const ABORTED = 9;
export const OTHER = 10;
