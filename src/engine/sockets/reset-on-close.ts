import { SOL_SOCKET, SO_LINGER } from '../../kernel/constants.ts';
import type { Libc } from '../../kernel/libc.ts';

/** ResetOnClose makes the close of a socket send RST (socket(7), SO_LINGER). */
export class ResetOnClose {
  /** The address of a struct linger { 1, 0 }, 8 bytes. */
  readonly address: number;
  readonly #libc: Libc;

  constructor(libc: Libc) {
    this.#libc = libc;
    const memory = libc.alloc(8);
    new Int32Array(memory.bytes.buffer, 0, 2).set([1, 0]);
    this.address = memory.address;
  }

  set(fd: number): void {
    this.#libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, this.address, 8);
  }
}
