import type { Clock } from '../../runtime/clock.ts';
import type { FramePort, FrameReceiver } from './port/frame-port.ts';
import type { Tcp } from './tcp/tcp.ts';

/**
 * How long connections that the driver has closed may take to end after a run without a frame that comes in: an answer may be lost, and the
 * next one comes after a doubled timeout.
 */
const QUIET_LINGER_NS = 2e9;
/** How long at most: a user waits for the result. */
const LONGEST_LINGER_NS = 5e9;
/** How long where only the peer's own end is still to come. */
const HALF_CLOSED_LINGER_NS = 50e6;
/** How long a thread may take to begin the round that another has ended. */
const LATE_NS = 1e9;
/** How often it is looked whether other threads have ended; they wake a thread that sleeps too. */
const LOOK_NS = 10e6;

/** What goes on after a run: a TCP, its port, what takes its frames, and the clock of the run. */
export interface Lingering {
  readonly tcp: Tcp;
  readonly port: FramePort;
  readonly receiver: FrameReceiver;
  readonly clock: Clock;
}

/**
 * Lets connections end that go on without a slot after a run: their peers wait for what is left of them. The kernel gives sockets a minute.
 * Ends earlier where no frame comes any more: the peer is gone.
 * Goes on for as long as other threads are at work, whose frames may come in on a queue of this one.
 */
export function linger({ tcp, port, receiver, clock }: Lingering): void {
  const startNs = clock.now();
  const deadline = { deadlineNs: -Infinity };
  let heardNs = startNs;
  let leftNs = Infinity;
  for (;;) {
    const unacknowledgedNs = Math.min(heardNs + QUIET_LINGER_NS, startNs + LONGEST_LINGER_NS);
    const halfClosedNs = startNs + (tcp.rows > 0 ? HALF_CLOSED_LINGER_NS : 0);
    const endNs = tcp.rows > tcp.halfClosed ? unacknowledgedNs : halfClosedNs;
    const isOver = clock.nowNs >= endNs;
    if (isOver && leftNs === Infinity) {
      port.companions?.leave();
      leftNs = clock.nowNs;
    }
    if (isOver && port.companions?.areAtWork(clock.nowNs >= leftNs + LATE_NS) !== true) break;
    deadline.deadlineNs = Math.min(isOver ? clock.nowNs + LOOK_NS : endNs, tcp.deadlineNs);
    port.wait(deadline);
    if (port.receive(receiver) > 0) heardNs = clock.nowNs;
    tcp.turn();
  }
  port.flush();
}
