/**
 * Runs rounds of a generator against the packet engine, its packets answered in memory, and prints how many bytes each connection left on
 * the heap once the code was warm: `[closed with FIN, closed with RST]`. Run by garbage.test.ts.
 */
import { AttemptTable } from '../../../src/client/attempts.ts';
import { exchangeOf } from '../../../src/client/exchange.ts';
import { Generator } from '../../../src/client/generator.ts';
import { SourcePortAllocator } from '../../../src/client/source-ports.ts';
import { CONTROL_WORDS } from '../../../src/client/stages.ts';
import { createRecorderMemory } from '../../../src/count/bank.ts';
import { LOAD_BANK } from '../../../src/count/load.ts';
import { Recorder, RecorderReader } from '../../../src/count/recorder.ts';
import { PacketClientEngine } from '../../../src/engine/packet/client.ts';
import { RehearsalPort } from '../../../src/engine/packet/rehearsal/rehearsal-port.ts';
import type { ClientDriver } from '../../../src/engine/seam/engine.ts';
import { MonotonicClock, monotonicNs } from '../../../src/runtime/clock.ts';
import { Pacer } from '../../../src/schedule/pacer.ts';
import { Turns } from '../../../src/schedule/turns.ts';
import { linkOf, runOf } from './links.ts';

const CAPACITY = 100;
const PAYLOAD_BYTES = 64;
const SOURCES = 8;
const SECONDS = 3;
/** By then V8 has compiled what runs. */
const WARM_AFTER_SEC = 1.5;

function ignore(): void {}

/** Lets a test look at each turn of the engine. */
class Watched implements ClientDriver {
  readonly #driver: Generator;
  readonly #onTurn: () => void;

  constructor(driver: Generator, onTurn: () => void) {
    this.#driver = driver;
    this.#onTurn = onTurn;
  }

  get deadlineNs(): number {
    return this.#driver.deadlineNs;
  }

  step(): boolean {
    this.#onTurn();
    return this.#driver.step();
  }

  connected(slot: number): void {
    this.#driver.connected(slot);
  }

  sent(slot: number, bytes: number): void {
    this.#driver.sent(slot, bytes);
  }

  received(slot: number, bytes: number): void {
    this.#driver.received(slot, bytes);
  }

  ended(slot: number): void {
    this.#driver.ended(slot);
  }

  failed(slot: number, errno: number): void {
    this.#driver.failed(slot, errno);
  }

  released(slot: number): void {
    this.#driver.released(slot);
  }
}

function bytesPerConnection(close: 'fin' | 'rst'): number {
  const clock = new MonotonicClock(monotonicNs());
  const link = linkOf(0, { addresses: [runOf('198.18.1.0', SOURCES)] });
  const engine = new PacketClientEngine(
    {
      target: { address: '198.18.0.1', family: 4, port: 7000 },
      sources: [],
      payload: new Uint8Array(PAYLOAD_BYTES),
      halfClose: false,
      capacity: CAPACITY,
      clock,
      link,
    },
    new RehearsalPort(link, { payloadBytes: PAYLOAD_BYTES, responseBytes: PAYLOAD_BYTES }),
  );
  const memory = createRecorderMemory(LOAD_BANK);
  const reader = new RecorderReader(memory, LOAD_BANK);
  const ports = Uint16Array.from({ length: 60_000 }, (_, index) => 1024 + index);
  /** Taken and used when the code was warm. */
  let warm: { taken: number; bytes: number } | undefined;
  const pacer = new Pacer({
    schedule: null,
    turns: new Turns({ worker: 0, workers: 1 }),
    baseNs: clock.now(),
    warmupNs: 0,
    durationNs: SECONDS * 1e9,
    batchNs: 0,
  });
  const generator = new Generator({
    engine,
    clock,
    recorder: new Recorder(memory, clock, LOAD_BANK),
    attempts: new AttemptTable(CAPACITY),
    pacer,
    // As many as are never used twice: their queues would grow.
    ports: new SourcePortAllocator({ sources: SOURCES, ports, offset: 0, clock, restNs: 0 }),
    sources: SOURCES,
    exchange: exchangeOf({ kind: 'echo' }, PAYLOAD_BYTES),
    halfClose: false,
    plan: { close, holdNs: 0, timeoutNs: 1e9 },
    firstByteTimeoutNs: Infinity,
    bodies: undefined,
    heads: undefined,
    control: new Int32Array(CONTROL_WORDS),
  });
  engine.rehearse(
    new Watched(generator, () => {
      reader.drain(ignore);
      if (warm !== undefined || clock.nowNs < pacer.baseNs + WARM_AFTER_SEC * 1e9) return;
      warm = { taken: pacer.nextIndex, bytes: process.memoryUsage().heapUsed };
    }),
    PAYLOAD_BYTES,
  );
  const bytes = process.memoryUsage().heapUsed;
  return (bytes - warm!.bytes) / (pacer.nextIndex - warm!.taken);
}

console.log(JSON.stringify([bytesPerConnection('fin'), bytesPerConnection('rst')]));
