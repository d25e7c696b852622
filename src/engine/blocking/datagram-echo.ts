import {
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  IP_PKTINFO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEPORT,
} from '../../kernel/constants.ts';
import { EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EINTR, errnoName } from '../../kernel/errno.ts';
import { loadLibc } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { SOCKADDR_STRIDE, familyNumber, readPort, sockaddrSize, writeSockaddr } from '../../kernel/net/sockaddr.ts';
import { closeFailed } from '../sockets/close-failed.ts';
import type { DatagramDriver, DatagramEcho, DatagramEchoOptions } from '../seam/datagram-echo.ts';
import { ANSWER, EchoGuard } from '../sockets/echo-guard.ts';
import { POLL_NS } from '../seam/engine.ts';
import { listenError } from '../sockets/listen-error.ts';

const DATAGRAM_MAX_BYTES = 65_536;
/** The receive buffer that is requested; the kernel grants up to net.core.rmem_max. */
const BUFFER_BYTES = 4 * 1024 * 1024;
const CONTROL_BYTES = 64;
/** Datagrams in a row before the driver is asked whether to go on: under load it is not asked for each. */
const TURNS = 64;

/** struct msghdr on 64-bit machines, as 32-bit words. */
const MSG_NAMELEN = 2;
const MSG_CONTROL = 8;
const MSG_CONTROLLEN = 10;
const MSG_FLAGS = 12;
const MSG_BYTES = 56;

/** The offset in a sockaddr after family and port. The address of either family follows (zeros for the rest of IPv4), and the flow label, which is 0. */
const ADDRESS_AT = 4;
const ADDRESS_BYTES = 20;

/** struct cmsghdr { size_t len; int level; int type } and then struct in_pktinfo { int ifindex; … }. */
const CMSG_LEVEL = 2;
const CMSG_DATA = 4;
/** struct in6_pktinfo { struct in6_addr addr; int ifindex }. */
const IPV6_IFINDEX = CMSG_DATA + 4;

/**
 * A thread that sleeps in receive and sends back what it gets: two calls a datagram. The answer leaves from the address that
 * was asked (IP_PKTINFO, ip(7); RFC 3542, section 6), or a peer that has connected its socket would never hear it.
 */
export class BlockingDatagramEcho implements DatagramEcho {
  readonly #libc: Libc;
  readonly #options: DatagramEchoOptions;
  /** struct msghdr, then struct iovec. */
  readonly #message: NativeMemory;
  readonly #words: Int32Array;
  readonly #address: NativeMemory;
  readonly #control: NativeMemory;
  readonly #controlWords: Int32Array;
  readonly #data: NativeMemory;
  readonly #value: NativeMemory;
  /** A word that never changes: a wait for its change is a sleep. */
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  #fd = -1;
  #port = 0;
  #guard!: EchoGuard;
  /** Receives that have failed in a row. */
  #failures = 0;

