import { PR_SET_TIMERSLACK } from '../constants.ts';
import type { Libc } from '../libc.ts';

/**
 * Makes the sleeps of this thread end on time. The kernel may end a sleep up to 50 µs late to save wake-ups (prctl(2),
 * PR_SET_TIMERSLACK); a pacing thread pays for them.
 */
export function sleepOnTime(libc: Libc): void {
  libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}
