// tier: kernel
/** A worker warms up on connections that go nowhere: nothing arrives at the target, and the rounds that follow are whole. */
import { troubleOf } from '../../src/engine/registry.ts';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import t from 'tap';
import { MonotonicClock, monotonicNs } from '../../src/runtime/clock.ts';
import type { ClientDriver } from '../../src/engine/seam/engine.ts';
import { UringClientEngine } from '../../src/engine/uring/client.ts';

const ROUND = 40;
const trouble = (await troubleOf('uring'))?.reason ?? false;

/** Opens `ROUND` connections at once, closes each when the peer has ended it or `responseBytes` are there, and counts events. */
class Counts implements ClientDriver {
  deadlineNs = Infinity;
  readonly events = { connected: 0, sentBytes: 0, receivedBytes: 0, ended: 0, failed: 0, released: 0 };
  readonly #engine: UringClientEngine;
  readonly #clock: MonotonicClock;
  readonly #receivedBytes = new Int32Array(ROUND);
  readonly #responseBytes: number;
  #hasStarted = false;

  constructor(engine: UringClientEngine, clock: MonotonicClock, responseBytes: number) {
    this.#engine = engine;
    this.#clock = clock;
    this.#responseBytes = responseBytes;
  }

  step(): boolean {
    if (!this.#hasStarted) {
      for (let slot = 0; slot < ROUND; slot++) if (this.#engine.open(slot, 0, 0) !== 0) throw new Error('not opened');
      this.#hasStarted = true;
    }
    this.deadlineNs = this.#clock.now() + 10e9;
    return this.events.released < ROUND;
  }

  connected(): void {
    this.events.connected++;
  }

  sent(_slot: number, bytes: number): void {
    this.events.sentBytes += bytes;
  }

  received(slot: number, bytes: number): void {
    this.events.receivedBytes += bytes;
    this.#receivedBytes[slot]! += bytes;
    if (this.#receivedBytes[slot]! >= this.#responseBytes) this.#engine.close(slot, false);
  }

  ended(slot: number): void {
    this.events.ended++;
    this.#engine.close(slot, false);
  }

  failed(slot: number): void {
    this.events.failed++;
    this.#engine.close(slot, false);
  }

  released(): void {
    this.events.released++;
  }
}

for (const halfClose of [false, true]) {
  const name = `a rehearsal sends nothing, and a round after it reaches the target: ${halfClose ? 'half-close' : 'echo'}`;
  t.test(name, { skip: trouble, timeout: 180_000 }, async (t) => {
    let accepted = 0;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      accepted++;
      socket.on('error', () => undefined).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const clock = new MonotonicClock(monotonicNs());
    const payload = Buffer.alloc(64);
    const engine = new UringClientEngine({
      target: { address: '127.0.0.1', family: 4, port },
      sources: ['127.0.0.1'],
      payload,
      halfClose,
      capacity: ROUND,
      clock,
    });
    t.teardown(() => engine.dispose());
    const responseBytes = halfClose ? Infinity : payload.length;

    const rehearsed = new Counts(engine, clock, responseBytes);
    if (!engine.rehearse(rehearsed, payload.length)) {
      t.pass('this kernel completes no NOP with a given result (Linux 6.10)');
      t.equal(rehearsed.events.connected, 0, 'nothing was tried');
      return;
    }
    const bytes = ROUND * payload.length;
    const expected = { connected: ROUND, sentBytes: bytes, receivedBytes: bytes, failed: 0, released: ROUND };
    t.match(rehearsed.events, { ...expected, ended: halfClose ? ROUND : 0 }, 'every connection had its exchange');
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.equal(accepted, 0, 'and none of them reached the target');

    const real = new Counts(engine, clock, responseBytes);
    const ended = runBeside(engine, real);
    await ended;
    t.match(real.events, expected);
    t.equal(accepted, ROUND);
  });
}

/** The engine's loop holds its thread, which the server of the test needs too: it has a turn between the steps. */
async function runBeside(engine: UringClientEngine, driver: Counts): Promise<void> {
  const turns = { isDone: false };
  while (!turns.isDone) {
    const step: ClientDriver = {
      deadlineNs: 0,
      step: (() => {
        let steps = 0;
        return () => {
          const goesOn = driver.step();
          turns.isDone = !goesOn;
          return goesOn && steps++ < 1;
        };
      })(),
      connected: () => driver.connected(),
      sent: (slot, bytes) => driver.sent(slot, bytes),
      received: (slot, bytes) => driver.received(slot, bytes),
      ended: (slot) => driver.ended(slot),
      failed: (slot) => driver.failed(slot),
      released: () => driver.released(),
    };
    engine.run(step);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
