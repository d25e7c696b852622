import type { Test } from 'tap';
import { MonotonicClock, monotonicNs } from '../../../src/runtime/clock.ts';
import { KERNEL_PORT, KERNEL_SOURCE } from '../../../src/engine/seam/engine.ts';
import type {
  ClientEngine,
  ClientEngineOptions,
  ServerEngine,
  ServerEngineOptions,
} from '../../../src/engine/seam/engine.ts';
import { ClientRun, ServerRun } from './driver.ts';
import type { ClientScript, ServerScript } from './driver.ts';
import { pattern } from './pattern.ts';
import { until, type PeerThread } from './peer-thread.ts';
import { PORTS, privateSource } from './site.ts';
import type { Site } from './site.ts';

export type ClientFactory = (options: ClientEngineOptions) => ClientEngine | Promise<ClientEngine>;
export type ServerFactory = (options: ServerEngineOptions) => ServerEngine | Promise<ServerEngine>;

/** One promise of the seam and how it is checked. */
export interface Case<Harness> {
  readonly name: string;
  /** Why it cannot be checked here, if so. */
  skip?(harness: Harness): string | false;
  run(t: Test, harness: Harness): Promise<void>;
}

export const MIB = 1024 * 1024;
export const MS = 1e6;

/** The pattern where plans keep their payloads: in shared memory. */
export function sharedPattern(size: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(size));
  bytes.set(pattern(size));
  return bytes;
}

export function withoutIpv6({ site }: { readonly site: Site }): string | false {
  return site.noIpv6;
}

export function withoutSources({ site }: { readonly site: Site }): string | false {
  return site.noSources;
}

export function newClock(): MonotonicClock {
  return new MonotonicClock(monotonicNs());
}

export interface ClientSetup extends Partial<Omit<ClientEngineOptions, 'target' | 'clock'>> {
  readonly port: number;
  readonly address?: string;
}

export class ClientHarness {
  readonly peers: PeerThread;
  readonly site: Site;
  readonly traits: EngineTraits;
  readonly #create: ClientFactory;
  #port = PORTS.first + Math.floor(Math.random() * 20_000);

  constructor(create: ClientFactory, peers: PeerThread, traits: EngineTraits = {}) {
    this.#create = create;
    this.peers = peers;
    this.site = peers.site;
    this.traits = traits;
  }

  /** What the payload may be, for tests of large ones. */
  largest(bytes: number): number {
    return Math.min(bytes, this.traits.payloadBytesMax ?? bytes);
  }

