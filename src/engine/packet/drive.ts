import type { Deadline } from '../seam/engine.ts';
import type { FramePort, FrameReceiver } from './port/frame-port.ts';
import type { Tcp } from './tcp/tcp.ts';

/** A driver of either end, as far as its turns go. */
interface Stepping extends Deadline {
  step(): boolean;
}

/** What takes turns with a driver: a TCP, its port, and what takes its frames. */
export interface Driven {
  readonly tcp: Tcp;
  readonly port: FramePort;
  readonly receiver: FrameReceiver;
}

/** Takes turns with a driver and the frames of a port until the driver is done. */
export function drive(driver: Stepping, { tcp, port, receiver }: Driven): void {
  const deadline = { deadlineNs: -Infinity };
  tcp.turn();
  while (driver.step()) {
    // What has come makes room for more: the next step is due immediately, and what was sent leaves when nothing more comes, or in batches.
    if (port.receive(receiver) === 0) {
      deadline.deadlineNs = Math.min(driver.deadlineNs, tcp.deadlineNs);
      port.wait(deadline);
      port.receive(receiver);
    }
    tcp.turn();
  }
}
