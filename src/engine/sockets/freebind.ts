import { IPPROTO_IP, IPPROTO_IPV6, IPV6_FREEBIND, IP_FREEBIND } from '../../kernel/constants.ts';
import { RunError } from '../../units/run-error.ts';

/** The option that lets a socket bind an address that this machine does not have: ip(7); IPV6_FREEBIND since Linux 4.15. */
export function freebindOption(family: 4 | 6): { readonly level: number; readonly name: number } {
  return family === 4 ? { level: IPPROTO_IP, name: IP_FREEBIND } : { level: IPPROTO_IPV6, name: IPV6_FREEBIND };
}

/** What an engine throws that cannot bind such an address. */
export function freebindError(): RunError {
  return new RunError(
    'ENOTSUP',
    'the node engine cannot bind addresses that this machine does not have (--freebind)',
    'use --engine uring or epoll, or add the addresses to a device: ip addr add ADDRESS dev DEVICE',
  );
}
