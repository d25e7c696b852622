import { SOCK_CLOEXEC, SOCK_DGRAM } from '../constants.ts';
import { EADDRNOTAVAIL } from '../errno.ts';
import { loadLibc } from '../libc.ts';
import { SOCKADDR_STRIDE, familyNumber, sockaddrSize, writeSockaddr } from './sockaddr.ts';

/**
 * Those of `addresses` that this machine does not have, in order. Binds a UDP socket to each and closes it again, so that AnyIP
 * routes (`ip route add local 10.0.0.0/8 dev lo`) count too; nothing is sent. About 5 µs an address. Throws where there is no
 * koffi.
 */
export function missingAddresses(addresses: readonly string[]): string[] {
  const libc = loadLibc();
  const sockaddr = libc.alloc(SOCKADDR_STRIDE);
  return addresses.filter((address) => {
    const family = address.includes(':') ? 6 : 4;
    writeSockaddr(sockaddr.bytes, 0, family, address, 0);
    const fd = libc.socket(familyNumber(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return true;
    const isMissing = libc.bind(fd, sockaddr.address, sockaddrSize(family)) < 0 && libc.errno() === EADDRNOTAVAIL;
    libc.close(fd);
    return isMissing;
  });
}
