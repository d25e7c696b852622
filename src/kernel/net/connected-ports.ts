import { readProc, type ReadFile } from '../proc.ts';
import { addressBytes } from './sockaddr.ts';

/** TCP_TIME_WAIT as the column st has it (include/net/tcp_states.h). */
const TIME_WAIT = '06';
/** An IPv4 address in a socket of IPv6: ::ffff:0:0/96, in the words of /proc/net/tcp6. */
const MAPPED = '0000000000000000FFFF0000';

/**
 * The local ports of this network namespace's TCP connections to `address` and `port`, those in TIME_WAIT left out; none where it cannot be
 * told. Reads all sockets: a tenth of a second where there are 100 000.
 */
export function connectedPorts(address: string, port: number, read: ReadFile = readProc): ReadonlySet<number> {
  const words = wordsOf(address);
  const isIpv4 = words.length === 8;
  const wanted = isIpv4 ? `(?:${MAPPED})?${words}` : words;
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const line = new RegExp(`^ *\\d+: [0-9A-F]+:([0-9A-F]{4}) ${wanted}:${hexPort} ([0-9A-F]{2}) `, 'gm');
  const ports = new Set<number>();
  for (const file of isIpv4 ? ['/proc/net/tcp', '/proc/net/tcp6'] : ['/proc/net/tcp6']) {
    for (const [, local, state] of (read(file) ?? '').matchAll(line)) {
      if (state !== TIME_WAIT) ports.add(Number.parseInt(local!, 16));
    }
  }
  return ports;
}

/** An address as the kernel prints it there: words of 32 bits in the order of a machine that begins with the lower byte. */
function wordsOf(address: string): string {
  const bytes = addressBytes(address);
  let text = '';
  for (let word = 0; word < bytes.length; word += 4) {
    for (let at = word + 3; at >= word; at--) text += bytes[at]!.toString(16).padStart(2, '0');
  }
  return text.toUpperCase();
}
