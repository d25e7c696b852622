/** Two ports joined in memory: what one sends the other receives, late, twice, out of order, damaged or not at all, by a seed. */
import type { FramePort, FrameReceiver } from '../../../src/engine/packet/port/frame-port.ts';
import type { Deadline } from '../../../src/engine/seam/engine.ts';
import { random } from '../conformance/random.ts';
import { decodeFrame, type Packet } from './packets.ts';

export interface WireFaults {
  readonly seed?: number;
  /** Shares of frames, from 0 to 1. */
  readonly loss?: number;
  readonly duplicate?: number;
  /** Of frames that wait for `reorderNs` longer than the others. */
  readonly reorder?: number;
  /** Of frames with one bit turned, anywhere but in the Ethernet header (a card drops a frame whose check sequence is wrong). */
  readonly corrupt?: number;
}

export interface WireOptions extends WireFaults {
  readonly clock: { readonly nowNs: number };
  /** How long a frame is under way; 0 if left out. */
  readonly delayNs?: number;
  /** Twice the delay and a microsecond if left out. */
  readonly reorderNs?: number;
  readonly frameBytes?: number;
  /** Frames that each port can have under way to the wire, and that wait at its other end. */
  readonly frames?: number;
  /**
   * Checks each call against the contract of `FramePort`, and overwrites a frame once it was received. True if left out; a
   * measurement of speed does without.
   */
  readonly isStrict?: boolean;
}

/** A frame that a port handed to the wire, as it was then: 0 is the first port. */
export interface Sent {
  readonly from: 0 | 1;
  readonly atNs: number;
  readonly packet: Packet;
  readonly bytes: Uint8Array;
}

/** What a frame was overwritten with after it was received. */
const POISON = 0xdb;
/** Frames of one `receive`. */
const BATCH = 64;

const FREE = 0;
const TAKEN = 1;
const SENT = 2;

export class MemoryWire {
  readonly clock: { readonly nowNs: number };
  readonly ports: readonly [MemoryPort, MemoryPort];
  /** What was sent, where `isRecording`. */
  readonly sent: Sent[] = [];
  isRecording = false;
  /** Decides on a frame before chance does; false drops it. It may change the bytes. */
  filter: ((frame: Sent) => boolean) | null = null;
  /** Frames that were dropped because too many waited at the other end. */
  overruns = 0;
  /** Frames with a bit turned, by the port that they came from. */
  readonly damagedFrames: [number, number] = [0, 0];
  faults: Required<WireFaults>;
  readonly delayNs: number;
  readonly #reorderNs: number;
  #chance: () => number;

  constructor(options: WireOptions) {
    const { clock, delayNs = 0, frameBytes = 2048, frames = 2048, isStrict = true } = options;
    this.clock = clock;
    this.delayNs = delayNs;
    this.#reorderNs = options.reorderNs ?? 2 * delayNs + 1000;
    const { seed = 1, loss = 0, duplicate = 0, reorder = 0, corrupt = 0 } = options;
    this.faults = { seed, loss, duplicate, reorder, corrupt };
    this.#chance = random(seed);
    // One block for both ports, so that copyWithin moves a frame from one to the other.
    const memory = new ArrayBuffer(4 * frames * frameBytes);
    const setup = { memory, frames, frameBytes, isStrict };
    this.ports = [new MemoryPort(this, 0, setup), new MemoryPort(this, 1, setup)];
  }

  /** When the next frame arrives at either end; Infinity if none is under way. */
  get nextDueNs(): number {
    return Math.min(this.ports[0].nextDueNs, this.ports[1].nextDueNs);
  }

  /** Changes the faults from now on. */
  setFaults(faults: WireFaults): void {
    this.faults = { ...this.faults, ...faults };
    if (faults.seed !== undefined) this.#chance = random(faults.seed);
  }

  /** Puts a frame of a test's own on the wire, towards the other port; the wire does nothing to it. */
  inject(to: 0 | 1, frame: Uint8Array): void {
    const port = this.ports[to];
    const at = port.room();
    if (at < 0) throw new Error('there is no room for the frame of the test');
    port.bytes.set(frame, at);
    port.arrive(at, frame.length, this.clock.nowNs);
  }

