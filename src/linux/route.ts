import { SOCK_CLOEXEC, SOCK_DGRAM } from './constants.ts';
import { loadLibc } from './libc.ts';
import { SOCKADDR_STRIDE, familyNumber, readAddress, sockaddrSize, writeSockaddr } from './sockaddr.ts';

/**
 * The source address the kernel would choose towards an address, asked by connecting a UDP socket (no packet is sent).
 * Undefined where there is no route.
 */
export function sourceAddressTowards(family: 4 | 6, address: string, port: number): string | undefined {
  const libc = loadLibc();
  const fd = libc.socket(familyNumber(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const memory = libc.alloc(SOCKADDR_STRIDE + 8);
    const size = sockaddrSize(family);
    writeSockaddr(memory.bytes, 0, family, address, port);
    if (libc.connect(fd, memory.address, size) < 0) return undefined;
    memory.bytes[SOCKADDR_STRIDE] = size;
    if (libc.getsockname(fd, memory.address, memory.address + SOCKADDR_STRIDE) < 0) return undefined;
    return readAddress(memory.bytes, 0, family);
  } finally {
    libc.close(fd);
  }
}
