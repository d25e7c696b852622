import { NONE } from './tcp-user.ts';

const PLACES = 1 << 12;
/** A server on one segment has a router and some neighbours as its peers. More than this many are a flood of forged addresses. */
const MOST = PLACES / 2;

/**
 * Who is at the other end of the link: hardware addresses, by index, and the Ethernet headers of frames to them. A packet is answered
 * to where it came from.
 */
export class LinkPeers {
  /** Bytes of a header: 14, or 18 with a tag (IEEE 802.1Q). */
  readonly headerBytes: number;
  readonly #upper = new Uint16Array(MOST);
  readonly #lower = new Int32Array(MOST);
  readonly #places = new Uint16Array(PLACES);
  #count = 0;
  readonly #vlan: number | null;
  /** Our own address: its first 4 bytes and its last 2. */
  readonly #ownUpper: number;
  readonly #ownLower: number;

  constructor(mac: Uint8Array, vlan: number | null) {
    this.#vlan = vlan;
    this.headerBytes = vlan === null ? 14 : 18;
    const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
    this.#ownUpper = view.getInt32(0);
    this.#ownLower = view.getUint16(4);
  }

  /** The index of a hardware address of 6 bytes, which is added; `NONE` where no more fit. */
  add(mac: Uint8Array): number {
    const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
    return this.#indexOf(view.getUint16(0), view.getInt32(2));
  }

  /** The index of the sender of a frame; `NONE` where no more fit. */
  senderOf(view: DataView, frame: number): number {
    return this.#indexOf(view.getUint16(frame + 6), view.getInt32(frame + 8));
  }

  /** From now on this peer is at another hardware address. */
  move(peer: number, mac: Uint8Array): void {
    const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
    this.#upper[peer] = view.getUint16(0);
    this.#lower[peer] = view.getInt32(2);
  }

  /** Writes the header of a frame to this peer. */
  writeHeader(view: DataView, frame: number, peer: number, etherType: number): void {
    view.setUint16(frame, this.#upper[peer]!);
    view.setInt32(frame + 2, this.#lower[peer]!);
    view.setInt32(frame + 6, this.#ownUpper);
    if (this.#vlan === null) {
      view.setInt32(frame + 10, (this.#ownLower << 16) | etherType);
      return;
    }
    view.setInt32(frame + 10, (this.#ownLower << 16) | 0x8100);
    view.setInt32(frame + 14, (this.#vlan << 16) | etherType);
  }

  #indexOf(upper: number, lower: number): number {
    let at = (lower ^ (lower >>> 12) ^ upper) & (PLACES - 1);
    for (; this.#places[at] !== 0; at = (at + 1) & (PLACES - 1)) {
      const peer = this.#places[at]! - 1;
      if (this.#lower[peer] === lower && this.#upper[peer] === upper) return peer;
    }
    if (this.#count === MOST) return NONE;
    const peer = this.#count++;
    this.#upper[peer] = upper;
    this.#lower[peer] = lower;
    this.#places[at] = peer + 1;
    return peer;
  }
}
