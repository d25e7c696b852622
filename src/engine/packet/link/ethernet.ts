import type { FramePort } from '../port/frame-port.ts';
import type { PacketLink } from '../../seam/link.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;

export const MAC_BYTES = 6;
const HEADER_BYTES = 14;
const TAG_BYTES = 4;

export const BROADCAST_MAC: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);

/** Ethernet is the head of each frame of a link: with a tag (IEEE 802.1Q) where the link has one, and from the interface's address. */
export class Ethernet {
  /** How many bytes a head has. */
  readonly headerBytes: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #mac: Uint8Array;
  readonly #vlan: number | null;

  constructor(port: Pick<FramePort, 'bytes' | 'view'>, link: Pick<PacketLink, 'mac' | 'vlan'>) {
    this.headerBytes = link.vlan === null ? HEADER_BYTES : HEADER_BYTES + TAG_BYTES;
    this.#bytes = port.bytes;
    this.#view = port.view;
    this.#mac = link.mac;
    this.#vlan = link.vlan;
  }

  /** Writes the head of `frame`, to where the frame at `received` came from. */
  answer(frame: number, received: number, ethertype: number): void {
    this.#bytes.copyWithin(frame, received + MAC_BYTES, received + 2 * MAC_BYTES);
    this.#finish(frame, ethertype);
  }

  /** Writes the head of `frame`, to `mac`. */
  address(frame: number, mac: Uint8Array, ethertype: number): void {
    this.#bytes.set(mac, frame);
    this.#finish(frame, ethertype);
  }

  #finish(frame: number, ethertype: number): void {
    this.#bytes.set(this.#mac, frame + MAC_BYTES);
    let at = frame + 2 * MAC_BYTES;
    if (this.#vlan !== null) {
      this.#view.setUint16(at, ETHERTYPE_VLAN);
      this.#view.setUint16(at + 2, this.#vlan);
      at += TAG_BYTES;
    }
    this.#view.setUint16(at, ethertype);
  }
}
