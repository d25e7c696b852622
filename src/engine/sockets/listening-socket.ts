import {
  AF_INET6,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_REUSEADDR,
  SO_REUSEPORT,
  TCP_NODELAY,
} from '../../kernel/constants.ts';
import { EADDRNOTAVAIL, EAFNOSUPPORT, errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { SOCKADDR_STRIDE, familyNumber, readPort, sockaddrSize, writeSockaddr } from '../../kernel/net/sockaddr.ts';
import { closeFailed } from './close-failed.ts';
import { listenError } from './listen-error.ts';

export interface ListeningSocket {
  readonly fd: number;
  /** The port that is bound. */
  readonly port: number;
}

/**
 * A non-blocking SO_REUSEPORT socket that listens on `host` (an address; null is every address of both families, on one
 * socket) and `port` (0: the kernel's choice). Throws `RunError` with the system's code.
 */
export function openListeningSocket(libc: Libc, host: string | null, port: number, backlog: number): ListeningSocket {
  const family = host === null || host.includes(':') ? 6 : 4;
  const first = tryListen(libc, family, host ?? '::', port, backlog);
  if (first.errno === 0) return first;
  // No IPv6 here: every address is then every IPv4 address.
  if (host === null && (first.errno === EAFNOSUPPORT || first.errno === EADDRNOTAVAIL)) {
    const second = tryListen(libc, 4, '0.0.0.0', port, backlog);
    if (second.errno === 0) return second;
    throw listenError(host, port, errnoName(second.errno));
  }
  throw listenError(host, port, errnoName(first.errno));
}

function tryListen(
  libc: Libc,
  family: 4 | 6,
  address: string,
  port: number,
  backlog: number,
): ListeningSocket & { readonly errno: number } {
  const fd = libc.socket(familyNumber(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return { fd, port: 0, errno: libc.errno() };
  const memory = libc.alloc(SOCKADDR_STRIDE + 8);
  const words = new Int32Array(memory.bytes.buffer, 0, memory.bytes.length / 4);
  const turn = (level: number, option: number, value: number): number => {
    words[SOCKADDR_STRIDE / 4] = value;
    return libc.setsockopt(fd, level, option, memory.address + SOCKADDR_STRIDE, 4);
  };
  const size = sockaddrSize(family);
  const isListening =
    turn(SOL_SOCKET, SO_REUSEADDR, 1) === 0 &&
    turn(SOL_SOCKET, SO_REUSEPORT, 1) === 0 &&
    // Accepted sockets inherit it, so it costs nothing for a connection.
    turn(IPPROTO_TCP, TCP_NODELAY, 1) === 0 &&
    (familyNumber(family) !== AF_INET6 || turn(IPPROTO_IPV6, IPV6_V6ONLY, 0) === 0) &&
    (writeSockaddr(memory.bytes, 0, family, address, port), libc.bind(fd, memory.address, size) === 0) &&
    libc.listen(fd, backlog) === 0;
  words[SOCKADDR_STRIDE / 4] = size;
  if (isListening && libc.getsockname(fd, memory.address, memory.address + SOCKADDR_STRIDE) === 0) {
    return { fd, port: readPort(memory.bytes, 0), errno: 0 };
  }
  return { fd: -1, port: 0, errno: closeFailed(libc, fd) };
}
