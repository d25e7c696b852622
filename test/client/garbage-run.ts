/**
 * Runs rounds of a generator against an engine that has every connection established, answered and closed at once, and prints
 * how many bytes each left on the heap once the code was warm: `[closed loop, open loop]`. Run by garbage.test.ts with a young
 * generation that is not full before the end.
 */
import { LOAD_BANK } from '../../src/count/load.ts';
import { MonotonicClock, monotonicNs } from '../../src/runtime/clock.ts';
import type { ClientDriver, ClientEngine } from '../../src/engine/seam/engine.ts';
import { AttemptTable } from '../../src/client/attempts.ts';
import { exchangeOf } from '../../src/client/exchange.ts';
import { Generator } from '../../src/client/generator.ts';
import { ResponseHeads } from '../../src/client/head/response-heads.ts';
import { SourcePortAllocator } from '../../src/client/source-ports.ts';
import { CONTROL_WORDS } from '../../src/client/stages.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import { createRecorderMemory } from '../../src/count/bank.ts';
import { Pacer } from '../../src/schedule/pacer.ts';
import { ConstantRate } from '../../src/schedule/schedule.ts';
import { Turns } from '../../src/schedule/turns.ts';

const CAPACITY = 100;
const PAYLOAD_BYTES = 64;
const SECONDS = 4;
/** By then V8 has compiled what runs. */
const WARM_AFTER_SEC = 2;

/** Turns without a wait, and without making anything. */
class IdealEngine implements ClientEngine {
  readonly name = 'node';
  readonly #open = new Int32Array(CAPACITY);
  readonly #closed = new Int32Array(CAPACITY);
  #openCount = 0;
  #closedCount = 0;
  /** Called once a turn. */
  onTurn: () => void = () => undefined;

  open(slot: number): number {
    this.#open[this.#openCount++] = slot;
    return 0;
  }

  close(slot: number): void {
    this.#closed[this.#closedCount++] = slot;
  }

  run(driver: ClientDriver): void {
    while (driver.step()) {
      for (let i = 0; i < this.#openCount; i++) {
        const slot = this.#open[i]!;
        driver.connected(slot);
        driver.sent(slot, PAYLOAD_BYTES);
        driver.received(slot, PAYLOAD_BYTES);
      }
      this.#openCount = 0;
      for (let i = 0; i < this.#closedCount; i++) driver.released(this.#closed[i]!);
      this.#closedCount = 0;
      this.onTurn();
    }
  }

  startSending(): void {}
  watch(): void {}
  dispose(): void {}
}

function ignore(): void {}

function bytesPerConnection(ratePerSec: number | null): number {
  const clock = new MonotonicClock(monotonicNs());
  const engine = new IdealEngine();
  const memory = createRecorderMemory(LOAD_BANK);
  const reader = new RecorderReader(memory, LOAD_BANK);
  const attempts = new AttemptTable(CAPACITY);
  const heads = new ResponseHeads(
    { libc: undefined, capacity: CAPACITY, isShared: true },
    { statuses: ['200'], prefix: Buffer.from('HTTP/') },
    undefined,
  );
  heads.places!.viewOf().set(Buffer.from('HTTP/1.1 200 OK\r\n'));
  const ports = Uint16Array.from({ length: 20_000 }, (_, index) => 1024 + index);
  /** Taken and used when the code was warm. */
  let warm: { taken: number; bytes: number } | undefined;
  const pacer = new Pacer({
    schedule: ratePerSec === null ? null : new ConstantRate(ratePerSec),
    turns: new Turns({ worker: 0, workers: 1 }),
    baseNs: clock.now(),
    warmupNs: 0,
    durationNs: SECONDS * 1e9,
    batchNs: 0,
  });
  engine.onTurn = () => {
    reader.drain(ignore);
    if (warm !== undefined || clock.nowNs < pacer.baseNs + WARM_AFTER_SEC * 1e9) return;
    warm = { taken: pacer.nextIndex, bytes: process.memoryUsage().heapUsed };
  };
  engine.run(
    new Generator({
      engine,
      clock,
      recorder: new Recorder(memory, clock, LOAD_BANK),
      attempts,
      pacer,
      ports: new SourcePortAllocator({ sources: 1, ports, offset: 0, clock, restNs: 1e6 }),
      sources: 1,
      exchange: exchangeOf({ kind: 'echo' }, PAYLOAD_BYTES),
      halfClose: false,
      plan: { close: 'fin', holdNs: 0, timeoutNs: 1e9 },
      firstByteTimeoutNs: Infinity,
      bodies: undefined,
      heads,
      control: new Int32Array(CONTROL_WORDS),
    }),
  );
  const bytes = process.memoryUsage().heapUsed;
  return (bytes - warm!.bytes) / (pacer.nextIndex - warm!.taken);
}

console.log(JSON.stringify([bytesPerConnection(null), bytesPerConnection(50_000)]));
