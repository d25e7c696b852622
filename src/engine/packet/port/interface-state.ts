import { ENETDOWN, ENXIO, errnoName } from '../../../kernel/errno.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { RunError } from '../../../units/run-error.ts';
import { INTERFACE_DOWN } from '../packet-counters.ts';

/** InterfaceState tells from the errors of an AF_XDP socket whether its interface is up, and ends the run when it is gone. */
export class InterfaceState {
  readonly #clock: Clock;
  readonly #counters: Float64Array;
  readonly #patienceNs: number;
  /** Infinity while the interface is up. */
  #downSinceNs = Infinity;
  #isGone = false;

  /** `patienceNs`: how long the interface may be down. */
  constructor(clock: Clock, counters: Float64Array, patienceNs: number) {
    this.#clock = clock;
    this.#counters = counters;
    this.#patienceNs = patienceNs;
  }

  /**
   * Takes the result of a sendto(2): its errno, or 0. The kernel looks at the interface before anything else (net/xdp/xsk.c,
   * xsk_check_common): ENETDOWN where it is down, ENXIO where it was removed; any other result means that it is up. Throws `RunError`
   * once, where the interface was removed, or is down for longer than this run waits for it.
   */
  sent(errno: number): void {
    if (errno !== ENETDOWN && errno !== ENXIO) {
      this.#downSinceNs = Infinity;
      return;
    }
    // What is closed after the error sends its resets in vain.
    if (this.#isGone) return;
    const { nowNs } = this.#clock;
    const isKnown = this.#downSinceNs !== Infinity;
    if (!isKnown) this.#downSinceNs = nowNs;
    if (errno === ENETDOWN && nowNs - this.#downSinceNs < this.#patienceNs) {
      if (!isKnown) this.#counters[INTERFACE_DOWN]!++;
      return;
    }
    this.#isGone = true;
    throw new RunError(
      errnoName(errno),
      'the interface was set down or removed',
      'look at ip link show, then start again',
    );
  }
}
