import { IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, SOL_SOCKET, SO_REUSEADDR } from '../../kernel/constants.ts';
import type { Libc } from '../../kernel/libc.ts';
import { closeFailed } from './close-failed.ts';
import { KERNEL_PORT, KERNEL_SOURCE, type ClientEngineOptions } from '../seam/engine.ts';
import { freebindOption } from './freebind.ts';
import type { SocketAddresses } from './socket-addresses.ts';

/** The sockets of a client before they connect, made through libc, and the option values that they need. */
export class OutgoingSockets {
  readonly addresses: SocketAddresses;
  /** The address of an int 1. */
  readonly one: number;
  /** What a socket needs before it is bound to an address that this machine does not have; null where it is bound to no such one. */
  readonly freebind: { readonly level: number; readonly name: number } | null;
  readonly #libc: Libc;

  constructor(
    libc: Libc,
    addresses: SocketAddresses,
    { target, isFreebind }: Pick<ClientEngineOptions, 'target' | 'isFreebind'>,
  ) {
    this.#libc = libc;
    this.addresses = addresses;
    this.freebind = isFreebind === true ? freebindOption(target.family) : null;
    const memory = libc.alloc(4);
    new Int32Array(memory.bytes.buffer, 0, 1)[0] = 1;
    this.one = memory.address;
  }

  /** The option that a socket needs before it is bound: without it a port that is in TIME_WAIT cannot be bound. */
  optionLevel(port: number): number {
    return port === KERNEL_PORT ? IPPROTO_IP : SOL_SOCKET;
  }

  optionName(port: number): number {
    return port === KERNEL_PORT ? IP_BIND_ADDRESS_NO_PORT : SO_REUSEADDR;
  }

  /** A socket of this type bound to source and port: its descriptor, or the negative error number. */
  make(type: number, source: number, port: number): number {
    const libc = this.#libc;
    const fd = libc.socket(this.addresses.family, type, 0);
    if (fd < 0) return -libc.errno();
    if (source === KERNEL_SOURCE) return fd;
    libc.setsockopt(fd, this.optionLevel(port), this.optionName(port), this.one, 4);
    if (this.freebind !== null) libc.setsockopt(fd, this.freebind.level, this.freebind.name, this.one, 4);
    return libc.bind(fd, this.addresses.source(source, port), this.addresses.size) < 0 ? -closeFailed(libc, fd) : fd;
  }
}
