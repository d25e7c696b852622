import { closeSync, openSync, readSync } from 'node:fs';

const FILES = ['/proc/net/tcp', '/proc/net/tcp6'];
const CHUNK_BYTES = 64 * 1024;
/** TCP_LISTEN as the column st has it (include/net/tcp_states.h). */
const LISTEN = '0A';

/** Ports on which a TCP socket of this network namespace listens, on any address; none where it cannot be told. */
export function listeningPorts(files: readonly string[] = FILES): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const file of files) {
    try {
      readListeners(file, ports);
    } catch {
      // A system without IPv6 has no tcp6.
    }
  }
  return ports;
}

/**
 * Reads a file up to its last listener. The kernel prints all of them before the first other socket (tcp_seq_next in
 * net/ipv4/tcp_ipv4.c), and these may be 100 000 in TIME_WAIT, which take a tenth of a second to read.
 */
function readListeners(file: string, ports: Set<number>): void {
  const fd = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let rest = '';
    for (;;) {
      const bytes = readSync(fd, chunk);
      if (bytes === 0) return;
      const lines = (rest + chunk.toString('latin1', 0, bytes)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const match = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line);
        // The heading.
        if (match === null) continue;
        if (match[2] !== LISTEN) return;
        ports.add(Number.parseInt(match[1]!, 16));
      }
    }
  } finally {
    closeSync(fd);
  }
}
