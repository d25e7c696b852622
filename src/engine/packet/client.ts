import { EADDRINUSE, EADDRNOTAVAIL } from '../../kernel/errno.ts';
import { addressBytes } from '../../kernel/net/sockaddr.ts';
import { createCounters, countersOf } from './packet-counters.ts';
import {
  KERNEL_PORT,
  KERNEL_SOURCE,
  type BodyPlaces,
  type ClientDriver,
  type ClientEngine,
  type ClientEngineOptions,
} from '../seam/engine.ts';
import type { PacketLink } from '../seam/link.ts';
import { drive } from './drive.ts';
import type { FramePort } from './port/frame-port.ts';
import { FrameSorter } from './link/frame-sorter.ts';
import { linger } from './linger.ts';
import { RehearsalPort } from './rehearsal/rehearsal-port.ts';
import { FixedPayload } from './tcp/fixed-payload.ts';
import { NONE, type TcpUser } from './tcp/tcp-user.ts';
import { Tcp } from './tcp/tcp.ts';

/** What is chosen from where the driver leaves the port to the engine: Linux's ephemeral ports. */
const FIRST_EPHEMERAL = 32_768;
const EPHEMERAL_PORTS = 28_232;
const EPHEMERAL_TRIES = 1024;
/** A copy of this many bytes and more is left to the runtime. */
const LONG_COPY = 256;
const REHEARSAL_SLOTS = 512;

/**
 * The client's side on packets: the driver's calls go to a TCP of this thread, and its events come back.
 *
 * A slot is free as soon as it is closed, as with close(2). Its connection goes on by itself until the peer has acknowledged its end, sends
 * again what is lost, and then keeps the 4-tuple for 1 s; until then `open` answers EADDRINUSE for it. `run` gives such connections
 * a second more when the driver is done. "Handed to the kernel" means for this engine: has left for the first time.
 */
export class PacketClientEngine implements ClientEngine, TcpUser {
  readonly name = 'packet';
  readonly timesEvents = true;
  readonly #options: ClientEngineOptions;
  readonly #port: FramePort;
  readonly #bodies: BodyPlaces | undefined;
  readonly #payloadBytes: number;
  readonly #halfClose: boolean;
  readonly #sendsWhenAsked: boolean;
  readonly #announces: boolean;
  /** Those of the rehearsal, while it lasts. */
  #tcp: Tcp;
  #bytes: Uint8Array;
  #sorter: FrameSorter;
  #driver!: ClientDriver;
  #ephemeral = 0;

  /** Takes the port, which is gone after `dispose`. */
  constructor(options: ClientEngineOptions, port: FramePort) {
    const { link } = options;
    if (link === undefined) throw new Error('the packet engine has no link');
    this.#options = options;
    this.#port = port;
    this.#bodies = options.bodies;
    this.#payloadBytes = options.payload.length;
    this.#halfClose = options.halfClose;
    this.#sendsWhenAsked = options.sendsWhenAsked === true;
    this.#announces = link.worker === 0;
    this.#bytes = port.bytes;
    this.#tcp = this.#createTcp(port, link, options.capacity);
    this.#sorter = new FrameSorter(port, link, this.#tcp, this.#tcp.quotations);
  }

