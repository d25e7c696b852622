/** When connections arrive, by the kernel's clock: no process has to be awake for that, so no pauses of a process are in it. */
import { MAP_SHARED_POPULATE, PROT_READ_WRITE, SOCK_DGRAM, SOL_SOCKET } from '../src/kernel/constants.ts';
import { errnoName } from '../src/kernel/errno.ts';
import { loadLibc, nativeCopy } from '../src/kernel/libc.ts';
import type { Libc } from '../src/kernel/libc.ts';

// packet(7), linux/if_packet.h.
const AF_PACKET = 17;
/** ETH_P_IP in network order. */
const IPV4 = 0x0008;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const SO_ATTACH_FILTER = 26;
const PACKET_HOST = 0;
/** struct tpacket_hdr as words: status (a long), then seconds and microseconds; behind it a struct sockaddr_ll. */
const STATUS_WORD = 0;
const SEC_WORD = 5;
const USEC_WORD = 6;
const PACKET_TYPE_BYTE = 32 + 10;

const FRAME_BYTES = 128;
const BLOCK_BYTES = 64 * 1024;
const FRAMES_A_BLOCK = BLOCK_BYTES / FRAME_BYTES;

/** SYNs without ACK to this TCP port, as a classic BPF program of struct sock_filter (16-bit code, jumps when true and false, value). */
function synFilter(port: number): Uint8Array {
  const program = [
    [0x30, 0, 0, 9], // the protocol of the IPv4 header
    [0x15, 0, 6, 6], // TCP
    [0xb1, 0, 0, 0], // the length of the header
    [0x48, 0, 0, 2], // destination port
    [0x15, 0, 3, port],
    [0x50, 0, 0, 13], // flags
    [0x15, 0, 1, 0x02],
    [0x06, 0, 0, 0xffff],
    [0x06, 0, 0, 0],
  ] as const;
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [code, whenTrue, whenFalse, value]] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, value, true);
  }
  return bytes;
}

/** Notes each SYN that comes to a port of this machine. Needs root (CAP_NET_RAW). */
export class Arrivals {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #address: number;
  readonly #size: number;

  /** Room for `most` connections; what comes after them is not noted. */
  constructor(port: number, most: number) {
    const libc = loadLibc();
    this.#libc = libc;
    // Each comes twice over loopback, once on its way out.
    const blocks = Math.ceil((2 * most) / FRAMES_A_BLOCK);
    this.#size = blocks * BLOCK_BYTES;
    this.#fd = libc.socket(AF_PACKET, SOCK_DGRAM, IPV4);
    if (this.#fd < 0) throw this.#failure('a packet socket (needs root)');
    const filter = nativeCopy(libc, synFilter(port));
    const program = new Uint8Array(16);
    new DataView(program.buffer).setUint16(0, filter.bytes.length / 8, true);
    new DataView(program.buffer).setBigUint64(8, BigInt(filter.address), true);
    this.#set(SOL_SOCKET, SO_ATTACH_FILTER, program);
    const request = new Uint32Array([BLOCK_BYTES, blocks, FRAME_BYTES, blocks * FRAMES_A_BLOCK]);
    this.#set(SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer));
    this.#address = libc.mmap(0, this.#size, PROT_READ_WRITE, MAP_SHARED_POPULATE, this.#fd, 0);
    if (this.#address === -1) throw this.#failure('the ring of packets');
  }

  #set(level: number, name: number, value: Uint8Array): void {
    const { address } = nativeCopy(this.#libc, value);
    if (this.#libc.setsockopt(this.#fd, level, name, address, value.length) < 0) throw this.#failure('a packet socket');
  }

  #failure(what: string): Error {
    return new Error(`${what}: ${errnoName(this.#libc.errno())}`);
  }

  /** Milliseconds between the first arrival and each. */
  timesMs(): number[] {
    const times = this.epochMs();
    return times.map((timeMs) => timeMs - times[0]!);
  }

  /** When each arrived so far, in milliseconds since 1970. */
  epochMs(): number[] {
    const memory = this.#libc.view(this.#address, this.#size);
    const words = new Uint32Array(memory);
    const bytes = new Uint8Array(memory);
    const times: number[] = [];
    for (let at = 0; at < this.#size; at += FRAME_BYTES) {
      if (words[at / 4 + STATUS_WORD] === 0) break;
      if (bytes[at + PACKET_TYPE_BYTE] !== PACKET_HOST) continue;
      times.push(words[at / 4 + SEC_WORD]! * 1e3 + words[at / 4 + USEC_WORD]! / 1e3);
    }
    return times;
  }

  close(): void {
    this.#libc.munmap(this.#address, this.#size);
    this.#libc.close(this.#fd);
  }
}
