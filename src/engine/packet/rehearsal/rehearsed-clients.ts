import type { Clock } from '../../../runtime/clock.ts';
import type { PacketLink } from '../../seam/link.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet } from '../link/ethernet.ts';
import type { RehearsalPort, RehearsedPeer } from './rehearsal-port.ts';
import { fold, sumOf } from '../tcp/checksum.ts';
import { ACK, FIN, PSH, RST, SYN } from '../tcp/segment-writer.ts';
import { FIRST_SEQUENCE, SYN_OPTIONS, TIMESTAMPS } from './rehearsed-options.ts';

/** Connections that are open at a time. */
const OPEN = 64;
/** Each needs a port of its own for as long as the server may keep its 4-tuple. */
const MOST_CONNECTIONS = 40_000;
const FIRST_PORT = 1024;
const REQUEST_BYTES = 64;
const PROTOCOL_TCP = 6;
const WINDOW = 0xffff;
/** A locally administered address (IEEE 802). */
const CLIENT_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);

/** How long connections come, and to which port. */
export interface RehearsedLoad {
  readonly clock: Clock;
  /** When the last connection begins at the latest, on the clock. */
  readonly endNs: number;
  readonly serverPort: number;
  /** Called when all connections have ended, or none goes on. */
  readonly onEnd: () => void;
}

/**
 * Clients that are not there: they open connections to a server, send a request, read what comes, and end. They keep nothing of a connection,
 * since all of them begin with the same sequence numbers: what a segment of the server has and acknowledges says how far its connection is.
 */
export class RehearsedClients implements RehearsedPeer {
  /** The initial sequence number that the server's TCP has to use. */
  static readonly firstSequence = FIRST_SEQUENCE;
  readonly #port: RehearsalPort;
  readonly #load: RehearsedLoad;
  readonly #isIpv6: boolean;
  /** Where IP and TCP begin in a frame. */
  readonly #ip: number;
  readonly #tcp: number;
  /** The headers below TCP of every frame. */
  readonly #head: Uint8Array;
  #begun = 0;

  constructor(port: RehearsalPort, link: PacketLink, load: RehearsedLoad) {
    this.#port = port;
    this.#load = load;
    this.#isIpv6 = link.addresses[0]!.family === 6;
    this.#ip = port.etherBytes;
    this.#tcp = this.#ip + (this.#isIpv6 ? 40 : 20);
    this.#head = this.#headOf(link);
    for (let i = 0; i < OPEN; i++) this.#begin();
  }