  #createTcp(port: FramePort, link: PacketLink, capacity: number, firstSequence?: number): Tcp {
    const { target, payload, clock } = this.#options;
    const { family } = target;
    return new Tcp({
      port,
      clock,
      link,
      counters: countersOf(link.counters, link.worker),
      user: this,
      source: new FixedPayload(payload, port),
      capacity,
      remote: { family, address: Uint8Array.from(addressBytes(target.address)), port: target.port },
      firstSequence,
    });
  }

  open(slot: number, source: number, port: number): number {
    const local = source === KERNEL_SOURCE ? 0 : source;
    return port === KERNEL_PORT ? this.#openAnywhere(slot, local) : this.#tcp.connect(slot, local, port);
  }

  /** Opens with the next port that is free. */
  #openAnywhere(slot: number, local: number): number {
    for (let i = 0; i < EPHEMERAL_TRIES; i++) {
      this.#ephemeral = (this.#ephemeral + 1) % EPHEMERAL_PORTS;
      const errno = this.#tcp.connect(slot, local, FIRST_EPHEMERAL + this.#ephemeral);
      if (errno !== EADDRINUSE) return errno;
    }
    return EADDRNOTAVAIL;
  }

  startSending(slot: number): void {
    const connection = this.#tcp.connectionOf(slot);
    if (connection !== NONE) this.#send(slot);
  }

  #send(slot: number): void {
    this.#tcp.send(slot, this.#payloadBytes, this.#halfClose);
  }

  close(slot: number, reset: boolean): void {
    this.#tcp.close(slot, reset);
    this.#driver.released(slot);
  }

  watch(fd: number): void {
    this.#port.watch(fd);
  }

  run(driver: ClientDriver): void {
    this.#driver = driver;
    this.#port.companions?.enter();
    if (this.#announces) this.#sorter.neighbours.announce();
    drive(driver, { tcp: this.#tcp, port: this.#port, receiver: this.#sorter });
    linger({ tcp: this.#tcp, port: this.#port, receiver: this.#sorter, clock: this.#options.clock });
  }

  rehearse(driver: ClientDriver, responseBytes: number): boolean {
    const { payload, capacity } = this.#options;
    const link = { ...this.#options.link!, counters: createCounters(1), worker: 0 };
    const port = new RehearsalPort(link, { payloadBytes: payload.length, responseBytes });
    const tcp = this.#tcp;
    const sorter = this.#sorter;
    this.#tcp = this.#createTcp(port, link, Math.min(capacity, REHEARSAL_SLOTS), RehearsalPort.firstSequence);
    this.#sorter = new FrameSorter(port, link, this.#tcp, this.#tcp.quotations);
    this.#bytes = port.bytes;
    this.#driver = driver;
    try {
      drive(driver, { tcp: this.#tcp, port, receiver: this.#sorter });
    } finally {
      this.#bytes = this.#port.bytes;
      this.#tcp = tcp;
      this.#sorter = sorter;
    }
    return true;
  }

  accept(): number {
    return NONE;
  }

  accepted(_slot: number): void {
    // A client listens to nothing.
  }

  connected(slot: number): void {
    const tcp = this.#tcp;
    const connection = tcp.connectionOf(slot);
    const generation = tcp.generationOf(connection);
    this.#driver.connected(slot);
    if (this.#sendsWhenAsked || tcp.connectionOf(slot) !== connection) return;
    if (tcp.generationOf(connection) === generation) this.#send(slot);
  }

  sent(slot: number, bytes: number): void {
    this.#driver.sent(slot, bytes);
  }

  received(slot: number, offset: number, bytes: number): void {
    if (this.#bodies === undefined) this.#driver.received(slot, bytes);
    else this.#keep(this.#bodies, slot, offset, bytes);
  }

  /** Copies what came into the places of the driver, and reports it piece by piece. */
  #keep(bodies: BodyPlaces, slot: number, offset: number, bytes: number): void {
    const tcp = this.#tcp;
    const connection = tcp.connectionOf(slot);
    const generation = tcp.generationOf(connection);
    const end = offset + bytes;
    for (let at = offset; at < end;) {
      const room = bodies.roomOf(slot);
      const size = room === 0 || room > end - at ? end - at : room;
      if (room > 0) this.#copy(bodies.viewOf(slot), at, size);
      at += size;
      this.#driver.received(slot, size);
      if (tcp.connectionOf(slot) !== connection || tcp.generationOf(connection) !== generation) return;
    }
  }

  #copy(place: Uint8Array, from: number, bytes: number): void {
    const source = this.#bytes;
    if (bytes >= LONG_COPY) place.set(source.subarray(from, from + bytes));
    else for (let i = 0; i < bytes; i++) place[i] = source[from + i]!;
  }

  ended(slot: number): void {
    this.#driver.ended(slot);
  }

  failed(slot: number, errno: number): void {
    this.#driver.failed(slot, errno);
  }

  dispose(): void {
    this.#tcp.abandon();
    this.#port.flush();
    this.#port.dispose();
  }
}
