import { SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR } from '../../src/kernel/constants.ts';
import { loadLibc } from '../../src/kernel/libc.ts';
import { SOCKADDR_STRIDE, familyNumber, sockaddrSize, writeSockaddr } from '../../src/kernel/net/sockaddr.ts';

/** A listener on 127.0.0.1 that never accepts: its accept queue holds `backlog` + 1 connections, and is full then. */
export function listenWithoutAccepting(port: number, backlog: number): { close: () => void } {
  const libc = loadLibc();
  const address = libc.alloc(SOCKADDR_STRIDE);
  writeSockaddr(address.bytes, 0, 4, '127.0.0.1', port);
  const fd = libc.socket(familyNumber(4), SOCK_STREAM | SOCK_CLOEXEC, 0);
  // The port may have been the source port of a connection that is in TIME_WAIT now.
  const one = libc.alloc(4);
  one.bytes[0] = 1;
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one.address, 4);
  if (fd < 0 || libc.bind(fd, address.address, sockaddrSize(4)) < 0 || libc.listen(fd, backlog) < 0)
    throw new Error(`cannot listen on ${port}: errno ${libc.errno()}`);
  return { close: () => void libc.close(fd) };
}
