/** Ethernet frames as they are on the wire, through packet(7): for the few that are asked for before a run. Needs CAP_NET_RAW. */
import { MSG_DONTWAIT, SOCK_CLOEXEC } from '../constants.ts';
import { attachFilter, type FilterCheck } from './packet-filter.ts';
import { loadLibc, type Libc, type NativeMemory } from '../libc.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
/** struct sockaddr_ll: family, protocol in network order, index of the interface, … */
const SOCKADDR_LL_BYTES = 20;
const FRAME_BYTES = 2048;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_ALLMULTI = 2;
/** struct packet_mreq: index of the interface, type, length of the address, address. */
const PACKET_MREQ_BYTES = 16;

/** Which frames a socket takes. */
export interface FrameChoice {
  readonly etherType: number;
  readonly checks: readonly FilterCheck[];
}

/** A socket for the frames of one EtherType on one interface, of none for 0; those of a VLAN come without their tag. */
export class PacketSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #ifindex: number;
  readonly #memory: NativeMemory;

  private constructor(libc: Libc, fd: number, ifindex: number, memory: NativeMemory) {
    this.#libc = libc;
    this.#fd = fd;
    this.#ifindex = ifindex;
    this.#memory = memory;
  }

  /** The socket, or the error number of the kernel's refusal. Throws where there is no koffi. */
  static open(ifindex: number, etherType: number): PacketSocket | number {
    const libc = loadLibc();
    const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) return libc.errno();
    const memory = libc.alloc(FRAME_BYTES);
    const view = new DataView(memory.bytes.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setUint16(2, etherType, false);
    view.setInt32(4, ifindex, true);
    if (libc.bind(fd, memory.address, SOCKADDR_LL_BYTES) === 0) return new PacketSocket(libc, fd, ifindex, memory);
    const errno = libc.errno();
    libc.close(fd);
    return errno;
  }

  /** The same for the frames that pass the checks of a choice, from a moment after it was opened. */
  static openFor(ifindex: number, { etherType, checks }: FrameChoice): PacketSocket | number {
    const socket = PacketSocket.open(ifindex, etherType);
    if (typeof socket === 'number') return socket;
    const errno = attachFilter(socket.#libc, socket.#fd, checks);
    if (errno === 0) return socket;
    socket.close();
    return errno;
  }

  /** Sends a whole frame. Returns 0 or the error number. */
  send(frame: Uint8Array): number {
    this.#memory.bytes.set(frame);
    const sent = this.#libc.send(this.#fd, this.#memory.address, frame.length, 0);
    return sent < 0 ? this.#libc.errno() : 0;
  }

  /** A copy of the next frame that has come; null where there is none. Never waits. */
  receive(): Uint8Array | null {
    const length = this.#libc.recv(this.#fd, this.#memory.address, FRAME_BYTES, MSG_DONTWAIT);
    return length < 0 ? null : this.#memory.bytes.slice(0, length);
  }

  /** Has the interface take frames to every multicast address, until this socket is closed. Returns 0 or the error number. */
  receiveAllMulticast(): number {
    const { address, bytes } = this.#memory;
    bytes.fill(0, 0, PACKET_MREQ_BYTES);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, this.#ifindex, true);
    view.setUint16(4, PACKET_MR_ALLMULTI, true);
    const result = this.#libc.setsockopt(this.#fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, address, PACKET_MREQ_BYTES);
    return result < 0 ? this.#libc.errno() : 0;
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}