  /** Where a connection comes from that may come from anywhere: the kernel's choice, or the next port of the first source. */
  anySource(source = KERNEL_SOURCE): [source: number, port: number] {
    if (this.traits.choosesNoPorts !== true) return [source, KERNEL_PORT];
    this.#port = this.#port === PORTS.last ? PORTS.first : this.#port + 1;
    return [Math.max(0, source), this.#port];
  }

  privateSource(): { address: string; port: number } {
    return privateSource(this.site);
  }

  async create(setup: ClientSetup): Promise<{ engine: ClientEngine; clock: MonotonicClock }> {
    const { port, address = this.site.peer[4], ...options } = setup;
    const clock = newClock();
    const target = { address, family: address.includes(':') ? 6 : 4, port } as const;
    const sources = this.traits.choosesNoPorts === true ? [this.site.own[target.family]] : [];
    const defaults = { sources, payload: new Uint8Array(0), halfClose: false, capacity: 4 };
    return { engine: await this.#create({ ...defaults, ...options, target, clock }), clock };
  }

  drive(engine: ClientEngine, clock: MonotonicClock, script: ClientScript, capacity = 4): ClientRun {
    return new ClientRun(engine, capacity, clock, script, (source) => this.anySource(source));
  }

  /** One run of a new engine; checks the order of events and that no slot is left in use. */
  async run(t: Test, setup: ClientSetup, script: ClientScript): Promise<ClientRun> {
    const { engine, clock } = await this.create(setup);
    const run = this.drive(engine, clock, script, setup.capacity);
    try {
      await engine.run(run);
    } finally {
      engine.dispose();
    }
    t.notOk(run.timedOut, 'the run ended by itself');
    t.strictSame(run.slots.violations, [], 'events came in the promised order');
    t.equal(run.slots.count('free'), run.slots.states.length, 'every slot was released');
    return run;
  }
}

export type ServerSetup = Partial<Omit<ServerEngineOptions, 'clock'>>;

/** What an engine cannot do, and why; empty for one that can do everything. */
export interface EngineTraits {
  /** Why the addresses and ports that the kernel has are not its business. */
  readonly noKernelAddresses?: string;
  /** Why the peer is not there yet while `connected` is called. */
  readonly acknowledgesLater?: string;
  /** The engine does not choose source ports: `open` needs one. */
  readonly choosesNoPorts?: boolean;
  /** Nothing answers a peer before `run`. */
  readonly answersInRun?: boolean;
  /** What is open is reset by `dispose`, and not closed. */
  readonly resetsAtDispose?: boolean;
  /** What a connection may send at most. */
  readonly payloadBytesMax?: number;

  /** Why an engine does not listen on every address. */
  readonly noEveryAddress?: string;
  /** Why two engines cannot listen on one port. */
  readonly noReusePort?: string;
  /** Why `acceptFailed` is not reported for EMFILE. */
  readonly noAcceptErrors?: string;
  /** Why the reset of a peer that has ended is not noticed, where nothing is read. */
  readonly noResetBehindEnd?: string;
}

export class ServerHarness {
  readonly peers: PeerThread;
  readonly site: Site;
  readonly traits: EngineTraits;
  readonly #create: ServerFactory;
  readonly #halfCloses: boolean;

  constructor(create: ServerFactory, peers: PeerThread, traits: EngineTraits, halfCloses = true) {
    this.#create = create;
    this.peers = peers;
    this.site = peers.site;
    this.traits = traits;
    this.#halfCloses = halfCloses;
  }

  /** What a response may be, for tests of large ones. */
  largest(bytes: number): number {
    return Math.min(bytes, this.traits.payloadBytesMax ?? bytes);
  }

  /** Waits until the engine's kernel has connected so many peers; an engine that answers only in its run connects them there. */
  async connected(id: number, count: number): Promise<void> {
    if (this.traits.answersInRun === true) return;
    await until('all are connected', () => this.peers.dialled(id, count).every(({ connected }) => connected));
  }

  async create(options: ServerSetup): Promise<{ engine: ServerEngine; clock: MonotonicClock }> {
    const clock = newClock();
    const defaults = {
      host: this.site.own[4],
      port: 0,
      backlog: 4096,
      payload: new Uint8Array(0),
      capacity: 16,
      reads: true,
      halfCloses: this.#halfCloses,
    };
    return { engine: await this.#create({ ...defaults, ...options, clock }), clock };
  }

  /**
   * One run of a new engine that listens; `scriptFor` may let peers dial `port` before the run begins. Checks the order of
   * events and that no slot is left in use.
   */
  async run(
    t: Test,
    setup: ServerSetup,
    scriptFor: (port: number) => ServerScript | Promise<ServerScript>,
  ): Promise<ServerRun> {
    const { engine, clock } = await this.create(setup);
    try {
      await engine.listen();
      const script = await scriptFor(engine.port);
      const run = new ServerRun(engine, setup.capacity ?? 16, clock, script);
      await engine.run(run);
      t.notOk(run.timedOut, 'the run ended by itself');
      t.strictSame(run.slots.violations, [], 'events came in the promised order');
      t.equal(run.slots.count('free'), run.slots.states.length, 'every slot was released');
      return run;
    } finally {
      engine.dispose();
    }
  }
}

/** A step that begins with `begin` and is over when `over` says so. */
export function stepping<Run>(begin: (run: Run) => void, over: (run: Run) => boolean): (run: Run) => boolean {
  let begun = false;
  return (run) => {
    if (!begun) {
      begun = true;
      begin(run);
    }
    return over(run);
  };
}

/** A step that opens the first `count` slots, each from its source, and is over when as many were released. */
export function openMany(
  count: number,
  sourceOf = (_slot: number): number => KERNEL_SOURCE,
): (run: ClientRun) => boolean {
  return stepping(
    (run) => {
      for (let slot = 0; slot < count; slot++) run.open(slot, sourceOf(slot));
    },
    (run) => run.totals.released >= count,
  );
}

/** A step that opens slot 0 and is over when it was released. */
export function openOnce(): (run: ClientRun) => boolean {
  return openMany(1);
}

/** How often a sum has to be looked at before it is known to stand still. */
const QUIET_LOOKS = 10;

/** True once a sum has not changed for `quietNs`: whoever it counts has stopped. */
export class Stall {
  readonly #quietNs: number;
  #bytes = -1;
  #sinceNs = 0;
  #looks = 0;

  constructor(quietNs: number) {
    this.#quietNs = quietNs;
  }

  at(nowNs: number, bytes: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#sinceNs = nowNs;
      this.#looks = 0;
    }
    // A machine that was held up has looked once in all of the time, and the bytes may not have had a chance to move.
    this.#looks++;
    return bytes > 0 && this.#looks >= QUIET_LOOKS && nowNs - this.#sinceNs >= this.#quietNs;
  }
}
