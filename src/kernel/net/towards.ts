import { IPPROTO_IP, IPPROTO_IPV6, IPV6_MTU, IP_MTU, SOCK_CLOEXEC, SOCK_DGRAM } from '../constants.ts';
import { loadLibc } from '../libc.ts';
import type { Libc, NativeMemory } from '../libc.ts';
import { SOCKADDR_STRIDE, familyNumber, readAddress, sockaddrSize, writeSockaddr } from './sockaddr.ts';

/**
 * The source address the kernel would choose towards an address, asked by connecting a UDP socket (no packet is sent).
 * Undefined where there is no route.
 */
export function sourceAddressTowards(family: 4 | 6, address: string, port: number): string | undefined {
  return askConnected(family, address, port, (libc, fd, memory) => {
    memory.bytes[SOCKADDR_STRIDE] = sockaddrSize(family);
    if (libc.getsockname(fd, memory.address, memory.address + SOCKADDR_STRIDE) < 0) return undefined;
    return readAddress(memory.bytes, 0, family);
  });
}

/** The largest packet towards an address, in bytes with its IP header, as the kernel knows it now (ip(7), IP_MTU). */
export function mtuTowards(family: 4 | 6, address: string, port: number): number | undefined {
  const [level, name] = family === 4 ? [IPPROTO_IP, IP_MTU] : [IPPROTO_IPV6, IPV6_MTU];
  return askConnected(family, address, port, (libc, fd, memory) => {
    memory.bytes[SOCKADDR_STRIDE] = 4;
    if (libc.getsockopt(fd, level, name, memory.address, memory.address + SOCKADDR_STRIDE) < 0) return undefined;
    return new DataView(memory.bytes.buffer).getInt32(0, true);
  });
}

/** Asks a UDP socket that is connected to an address. `ask` gets room for an address, followed by room for its size. */
function askConnected<T>(
  family: 4 | 6,
  address: string,
  port: number,
  ask: (libc: Libc, fd: number, memory: NativeMemory) => T,
): T | undefined {
  const libc = loadLibc();
  const fd = libc.socket(familyNumber(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const memory = libc.alloc(SOCKADDR_STRIDE + 8);
    writeSockaddr(memory.bytes, 0, family, address, port);
    if (libc.connect(fd, memory.address, sockaddrSize(family)) < 0) return undefined;
    return ask(libc, fd, memory);
  } finally {
    libc.close(fd);
  }
}
