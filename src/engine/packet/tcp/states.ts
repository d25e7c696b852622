/** The states of a connection (RFC 9293, section 3.3.2). TIME-WAIT has no row: see `time-wait.ts`. LISTEN is the port's, not a connection's. */
export const CLOSED = 0;
export const SYN_SENT = 1;
export const SYN_RECEIVED = 2;
export const ESTABLISHED = 3;
export const FIN_WAIT_1 = 4;
export const FIN_WAIT_2 = 5;
export const CLOSING = 6;
export const CLOSE_WAIT = 7;
export const LAST_ACK = 8;