  /** Moves one frame from a port to the other end. */
  carry(from: 0 | 1, offset: number, length: number): void {
    const to = this.ports[1 - from]!;
    const { bytes } = to;
    if (this.isRecording || this.filter !== null) {
      const copy = bytes.slice(offset, offset + length);
      const frame: Sent = { from, atNs: this.clock.nowNs, packet: decodeFrame(copy), bytes: copy };
      if (this.isRecording) this.sent.push(frame);
      if (this.filter !== null) {
        if (!this.filter(frame)) return;
        bytes.set(frame.bytes, offset);
      }
    }
    const { loss, duplicate, reorder, corrupt } = this.faults;
    if (loss > 0 && this.#chance() < loss) return;
    const copies = duplicate > 0 && this.#chance() < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const at = to.room();
      if (at < 0) {
        this.overruns++;
        return;
      }
      bytes.copyWithin(at, offset, offset + length);
      if (corrupt > 0 && this.#chance() < corrupt) {
        this.damagedFrames[from]++;
        this.#turnBit(bytes, at + 14, length - 14);
      }
      const isLate = reorder > 0 && this.#chance() < reorder;
      to.arrive(at, length, this.clock.nowNs + this.delayNs + (isLate ? this.#reorderNs : 0));
    }
  }

  #turnBit(bytes: Uint8Array, from: number, length: number): void {
    const bit = Math.floor(this.#chance() * length * 8);
    bytes[from + (bit >> 3)]! ^= 1 << (bit & 7);
  }
}

interface PortSetup {
  readonly memory: ArrayBuffer;
  readonly frames: number;
  readonly frameBytes: number;
  readonly isStrict: boolean;
}

export class MemoryPort implements FramePort {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly frameBytes: number;
  /** Called in place of waiting. */
  onWait: ((deadline: Deadline) => void) | null = null;
  /** Called with each frame as it is sent, before it leaves. */
  onSend: ((frame: Uint8Array) => void) | null = null;
  /** The next frames that are sent are not to be had: `take` returns -1. */
  isFull = false;
  readonly #wire: MemoryWire;
  readonly #index: 0 | 1;
  readonly #isStrict: boolean;
  readonly #frames: number;
  readonly #base: number;
  /** Of each frame to send. */
  readonly #states: Uint8Array;
  readonly #free: Int32Array;
  #freeCount: number;
  /** What was sent and not flushed: offsets and lengths. */
  readonly #unflushed: Int32Array;
  #unflushedCount = 0;
  /** Places for what comes, and those that are free. */
  readonly #room: Int32Array;
  #roomCount: number;
  /** What is under way to this port, by the time at which it arrives: a circle of offsets, lengths and times. */
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #dueNs: Float64Array;
  #first = 0;
  #count = 0;

  constructor(wire: MemoryWire, index: 0 | 1, { memory, frames, frameBytes, isStrict }: PortSetup) {
    this.#wire = wire;
    this.#index = index;
    this.#isStrict = isStrict;
    this.#frames = frames;
    // Offsets are 2 above a multiple of 4, as the contract says; the last 2 bytes of a frame are lost.
    this.frameBytes = frameBytes - 2;
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.#base = index * 2 * frames * frameBytes;
    this.#states = new Uint8Array(frames);
    this.#free = Int32Array.from({ length: frames }, (_, i) => this.#base + i * frameBytes + 2);
    this.#freeCount = frames;
    this.#unflushed = new Int32Array(2 * frames);
    this.#room = Int32Array.from({ length: frames }, (_, i) => this.#base + (frames + i) * frameBytes + 2);
    this.#roomCount = frames;
    this.#offsets = new Int32Array(frames);
    this.#lengths = new Int32Array(frames);
    this.#dueNs = new Float64Array(frames);
  }

  get nextDueNs(): number {
    return this.#count === 0 ? Infinity : this.#dueNs[this.#first]!;
  }

  /** Frames that were taken, and neither sent nor given back. */
  get takenFrames(): number {
    return this.#states.reduce((sum, state) => sum + (state === TAKEN ? 1 : 0), 0);
  }

  take(): number {
    if (this.#freeCount === 0) this.flush();
    if (this.isFull || this.#freeCount === 0) return -1;
    const offset = this.#free[--this.#freeCount]!;
    if (this.#isStrict) this.#move(offset, FREE, TAKEN);
    return offset;
  }

  send(offset: number, length: number): void {
    if (this.#isStrict) {
      this.#move(offset, TAKEN, SENT);
      if (!Number.isInteger(length) || length < 14 || length > this.frameBytes)
        throw new Error(`a frame of ${length} bytes was sent`);
    }
    this.onSend?.(this.bytes.slice(offset, offset + length));
    this.#unflushed[2 * this.#unflushedCount] = offset;
    this.#unflushed[2 * this.#unflushedCount + 1] = length;
    this.#unflushedCount++;
  }

  give(offset: number): void {
    if (this.#isStrict) this.#move(offset, TAKEN, FREE);
    this.#free[this.#freeCount++] = offset;
  }

  flush(): void {
    for (let i = 0; i < this.#unflushedCount; i++) {
      const offset = this.#unflushed[2 * i]!;
      const length = this.#unflushed[2 * i + 1]!;
      this.#wire.carry(this.#index, offset, length);
      if (this.#isStrict) {
        this.#move(offset, SENT, FREE);
        this.bytes.fill(POISON, offset, offset + length);
      }
      this.#free[this.#freeCount++] = offset;
    }
    this.#unflushedCount = 0;
  }

  receive(receiver: FrameReceiver): number {
    const { nowNs } = this.#wire.clock;
    let received = 0;
    while (received < BATCH && this.#count > 0 && this.#dueNs[this.#first]! <= nowNs) {
      const offset = this.#offsets[this.#first]!;
      const length = this.#lengths[this.#first]!;
      this.#first = this.#first + 1 === this.#frames ? 0 : this.#first + 1;
      this.#count--;
      received++;
      receiver.frame(offset, length);
      if (this.#isStrict) this.bytes.fill(POISON, offset, offset + length);
      this.#room[this.#roomCount++] = offset;
    }
    return received;
  }

  wait(deadline: Deadline): void {
    this.flush();
    this.onWait?.(deadline);
  }

  readonly companions = null;

  /** There is no other thread. */
  pass(): boolean {
    return false;
  }

  watch(_fd: number): void {
    // Nothing but frames wakes a port in memory.
  }

  dispose(): void {
    this.flush();
  }

  get hasRoom(): boolean {
    return this.#roomCount > 0;
  }

  /** A place for a frame that comes, or -1. */
  room(): number {
    return this.#roomCount === 0 ? -1 : this.#room[--this.#roomCount]!;
  }

  /** Queues a frame that lies at `offset`, a place that `room` gave, behind all that arrive before it. */
  arrive(offset: number, length: number, dueNs: number): void {
    let place = this.#count++;
    for (; place > 0; place--) {
      const before = (this.#first + place - 1) % this.#frames;
      if (this.#dueNs[before]! <= dueNs) break;
      this.#put((before + 1) % this.#frames, this.#offsets[before]!, this.#lengths[before]!, before);
    }
    const at = (this.#first + place) % this.#frames;
    this.#offsets[at] = offset;
    this.#lengths[at] = length;
    this.#dueNs[at] = dueNs;
  }

  #put(at: number, offset: number, length: number, timeOf: number): void {
    this.#offsets[at] = offset;
    this.#lengths[at] = length;
    this.#dueNs[at] = this.#dueNs[timeOf]!;
  }

  #move(offset: number, from: number, to: number): void {
    const index = (offset - this.#base - 2) / (this.frameBytes + 2);
    if (!Number.isInteger(index) || index < 0 || index >= this.#frames) throw new Error(`no frame is at ${offset}`);
    if (this.#states[index] !== from) throw new Error(`frame ${index} is ${this.#states[index]}, expected ${from}`);
    this.#states[index] = to;
  }
}
