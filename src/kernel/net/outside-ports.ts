import { localPortRange, reservedPorts, type PortRange } from '../proc.ts';

const LOWEST_PORT = 1024;
const PORT_MAX = 65535;
/** How many are worth a try. */
const TRIES = 64;

/**
 * Ports, in no order, that neither the kernel chooses (ip_local_port_range) nor the administrator keeps: where to look when
 * after a large run every port that the kernel may choose is in TIME_WAIT. None where the kernel's range is all there is.
 */
export function outsidePorts(
  range: PortRange = localPortRange(),
  reserved: ReadonlySet<number> = reservedPorts(),
): number[] {
  const ports: number[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (PORT_MAX + 1 - LOWEST_PORT));
    if ((port < range.first || port > range.last) && !reserved.has(port)) ports.push(port);
  }
  return ports;
}
