import type { Clock } from '../runtime/clock.ts';
import { expandPorts, type PortRange } from '../plan/ports/source-ports.ts';

/** What hands out the source ports of a worker. */
export interface PortSource {
  /** A port of this source, or `NO_PORT`. */
  take(source: number): number;
  /** Gives a port back: it is free immediately, or after its rest. */
  give(source: number, port: number, rests: boolean): void;
}

/**
 * Which source port a connection takes, and when a port may be taken again.
 *
 * One allocator serves one worker and one target. Each source address has ports of its own: first the ones never used, from a
 * random place on, so that runs in a row do not meet each other's TIME_WAITs; then the oldest one that is free again.
 * An owner of the 4-tuples knows without asking the kernel that none is free, and saves it the search: with 100 000
 * TIME_WAITs around, a connect that searches costs ten times as much.
 */
export interface SourcePortsOptions {
  readonly sources: number;
  /** The worker's share, see `portsOfWorker`. */
  readonly ports: Uint16Array;
  /** The index in `ports` to begin at. */
  readonly offset: number;
  readonly clock: Pick<Clock, 'nowNs'>;
  /** How long a port that is left in TIME_WAIT must rest. */
  readonly restNs: number;
}

/** The ports of worker k of W: every W-th, so that no two workers share a 4-tuple. */
export function portsOfWorker(ranges: readonly PortRange[], worker: number, workers: number): Uint16Array {
  return Uint16Array.from(expandPorts(ranges).filter((_, index) => index % workers === worker));
}

/**
 * The ports of worker k of W where answers may come to any worker: those that leave k when divided by W, so that the one which has the
 * connection is told from the port alone.
 */
export function portsByRemainder(ranges: readonly PortRange[], worker: number, workers: number): Uint16Array {
  return Uint16Array.from(expandPorts(ranges).filter((port) => port % workers === worker));
}

/** No port is free. */
export const NO_PORT = -1;

export class SourcePortAllocator implements PortSource {
  readonly #ports: Uint16Array;
  readonly #offset: number;
  readonly #fresh: Int32Array;
  readonly #waiting: PortQueue[];
  readonly #ready: PortQueue[];
  readonly #clock: Pick<Clock, 'nowNs'>;
  readonly #restNs: number;

  constructor(options: SourcePortsOptions) {
    this.#ports = options.ports;
    this.#offset = options.offset;
    this.#clock = options.clock;
    this.#restNs = options.restNs;
    this.#fresh = new Int32Array(options.sources);
    this.#waiting = Array.from({ length: options.sources }, () => new PortQueue());
    this.#ready = Array.from({ length: options.sources }, () => new PortQueue());
  }

  /** A port of this source that is free now, or `NO_PORT`. */
  take(source: number): number {
    const ports = this.#ports;
    const fresh = this.#fresh[source]!;
    if (fresh < ports.length) {
      this.#fresh[source] = fresh + 1;
      return ports[(fresh + this.#offset) % ports.length]!;
    }
    const waiting = this.#waiting[source]!;
    const ready = this.#ready[source]!;
    if (waiting.headNs <= this.#clock.nowNs && waiting.headNs <= ready.headNs) return waiting.shift();
    return ready.isEmpty() ? NO_PORT : ready.shift();
  }

  /** Gives a port back: it is free immediately, or after its rest. */
  give(source: number, port: number, rests: boolean): void {
    const { nowNs } = this.#clock;
    if (rests) this.#waiting[source]!.push(port, nowNs + this.#restNs);
    else this.#ready[source]!.push(port, nowNs);
  }
}

/**
 * Ports in turn, for an engine that knows itself which 4-tuples are in use or rest: it says EADDRINUSE of one, and the next one is tried.
 * Two bytes a source, and they are touched only where a source is used: a /8 has 16 million.
 */
export class PortsInTurn implements PortSource {
  readonly #ports: Uint16Array;
  readonly #offset: number;
  /** The index in `ports` of the next port of each source, less `offset`. */
  readonly #next: Uint16Array;

  constructor({ sources, ports, offset }: Pick<SourcePortsOptions, 'sources' | 'ports' | 'offset'>) {
    this.#ports = ports;
    this.#offset = offset;
    this.#next = new Uint16Array(sources);
  }

  take(source: number): number {
    const count = this.#ports.length;
    const next = this.#next[source]!;
    this.#next[source] = next + 1 === count ? 0 : next + 1;
    const at = next + this.#offset;
    return this.#ports[at < count ? at : at - count]!;
  }

  give(): void {
    // The engine keeps the account.
  }
}

/** A growing ring of ports with the time each is free: oldest first, no object for a port. */
class PortQueue {
  /** When the oldest is free; Infinity if empty. */
  headNs = Infinity;
  #ports = new Uint16Array(16);
  #timesNs = new Float64Array(16);
  #head = 0;
  #length = 0;

  isEmpty(): boolean {
    return this.#length === 0;
  }

  push(port: number, freeNs: number): void {
    if (this.#length === this.#ports.length) this.#grow();
    const at = (this.#head + this.#length++) & (this.#ports.length - 1);
    this.#ports[at] = port;
    this.#timesNs[at] = freeNs;
    this.headNs = this.#timesNs[this.#head]!;
  }

  shift(): number {
    const port = this.#ports[this.#head]!;
    this.#head = (this.#head + 1) & (this.#ports.length - 1);
    // Not one expression: see `Pacer`.
    if (--this.#length === 0) this.headNs = Infinity;
    else this.headNs = this.#timesNs[this.#head]!;
    return port;
  }

  #grow(): void {
    const size = this.#ports.length * 2;
    const ports = new Uint16Array(size);
    const timesNs = new Float64Array(size);
    for (let i = 0; i < this.#length; i++) {
      const from = (this.#head + i) & (this.#ports.length - 1);
      ports[i] = this.#ports[from]!;
      timesNs[i] = this.#timesNs[from]!;
    }
    this.#ports = ports;
    this.#timesNs = timesNs;
    this.#head = 0;
  }
}
