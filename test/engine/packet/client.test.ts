import t from 'tap';
import { PacketClientEngine } from '../../../src/engine/packet/client.ts';
import { SENT, countersOf } from '../../../src/engine/packet/packet-counters.ts';
import type { ClientDriver } from '../../../src/engine/seam/engine.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { linkOf, runOf } from './links.ts';
import { MemoryWire } from './memory-wire.ts';

const CONNECTIONS = 20;
const MS = 1e6;

interface Exchange {
  readonly payloadBytes: number;
  readonly responseBytes: number;
  readonly halfClose: boolean;
  /** Closes when the response is whole; otherwise at the peer's end. */
  readonly closesFirst: boolean;
  readonly reset: boolean;
}

/** Opens connections one after the other, and notes what comes of them. */
class Driver implements ClientDriver {
  deadlineNs = 0;
  readonly outcomes: string[] = [];
  readonly #engine: PacketClientEngine;
  readonly #exchange: Exchange;
  #started = 0;
  #released = 0;
  #received = 0;
  #sent = 0;
  #steps = 0;

  constructor(engine: PacketClientEngine, exchange: Exchange) {
    this.#engine = engine;
    this.#exchange = exchange;
  }

  step(): boolean {
    if (++this.#steps > 10_000) throw new Error('the rehearsal does not end');
    if (this.#started === this.#released && this.#started < CONNECTIONS) {
      this.#received = 0;
      this.#sent = 0;
      const errno = this.#engine.open(0, this.#started % 2, 1024 + this.#started++);
      if (errno !== 0) throw new Error(`open: ${errno}`);
    }
    return this.#released < CONNECTIONS;
  }

  connected(slot: number): void {
    if (this.#exchange.payloadBytes === 0 && this.#exchange.closesFirst) this.#close(slot);
  }

  sent(_slot: number, bytes: number): void {
    this.#sent += bytes;
  }

  received(slot: number, bytes: number): void {
    this.#received += bytes;
    if (this.#exchange.closesFirst && this.#received >= this.#exchange.responseBytes) this.#close(slot);
  }

  ended(slot: number): void {
    this.#close(slot);
  }

  failed(slot: number, errno: number): void {
    this.outcomes.push(`failed ${errno}`);
    this.#engine.close(slot, false);
  }

  released(): void {
    this.#released++;
  }

  #close(slot: number): void {
    this.outcomes.push(`${this.#sent} ${this.#received}`);
    this.#engine.close(slot, this.#exchange.reset);
  }
}

const EXCHANGES: Readonly<Record<string, Exchange>> = {
  echo: { payloadBytes: 64, responseBytes: 64, halfClose: false, closesFirst: true, reset: false },
  reset: { payloadBytes: 64, responseBytes: 64, halfClose: false, closesFirst: true, reset: true },
  'half-close': { payloadBytes: 100, responseBytes: 512, halfClose: true, closesFirst: false, reset: false },
  eof: { payloadBytes: 100, responseBytes: 512, halfClose: false, closesFirst: false, reset: false },
  'large both ways': {
    payloadBytes: 256 * 1024,
    responseBytes: 64 * 1024,
    halfClose: false,
    closesFirst: true,
    reset: false,
  },
  connect: { payloadBytes: 0, responseBytes: 0, halfClose: false, closesFirst: true, reset: false },
};

t.test('a rehearsal has whole exchanges of every kind, and sends no packet', (t) => {
  for (const [name, exchange] of Object.entries(EXCHANGES)) {
    for (const family of [4, 6] as const) {
      const clock = new ManualClock(0, MS / 100);
      const wire = new MemoryWire({ clock, frames: 64 });
      const address = family === 4 ? '198.18.0.1' : '2001:db8::9:1';
      const link = linkOf(0, {
        addresses: [runOf(family === 4 ? '198.18.1.0' : '2001:db8::1:0', 2)],
        vlan: family === 6 ? 5 : null,
      });
      const engine = new PacketClientEngine(
        {
          target: { address, family, port: 7000 },
          sources: [],
          payload: new Uint8Array(exchange.payloadBytes).map((_, i) => i),
          halfClose: exchange.halfClose,
          capacity: 4,
          clock,
          link,
        },
        wire.ports[0],
      );
      const driver = new Driver(engine, exchange);
      t.ok(engine.rehearse(driver, exchange.responseBytes));
      const expected = `${exchange.payloadBytes} ${exchange.responseBytes}`;
      t.strictSame(driver.outcomes, new Array(CONNECTIONS).fill(expected), `${name}, IPv${family}`);
      t.equal(countersOf(link.counters, 0)[SENT], 0);
      t.equal(wire.nextDueNs, Infinity);
      engine.dispose();
    }
  }
  t.end();
});