  /** From an address next to the server's own to the first of these, so that it is another for certain. */
  #headOf(link: PacketLink): Uint8Array {
    const { high, low } = link.addresses[0]!;
    const bytes = new Uint8Array(this.#tcp);
    const view = new DataView(bytes.buffer);
    const ethernet = new Ethernet({ bytes, view }, { mac: CLIENT_MAC, vlan: link.vlan });
    ethernet.address(0, link.mac, this.#isIpv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
    const ip = this.#ip;
    if (this.#isIpv6) {
      view.setUint32(ip, 0x6000_0000);
      view.setUint16(ip + 6, (PROTOCOL_TCP << 8) | 64);
      view.setBigUint64(ip + 8, high);
      view.setBigUint64(ip + 16, low ^ 1n);
      view.setBigUint64(ip + 24, high);
      view.setBigUint64(ip + 32, low);
    } else {
      view.setUint16(ip, 0x4500);
      view.setUint16(ip + 6, 0x4000);
      view.setUint16(ip + 8, (64 << 8) | PROTOCOL_TCP);
      view.setUint32(ip + 12, Number(low ^ 1n));
      view.setUint32(ip + 16, Number(low));
    }
    return bytes;
  }

  #begin(): void {
    if (this.#begun === MOST_CONNECTIONS || this.#load.clock.now() >= this.#load.endNs) return;
    this.#send(FIRST_PORT + this.#begun++, SYN, 0, 0, 0);
  }

  answer(frame: number): void {
    const { view } = this.#port;
    const at = frame + this.#tcp;
    const clientPort = view.getUint16(at + 2);
    const control = view.getInt32(at + 12);
    const flags = (control >>> 16) & 0x3f;
    const ip = frame + this.#ip;
    const end = this.#isIpv6 ? at + view.getUint16(ip + 4) : ip + view.getUint16(ip + 2);
    const bytes = end - at - ((control >>> 28) << 2);
    const next = (view.getInt32(at + 4) + bytes + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) | 0;
    const acknowledged = view.getInt32(at + 8) - FIRST_SEQUENCE - 1;
    const hasOurFin = acknowledged > REQUEST_BYTES;
    const sequence = hasOurFin ? acknowledged : REQUEST_BYTES;
    const received = next - FIRST_SEQUENCE - 1;
    if ((flags & RST) !== 0) this.#begin();
    else if ((flags & SYN) !== 0) this.#send(clientPort, PSH | ACK, 0, next, REQUEST_BYTES);
    else if ((flags & FIN) !== 0) {
      this.#send(clientPort, hasOurFin ? ACK : FIN | ACK, sequence, next, 0);
      if (hasOurFin) this.#begin();
    } else if (hasOurFin) this.#afterOurFin(clientPort, sequence, next, bytes);
    else if (acknowledged === REQUEST_BYTES && (bytes === 0 || received === REQUEST_BYTES)) {
      this.#send(clientPort, FIN | ACK, sequence, next, 0);
    } else if (bytes > 0) this.#send(clientPort, ACK, sequence, next, 0);
  }

  /** A server that only acknowledges the end waits for more: what it holds is reset. */
  #afterOurFin(clientPort: number, sequence: number, next: number, bytes: number): void {
    if (bytes > 0) this.#send(clientPort, ACK, sequence, next, 0);
    else {
      this.#send(clientPort, RST | ACK, sequence, next, 0);
      this.#begin();
    }
  }

  /** Nothing is under way any more. */
  idle(): void {
    this.#load.onEnd();
  }

  /** Sends a segment; `sequence` counts from the first byte of the request. */
  #send(clientPort: number, flags: number, sequence: number, acknowledgement: number, bytes: number): void {
    const frame = this.#port.take();
    if (frame < 0) return;
    const { view } = this.#port;
    this.#port.bytes.set(this.#head, frame);
    const ip = frame + this.#ip;
    const at = frame + this.#tcp;
    const isSyn = (flags & SYN) !== 0;
    const headerBytes = isSyn ? 40 : 32;
    view.setInt32(at, (clientPort << 16) | this.#load.serverPort);
    view.setInt32(at + 4, (FIRST_SEQUENCE + (isSyn ? 0 : 1) + sequence) | 0);
    view.setInt32(at + 8, acknowledgement);
    view.setInt32(at + 12, ((headerBytes >> 2) << 28) | (flags << 16) | WINDOW);
    view.setInt32(at + 16, 0);
    let option = at + 20;
    if (isSyn) for (let i = 0; i < SYN_OPTIONS.length; i++, option += 4) view.setInt32(option, SYN_OPTIONS[i]!);
    view.setInt32(option, TIMESTAMPS);
    // One time for all: no segment is an old duplicate.
    view.setInt32(option + 4, 1);
    view.setInt32(option + 8, 0);
    const tcpBytes = headerBytes + bytes;
    const end = at + tcpBytes;
    this.#port.bytes.fill(0, at + headerBytes, end);
    this.#finish(ip, at, end);
    this.#port.deliver(frame, end - frame);
  }

  /** Sets lengths and checksums. */
  #finish(ip: number, at: number, end: number): void {
    const { view } = this.#port;
    const tcpBytes = end - at;
    const addresses = sumOf(view, this.#isIpv6 ? ip + 8 : ip + 12, at);
    view.setUint16(at + 16, ~fold(addresses + PROTOCOL_TCP + tcpBytes + sumOf(view, at, end)) & 0xffff);
    if (this.#isIpv6) {
      view.setUint16(ip + 4, tcpBytes);
      return;
    }
    view.setUint16(ip + 2, end - ip);
    view.setUint16(ip + 10, 0);
    view.setUint16(ip + 10, ~sumOf(view, ip, at) & 0xffff);
  }
}
