/** As many a second as Linux allowed before it counted by connection (net.ipv4.tcp_challenge_ack_limit of Linux 4.7). */
const PER_SECOND = 1000;
const SECOND_MS = 1000;

/**
 * Bounds the acknowledgements that answer segments without data: challenges (RFC 5961, section 7) and answers to what is out of the window.
 * Two ends that had lost each other's state would else answer each other without end.
 */
export class AcknowledgementBudget {
  #sinceMs = 0;
  #left = PER_SECOND;

  take(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= SECOND_MS) {
      this.#sinceMs = nowMs;
      this.#left = PER_SECOND;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}
