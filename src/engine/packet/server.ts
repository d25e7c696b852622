import { randomInt } from 'node:crypto';
import { ECONNRESET } from '../../kernel/errno.ts';
import type { ServerDriver, ServerEngine, ServerEngineOptions } from '../seam/engine.ts';
import { FreeSlots } from '../sockets/free-slots.ts';
import type { PacketLink } from '../seam/link.ts';
import { drive } from './drive.ts';
import type { FramePort } from './port/frame-port.ts';
import { FrameSorter } from './link/frame-sorter.ts';
import { KeptBytes } from './kept-bytes.ts';
import { linger } from './linger.ts';
import { countersOf, createCounters } from './packet-counters.ts';
import { RehearsalPort } from './rehearsal/rehearsal-port.ts';
import { RehearsedClients } from './rehearsal/rehearsed-clients.ts';
import { Tcp } from './tcp/tcp.ts';
import { NONE, type TcpUser } from './tcp/tcp-user.ts';

/** Ports that are chosen for port 0: the dynamic ones (RFC 6335, section 6). */
const FIRST_DYNAMIC_PORT = 49_152;
const PORTS_END = 65_536;
/** What is true of a slot; 0 is a free one. */
const OPEN = 1;
/** `ended` has been reported. */
const ENDED = 2;
/** Bytes of an echo have not left yet: nothing is read until they have. */
const ECHOING = 4;
/** Bytes of the payload have not left yet. */
const RESPONDING = 8;
/** The peer's end came behind bytes that are still to be echoed. */
const END_WAITS = 16;
const HALF_CLOSED = 32;
/** The connection is gone, and this was reported or could not be. */
const GONE = 64;
/** Bytes came that the driver does not read. */
const UNREAD = 128;
const SENDING = ECHOING | RESPONDING;
const REHEARSAL_SLOTS = 512;
/** A longer response takes more segments of the same code. */
const REHEARSAL_RESPONSE_BYTES = 8 * 1024;
/** New connections come for as long; the last of them end within a millisecond. */
const REHEARSAL_NS = 100e6;

/** What a server works with: its own, or that of a rehearsal. */
interface Parts {
  readonly tcp: Tcp;
  readonly sorter: FrameSorter;
  readonly kept: KeptBytes;
  readonly flags: Uint8Array;
  readonly free: FreeSlots;
  readonly responseBytes: number;
}

/**
 * The server's side on packets. It listens on all addresses of its link, and answers to where a packet came from.
 *
 * "With the kernel" means for this engine: has left for the first time. A connection that the driver has closed goes on without its slot
 * until the peer has acknowledged everything; `run` gives these a second more when the driver is done.
 */
export class PacketServerEngine implements ServerEngine, TcpUser {
  readonly name = 'packet';
  readonly #options: ServerEngineOptions;
  readonly #port: FramePort;
  /** Those of the rehearsal, while it lasts. */
  #tcp: Tcp;
  #sorter: FrameSorter;
  #kept: KeptBytes;
  #flags: Uint8Array;
  #free: FreeSlots;
  #responseBytes: number;
  readonly #announces: boolean;
  /** Where the bytes lie that are being received, and how many they are; `echo` takes them. */
  #receivedAt = 0;
  #receivedBytes = 0;
  #open = 0;
  #listenPort = 0;
  #accepts = false;
  #driver!: ServerDriver;

  /** Takes the port, which is gone after `dispose`. */
  constructor(options: ServerEngineOptions, port: FramePort) {
    const { capacity, payload, link } = options;
    if (link === undefined) throw new Error('the packet engine has no link');
    this.#options = options;
    this.#port = port;
    this.#announces = link.worker === 0;
    const parts = this.#partsFor(port, link, capacity, payload);
    this.#tcp = parts.tcp;
    this.#sorter = parts.sorter;
    this.#kept = parts.kept;
    this.#flags = parts.flags;
    this.#free = parts.free;
    this.#responseBytes = parts.responseBytes;
  }

