import { random } from '../engine/conformance/random.ts';
import { MACS } from '../engine/packet/links.ts';
import type { Pair } from '../engine/packet/tcp/two-tcps.ts';
import { datagramOf, decodeFrame, encodeIcmp, macBytes, rewriteTcp } from '../engine/packet/packets.ts';

export interface AttackerOptions {
  readonly seed: number;
  /** Makes the checksums of its frames right. */
  readonly makesSound: boolean;
  /** How many frames it makes for one that passes. */
  readonly share: number;
}

/** The most that one attack consists of, so that a case ends. */
const MOST_FRAMES = 2000;
/** Frames that it remembers. */
const MEMORY = 64;

/** Listens to the wire of two TCPs, and puts frames of its own on it: changed ones, old ones, errors that quote them, and rubbish. */
export class Attacker {
  frames = 0;
  #isOver = false;
  readonly #pair: Pair;
  readonly #options: AttackerOptions;
  readonly #chance: () => number;
  readonly #heard: Uint8Array[] = [];

  constructor(pair: Pair, options: AttackerOptions) {
    this.#pair = pair;
    this.#options = options;
    this.#chance = random(options.seed ^ 0x5bd1e995);
    pair.onFrame = (frame) => this.#hear(frame);
  }

  stop(): void {
    this.#isOver = true;
  }

  #below(most: number): number {
    return Math.floor(this.#chance() * most);
  }

  #hear(frame: Uint8Array): void {
    if (this.#heard.length < MEMORY) this.#heard.push(frame.slice());
    else this.#heard[this.#below(MEMORY)] = frame.slice();
    while (!this.#isOver && this.frames < MOST_FRAMES && this.#chance() < this.#options.share) this.#attack();
  }

  #attack(): void {
    const model = this.#heard[this.#below(this.#heard.length)]!;
    const frame = this.#make(model.slice());
    if (!this.#options.makesSound && isUsable(frame)) return;
    this.frames++;
    this.#pair.inject(this.#chance() < 0.8 ? endOf(frame) : this.#below(2) === 0 ? 0 : 1, frame);
  }

  #make(frame: Uint8Array): Uint8Array {
    switch (this.#below(8)) {
      case 0:
        return this.#rubbish();
      case 1:
        return this.#withTurnedBits(frame);
      case 2:
        return frame.subarray(0, this.#below(frame.length));
      case 3:
        return this.#error(frame);
      case 4:
        // As it was, but late.
        return this.#options.makesSound ? frame : this.#withTurnedBits(frame);
      default:
        return this.#changed(frame);
    }
  }

  #rubbish(): Uint8Array {
    const frame = Uint8Array.from({ length: 15 + this.#below(200) }, () => this.#below(256));
    if (this.#chance() < 0.5) frame.set(macBytes(MACS[this.#below(2)]!));
    const types = [0x0800, 0x86dd, 0x0806, 0x8100];
    const type = types[this.#below(types.length)]!;
    frame.set([type >> 8, type & 255, type === 0x86dd ? 0x60 : 0x45], 12);
    return frame;
  }

  #withTurnedBits(frame: Uint8Array): Uint8Array {
    for (let i = 0; i <= this.#below(4); i++) frame[12 + this.#below(frame.length - 12)]! ^= 1 << this.#below(8);
    return frame;
  }

  /** A segment with other numbers, flags, windows or options. */
  #changed(frame: Uint8Array): Uint8Array {
    const change = (header: Uint8Array): void => {
      const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
      const move = (at: number): void => {
        const by = [1, -1, 2, 1000, -1000, 65_536, -65_536, 2 ** 31][this.#below(8)]!;
        view.setInt32(at, (view.getInt32(at) + by) | 0);
      };
      for (let i = 0; i <= this.#below(3); i++) {
        const what = this.#below(7);
        if (what === 0) move(4);
        else if (what === 1) move(8);
        else if (what === 2) header[13] = [2, 4, 16, 17, 18, 20, 24, 0, 1, 63, 255][this.#below(11)]!;
        else if (what === 3) view.setUint16(14, [0, 1, 65_535][this.#below(3)]!);
        else if (what === 4 && header.length > 20) header[20 + this.#below(header.length - 20)] = this.#below(256);
        else if (what === 5) header[12] = this.#below(256);
        else header[this.#below(header.length)] = this.#below(256);
      }
    };
    if (this.#options.makesSound) rewriteTcp(frame, change);
    else change(frame.subarray(Math.min(34, frame.length - 20)));
    return frame;
  }

  /** An ICMP error that quotes the frame, to the end that sent it. */
  #error(frame: Uint8Array): Uint8Array {
    const packet = decodeFrame(frame);
    if (packet.kind !== 'tcp') return this.#rubbish();
    const { family, vlan, source, sourceMac, destinationMac } = packet;
    const types = family === 4 ? [3, 4, 5, 11, 12, 8] : [1, 2, 3, 4, 128, 135];
    const quoted = datagramOf(frame).subarray(0, 28 + this.#below(60));
    const word = [0, 1, 500, 1300, 0xffff_ffff][this.#below(5)]!;
    return encodeIcmp({
      kind: 'icmp',
      family,
      vlan,
      source: packet.destination,
      destination: source,
      sourceMac: destinationMac,
      destinationMac: sourceMac,
      ttl: 255,
      type: types[this.#below(types.length)]!,
      code: this.#below(6),
      body: Uint8Array.from([word >>> 24, (word >> 16) & 255, (word >> 8) & 255, word & 255, ...quoted]),
      isSound: this.#options.makesSound,
    });
  }
}

/** Whether a frame could be taken for one of the connection: its checksums are right. */
function isUsable(frame: Uint8Array): boolean {
  if (frame.length < 14) return false;
  const packet = decodeFrame(frame);
  return (packet.kind === 'tcp' || packet.kind === 'icmp') && packet.isSound;
}

/** The end that a frame is addressed to. */
function endOf(frame: Uint8Array): 0 | 1 {
  return frame.length >= 6 && frame[5] === 0x0b ? 1 : 0;
}