  constructor(options: DatagramEchoOptions) {
    const libc = loadLibc();
    this.#libc = libc;
    this.#options = options;
    this.#message = libc.alloc(MSG_BYTES + 16);
    this.#words = new Int32Array(this.#message.bytes.buffer, 0, this.#message.bytes.length / 4);
    this.#address = libc.alloc(SOCKADDR_STRIDE);
    this.#control = libc.alloc(CONTROL_BYTES);
    this.#controlWords = new Int32Array(this.#control.bytes.buffer, 0, CONTROL_BYTES / 4);
    this.#data = libc.alloc(DATAGRAM_MAX_BYTES);
    this.#value = libc.alloc(16);
    const pointers = new BigUint64Array(this.#message.bytes.buffer, 0, this.#message.bytes.length / 8);
    const iovec = MSG_BYTES / 8;
    pointers[0] = BigInt(this.#address.address);
    pointers[2] = BigInt(this.#message.address + MSG_BYTES);
    pointers[3] = 1n;
    pointers[MSG_CONTROL / 2] = BigInt(this.#control.address);
    pointers[iovec] = BigInt(this.#data.address);
  }

  get port(): number {
    return this.#port;
  }

  listen(): void {
    const { host, port } = this.#options;
    const family = host === null || host.includes(':') ? 6 : 4;
    let errno = this.#bind(family, host ?? '::', port);
    // No IPv6 here: every address is then every IPv4 address.
    if (host === null && (errno === EAFNOSUPPORT || errno === EADDRNOTAVAIL)) errno = this.#bind(4, '0.0.0.0', port);
    if (errno !== 0) throw listenError(host, port, errnoName(errno));
  }

  /** 0, or the error number. */
  #bind(family: 4 | 6, address: string, port: number): number {
    const libc = this.#libc;
    const fd = libc.socket(familyNumber(family), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return libc.errno();
    this.#set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    this.#set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
    if (family === 6) {
      this.#set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
      this.#set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else this.#set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    new BigInt64Array(this.#value.bytes.buffer, 0, 2).set([0n, BigInt(POLL_NS / 1e3)]);
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, this.#value.address, 16);
    writeSockaddr(this.#address.bytes, 0, family, address, port);
    const size = sockaddrSize(family);
    if (libc.bind(fd, this.#address.address, size) === 0) {
      new Int32Array(this.#value.bytes.buffer, 0, 1)[0] = size;
      if (libc.getsockname(fd, this.#address.address, this.#value.address) === 0) {
        this.#fd = fd;
        this.#port = readPort(this.#address.bytes, 0);
        this.#guard = new EchoGuard(this.#port, this.#options.ratePerPeer, this.#options.clock);
        return 0;
      }
    }
    return closeFailed(libc, fd);
  }

  #set(fd: number, level: number, name: number, value: number): void {
    new Int32Array(this.#value.bytes.buffer, 0, 1)[0] = value;
    this.#libc.setsockopt(fd, level, name, this.#value.address, 4);
  }

  run(driver: DatagramDriver): void {
    while (driver.step()) {
      for (let turn = 0; turn < TURNS; turn++) if (!this.#echoOne(driver)) break;
    }
  }

  /** False if none came in time. */
  #echoOne(driver: DatagramDriver): boolean {
    const words = this.#words;
    const iovecLength = MSG_BYTES / 4 + 2;
    words[MSG_NAMELEN] = SOCKADDR_STRIDE;
    words[MSG_CONTROLLEN] = CONTROL_BYTES;
    words[MSG_FLAGS] = 0;
    words[iovecLength] = DATAGRAM_MAX_BYTES;
    const bytes = this.#libc.recvmsg(this.#fd, this.#message.address, 0);
    if (bytes < 0) {
      const errno = this.#libc.errno();
      if (errno !== EAGAIN && errno !== EINTR) this.#fail(driver, errno);
      return false;
    }
    this.#failures = 0;
    driver.received(bytes);
    const verdict = this.#judge(bytes);
    if (verdict !== ANSWER) {
      driver.dropped(verdict);
      return true;
    }
    words[iovecLength] = bytes;
    this.#releaseInterface();
    const sent = this.#libc.sendmsg(this.#fd, this.#message.address, 0);
    if (sent < 0) driver.failed(this.#libc.errno());
    else driver.sent(sent);
    return true;
  }

  /** A receive that fails does not sleep in the kernel. One that fails again and again would keep a core busy. */
  #fail(driver: DatagramDriver, errno: number): void {
    driver.failed(errno);
    if (++this.#failures > 1) Atomics.wait(this.#pause, 0, 0, POLL_NS / 1e6);
  }

  #judge(count: number): number {
    const { bytes } = this.#address;
    const port = readPort(bytes, 0);
    const place = this.#guard.placeOf(bytes, ADDRESS_AT, ADDRESS_AT + ADDRESS_BYTES, port);
    return this.#guard.judge(this.#data.bytes, count, port, place);
  }

  /** What came with the datagram goes back with the answer, but for the interface: the route decides on that. */
  #releaseInterface(): void {
    const control = this.#controlWords;
    if (this.#words[MSG_CONTROLLEN] === 0) return;
    if (control[CMSG_LEVEL] === IPPROTO_IP) control[CMSG_DATA] = 0;
    // A link-local address means nothing without its interface.
    else if ((control[CMSG_DATA]! & 0xc0ff) !== 0x80fe) control[IPV6_IFINDEX] = 0;
  }

  dispose(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}