  #partsFor(port: FramePort, link: PacketLink, capacity: number, payload: Uint8Array, firstSequence?: number): Parts {
    const kept = new KeptBytes(port, payload, capacity);
    const tcp = new Tcp({
      port,
      clock: this.#options.clock,
      link,
      counters: countersOf(link.counters, link.worker),
      user: this,
      source: kept,
      capacity,
      remote: null,
      firstSequence,
    });
    const sorter = new FrameSorter(port, link, tcp, tcp.quotations);
    const flags = new Uint8Array(capacity);
    return { tcp, sorter, kept, flags, free: new FreeSlots(capacity), responseBytes: payload.length };
  }

  #use({ tcp, sorter, kept, flags, free, responseBytes }: Parts): void {
    this.#tcp = tcp;
    this.#sorter = sorter;
    this.#kept = kept;
    this.#flags = flags;
    this.#free = free;
    this.#responseBytes = responseBytes;
  }

  get port(): number {
    return this.#listenPort;
  }

  /** Connections of the TCP, with those that go on without a slot. For tests. */
  get connections(): number {
    return this.#tcp.rows;
  }

  /** Chunks of memory that hold bytes of echoes. For tests. */
  get usedChunks(): number {
    return this.#kept.usedChunks;
  }

  listen(): void {
    const { port, backlog } = this.#options;
    // Nothing else listens on addresses that are ours alone. Whether a port is free on those of the kernel was asked before.
    this.#listenPort = port === 0 ? randomInt(FIRST_DYNAMIC_PORT, PORTS_END) : port;
    this.#tcp.listen(this.#listenPort, backlog);
    this.#accepts = true;
  }

  run(driver: ServerDriver): void {
    this.#driver = driver;
    const port = this.#port;
    port.companions?.enter();
    if (this.#announces) this.#sorter.neighbours.announce();
    drive(driver, { tcp: this.#tcp, port, receiver: this.#sorter });
    linger({ tcp: this.#tcp, port, receiver: this.#sorter, clock: this.#options.clock });
  }

  rehearse(driver: ServerDriver, onEnd: () => void): void {
    const { clock, capacity, payload } = this.#options;
    const link = { ...this.#options.link!, counters: createCounters(1), worker: 0 };
    const own: Parts = {
      tcp: this.#tcp,
      sorter: this.#sorter,
      kept: this.#kept,
      flags: this.#flags,
      free: this.#free,
      responseBytes: this.#responseBytes,
    };
    const port = new RehearsalPort(link, null);
    const slots = Math.min(capacity, REHEARSAL_SLOTS);
    const response = payload.subarray(0, REHEARSAL_RESPONSE_BYTES);
    this.#use(this.#partsFor(port, link, slots, response, RehearsedClients.firstSequence));
    this.#driver = driver;
    this.#tcp.listen(this.#listenPort, REHEARSAL_SLOTS);
    const load = { clock, endNs: clock.now() + REHEARSAL_NS, serverPort: this.#listenPort, onEnd };
    port.meet(new RehearsedClients(port, link, load));
    try {
      drive(driver, { tcp: this.#tcp, port, receiver: this.#sorter });
    } finally {
      this.#use(own);
      this.#open = 0;
      this.#accepts = true;
    }
  }

  accept(): number {
    if (!this.#accepts || !this.#driver.admits() || this.#open === this.#options.capacity) return NONE;
    this.#open++;
    const slot = this.#free.take();
    this.#flags[slot] = OPEN;
    return slot;
  }

  accepted(slot: number): void {
    if (!this.#options.reads) this.#tcp.holdWindow(slot, true);
    this.#driver.accepted(slot);
  }

  connected(_slot: number): void {
    // A server opens none.
  }

  received(slot: number, offset: number, bytes: number): void {
    if (!this.#options.reads) {
      this.#flags[slot]! |= UNREAD;
      return;
    }
    this.#receivedAt = offset;
    this.#receivedBytes = bytes;
    this.#driver.received(slot, bytes);
  }

  echo(slot: number): void {
    const flags = this.#flags[slot]!;
    // Until the bytes have left: a peer that takes none may then send what has been announced, which is less than 64 KiB, and no more.
    if ((flags & ECHOING) === 0) this.#tcp.holdWindow(slot, true);
    this.#flags[slot] = flags | ECHOING;
    this.#kept.addEcho(this.#tcp.connectionOf(slot), this.#receivedAt, this.#receivedBytes);
    this.#tcp.queue(slot, this.#receivedBytes);
  }

  respond(slot: number): void {
    if ((this.#flags[slot]! & GONE) !== 0) {
      this.#driver.failed(slot, ECONNRESET);
      return;
    }
    const bytes = this.#responseBytes;
    if (bytes === 0) {
      this.#driver.flushed(slot);
      return;
    }
    this.#kept.addPayload(this.#tcp.connectionOf(slot));
    this.#flags[slot]! |= RESPONDING;
    this.#tcp.queue(slot, bytes);
  }

  sent(slot: number, bytes: number): void {
    const driver = this.#driver;
    driver.sent(slot, bytes);
    const flags = this.#flags[slot]!;
    if ((flags & SENDING) === 0) return;
    if (this.#tcp.unsentBytes(slot) > 0) return;
    this.#flags[slot] = flags & ~SENDING;
    if ((flags & ECHOING) !== 0 && this.#options.reads) this.#tcp.holdWindow(slot, false);
    driver.flushed(slot);
    if ((this.#flags[slot] & END_WAITS) !== 0) this.#end(slot);
  }

  ended(slot: number): void {
    // Behind bytes that wait, as behind bytes of a socket that are still to be read.
    if ((this.#flags[slot]! & ECHOING) !== 0) this.#flags[slot]! |= END_WAITS;
    else this.#end(slot);
  }

  #end(slot: number): void {
    this.#flags[slot] = (this.#flags[slot]! & ~END_WAITS) | ENDED;
    this.#driver.ended(slot);
  }

  failed(slot: number, errno: number): void {
    const flags = this.#flags[slot]!;
    this.#flags[slot] = (flags & ~(SENDING | END_WAITS)) | GONE;
    // After its end a peer that resets takes nothing away from a connection that has nothing to send.
    if ((flags & ENDED) !== 0 && (flags & SENDING) === 0 && this.#options.reads) return;
    this.#driver.failed(slot, errno);
  }

  halfClose(slot: number): void {
    const flags = this.#flags[slot]!;
    if ((flags & (HALF_CLOSED | GONE)) !== 0) return;
    this.#flags[slot] = flags | HALF_CLOSED;
    this.#tcp.shutDown(slot);
  }

  close(slot: number, reset: boolean): void {
    const flags = this.#flags[slot]!;
    if (flags === 0) return;
    this.#flags[slot] = 0;
    // Closing with unread bytes is a reset (RFC 9293, section 3.10.4; RFC 1122, section 4.2.2.13).
    this.#tcp.close(slot, reset || (flags & UNREAD) !== 0);
    this.#free.give(slot);
    this.#open--;
    this.#driver.released(slot);
  }

  watch(fd: number): void {
    this.#port.watch(fd);
  }

  stopListening(): void {
    this.#accepts = false;
    this.#tcp.stopListening();
  }

  dispose(): void {
    this.#tcp.abandon();
    this.#port.flush();
    this.#port.dispose();
  }
}
