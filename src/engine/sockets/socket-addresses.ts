import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { SOCKADDR_STRIDE, familyNumber, sockaddrSize, writePort, writeSockaddr } from '../../kernel/net/sockaddr.ts';
import type { Endpoint } from '../../plan/plan.ts';

/** The target and the source addresses of an engine as the kernel wants them: sockaddrs in memory that does not move. */
export class SocketAddresses {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** Bytes of each sockaddr. */
  readonly size: number;
  /** The address of the target's sockaddr. */
  readonly target: number;
  readonly #sources: NativeMemory;

  constructor(libc: Libc, target: Endpoint, sources: readonly string[]) {
    this.family = familyNumber(target.family);
    this.size = sockaddrSize(target.family);
    const memory = libc.alloc(SOCKADDR_STRIDE);
    writeSockaddr(memory.bytes, 0, target.family, target.address, target.port);
    this.target = memory.address;
    this.#sources = libc.alloc(SOCKADDR_STRIDE * Math.max(1, sources.length));
    for (const [index, address] of sources.entries()) {
      writeSockaddr(this.#sources.bytes, index * SOCKADDR_STRIDE, target.family, address, 0);
    }
  }

  /** The address of the source's sockaddr, with this port in it until the next call for the same source. */
  source(index: number, port: number): number {
    const offset = index * SOCKADDR_STRIDE;
    writePort(this.#sources.bytes, offset, port);
    return this.#sources.address + offset;
  }

  /** Writes the source's sockaddr with this port into memory of the caller's. */
  copySource(index: number, port: number, into: Uint8Array, offset: number): void {
    const from = index * SOCKADDR_STRIDE;
    const { bytes } = this.#sources;
    for (let i = 0; i < this.size; i++) into[offset + i] = bytes[from + i]!;
    writePort(into, offset, port);
  }
}
