/**
 * Runs rounds of a generator against the packet engine, its packets answered in memory, and prints how many bytes each connection left on
 * the heap once the code was compiled: `[closed with FIN, closed with RST]`. Run by garbage.test.ts.
 */
import { AttemptTable } from '../../../src/client/attempts.ts';
import { exchangeOf } from '../../../src/client/exchange.ts';
import { Generator } from '../../../src/client/generator.ts';
import { SourcePortAllocator } from '../../../src/client/source-ports.ts';
import { CONTROL_WORDS } from '../../../src/client/stages.ts';
import { STOP } from '../../../src/runtime/round-control.ts';
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
/** A round ends when a stretch of so many connections has left little behind: then V8 has compiled what runs. */
const STRETCH = 50_000;
/** Where none has by then, each connection leaves that much. Not a time: on a busy machine V8 needs longer. */
const MOST_STRETCHES = 8;
/** Longer than any round. */
const LONG_NS = 600e9;

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

/** What each connection of the best stretch left behind; a round ends early at `enough`. */
function bytesPerConnection(close: 'fin' | 'rst', enough: number): number {
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
  const control = new Int32Array(CONTROL_WORDS);
  let stretches = 0;
  let least = Infinity;
  let taken = 0;
  let bytes = process.memoryUsage().heapUsed;
  const pacer = new Pacer({
    schedule: null,
    turns: new Turns({ worker: 0, workers: 1 }),
    baseNs: clock.now(),
    warmupNs: 0,
    durationNs: LONG_NS,
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
    control,
  });
  engine.rehearse(
    new Watched(generator, () => {
      reader.drain(ignore);
      const connections = pacer.nextIndex - taken;
      if (connections < STRETCH) return;
      const { heapUsed } = process.memoryUsage();
      // Less than before: it was collected meanwhile.
      if (heapUsed >= bytes) least = Math.min(least, (heapUsed - bytes) / connections);
      if (least <= enough || ++stretches === MOST_STRETCHES) control[STOP] = 1;
      taken = pacer.nextIndex;
      bytes = process.memoryUsage().heapUsed;
    }),
    PAYLOAD_BYTES,
  );
  return least;
}

const enough = Number(process.argv[2]);
console.log(JSON.stringify([bytesPerConnection('fin', enough), bytesPerConnection('rst', enough)]));
