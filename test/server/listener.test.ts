import t from 'tap';
import type { ServerEngine } from '../../src/engine/seam/engine.ts';
import { ECONNRESET, EMFILE, EPIPE } from '../../src/kernel/errno.ts';
import type { RespondOn, ServerMode } from '../../src/plan/plan.ts';
import {
  ABORTED,
  ACCEPTED,
  BYTES_RECEIVED,
  BYTES_SENT,
  COMPLETED,
  IDLE_CLOSED,
  ListenerCounters,
  REJECTED,
} from '../../src/server/counters.ts';
import { CONTROL_OPEN, CONTROL_STATE, DRAIN, Listener, QUIT } from '../../src/server/listener.ts';
import { modeOf } from '../../src/server/modes.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MS = 1e6;
const SEC = 1e9;

/** An engine that does nothing but write down what it is told; `release` has it report `released`. */
class FakeEngine implements ServerEngine {
  readonly name = 'node';
  readonly port = 0;
  readonly calls: string[] = [];
  listen(): void {}
  run(): void {}
  dispose(): void {}
  echo(slot: number): void {
    this.calls.push(`echo ${slot}`);
  }
  respond(slot: number): void {
    this.calls.push(`respond ${slot}`);
  }
  halfClose(slot: number): void {
    this.calls.push(`halfClose ${slot}`);
  }
  close(slot: number, reset: boolean): void {
    this.calls.push(`${reset ? 'reset' : 'close'} ${slot}`);
  }
  watch(): void {}
  stopListening(): void {
    this.calls.push('stopListening');
  }
}

interface Bench {
  readonly listener: Listener;
  readonly clock: ManualClock;
  readonly counters: ListenerCounters;
  readonly control: Int32Array;
  /** What the engine was told since the last time. */
  told(): string[];
}

interface BenchOptions {
  readonly respondOn?: RespondOn;
  readonly maxConnections?: number;
  readonly control?: Int32Array;
}

function benchOf(mode: ServerMode, options: BenchOptions = {}): Bench {
  const engine = new FakeEngine();
  const clock = new ManualClock();
  const counters = new ListenerCounters(ListenerCounters.createMemory());
  const control = options.control ?? new Int32Array(new SharedArrayBuffer(8));
  const listener = new Listener({
    engine,
    clock,
    mode: modeOf(mode, options.respondOn ?? 'eof'),
    counters,
    idleTimeoutNs: SEC,
    capacity: 8,
    maxConnections: options.maxConnections ?? 8,
    control,
  });
  return { listener, clock, counters, control, told: () => engine.calls.splice(0) };
}

/** Has the listener accept a connection. */
function accept({ listener }: Bench, slot: number): void {
  if (!listener.admits()) throw new Error('not admitted');
  listener.accepted(slot);
}

t.test('what no progress was made on for the idle timeout is closed, in order', async (t) => {
  const bench = benchOf('echo');
  const { listener, clock, counters } = bench;
  accept(bench, 0);
  clock.advance(400 * MS);
  clock.tick();
  accept(bench, 1);
  clock.advance(400 * MS);
  clock.tick();
  listener.received(0, 10);
  listener.step();
  t.equal(listener.deadlineNs, 850 * MS, 'polled before anything is due');
  clock.advanceTo(1399 * MS);
  listener.step();
  t.equal(counters.get(IDLE_CLOSED), 0);
  clock.advanceTo(1400 * MS);
  listener.step();
  t.equal(listener.deadlineNs, 1450 * MS);
  t.strictSame(bench.told(), ['echo 0', 'close 1']);
  clock.advanceTo(1780 * MS);
  listener.step();
  t.equal(listener.deadlineNs, 1800 * MS, 'the next deadline is nearer than the next poll');
  clock.advanceTo(1800 * MS);
  listener.step();
  t.strictSame(bench.told(), ['close 0']);
  t.equal(counters.get(IDLE_CLOSED), 2);
  t.equal(counters.get(COMPLETED), 0);
});

t.test('sending is progress', async (t) => {
  const bench = benchOf('respond', { respondOn: 'accept' });
  const { listener, clock, counters } = bench;
  accept(bench, 0);
  clock.advance(900 * MS);
  clock.tick();
  listener.sent(0, 100);
  clock.advance(900 * MS);
  listener.step();
  t.equal(counters.get(IDLE_CLOSED), 0);
  t.equal(counters.get(BYTES_SENT), 100);
});

t.test('what a peer sends after its response keeps nothing open', async (t) => {
  const bench = benchOf('respond', { respondOn: 'data' });
  const { listener, clock, counters } = bench;
  accept(bench, 0);
  listener.received(0, 1);
  listener.sent(0, 5);
  listener.flushed(0);
  t.strictSame(bench.told(), ['respond 0', 'halfClose 0']);
  for (let i = 0; i < 10; i++) {
    clock.advance(100 * MS);
    clock.tick();
    listener.received(0, 1);
  }
  listener.step();
  t.equal(counters.get(IDLE_CLOSED), 1);
  t.equal(counters.get(BYTES_RECEIVED), 11);
});

t.test('a peer that resets after its whole response has completed', async (t) => {
  const bench = benchOf('respond', { respondOn: 'data' });
  accept(bench, 0);
  bench.listener.received(0, 1);
  bench.listener.flushed(0);
  bench.listener.failed(0, ECONNRESET);
  t.equal(bench.counters.get(COMPLETED), 1);
  t.equal(bench.counters.connectionErrors, 0);
});

t.test('a failure is counted by its errno, and the connection closed', async (t) => {
  const bench = benchOf('echo');
  accept(bench, 0);
  accept(bench, 1);
  bench.listener.failed(0, ECONNRESET);
  bench.listener.failed(1, EPIPE);
  bench.listener.acceptFailed(EMFILE);
  t.strictSame(bench.told(), ['close 0', 'close 1']);
  const errors: Record<string, number> = {};
  bench.counters.sumErrors(errors);
  t.strictSame(errors, { reset: 1, other_EPIPE: 1, accept_EMFILE: 1 });
});

t.test('the end of the peer in the middle of its response: closed when that is flushed', async (t) => {
  const bench = benchOf('respond', { respondOn: 'accept' });
  accept(bench, 0);
  bench.listener.ended(0);
  t.strictSame(bench.told(), ['respond 0']);
  bench.listener.flushed(0);
  t.strictSame(bench.told(), ['close 0']);
  t.equal(bench.counters.get(COMPLETED), 1);
});

t.test('the limit of connections holds over all listeners', async (t) => {
  const first = benchOf('hold', { maxConnections: 2 });
  const second = benchOf('hold', { maxConnections: 2, control: first.control });
  accept(first, 0);
  accept(second, 0);
  t.notOk(first.listener.admits());
  t.notOk(second.listener.admits());
  t.equal(first.control[CONTROL_OPEN], 2);
  t.equal(first.counters.get(REJECTED), 1);
  t.equal(second.counters.get(REJECTED), 1);
  t.equal(first.counters.get(ACCEPTED), 1, 'what was rejected was not accepted');
  second.listener.ended(0);
  t.notOk(first.listener.admits(), 'a place is free when the engine has released it');
  second.listener.released(0);
  t.ok(first.listener.admits());
});

t.test('drain: stops accepting at once, ends when all is released', async (t) => {
  const bench = benchOf('echo');
  const { listener, clock, control } = bench;
  accept(bench, 0);
  t.ok(listener.step());
  control[CONTROL_STATE] = DRAIN;
  t.ok(listener.step());
  t.strictSame(bench.told(), ['stopListening']);
  clock.advance(100 * MS);
  listener.received(0, 5);
  listener.ended(0);
  t.ok(listener.step(), 'the engine has not released it');
  listener.released(0);
  t.notOk(listener.step());
  t.strictSame(bench.told(), ['echo 0', 'close 0']);
  t.equal(bench.counters.get(COMPLETED), 1);
  t.equal(bench.counters.get(ABORTED), 0);
});

t.test('drain: what is open after 5 s is reset and counted as aborted', async (t) => {
  const bench = benchOf('hold');
  const { listener, clock, control, counters } = bench;
  control[CONTROL_STATE] = DRAIN;
  accept(bench, 0);
  accept(bench, 1);
  const keepAlive = (): void => listener.sent(1, 1);
  for (let i = 0; i < 49; i++) {
    clock.advance(100 * MS);
    listener.step();
    keepAlive();
  }
  t.equal(counters.get(IDLE_CLOSED), 1, 'the idle timeout is still in force');
  t.equal(counters.get(ABORTED), 0);
  clock.advance(200 * MS);
  listener.step();
  t.equal(counters.get(ABORTED), 1);
  t.strictSame(bench.told(), ['stopListening', 'close 0', 'reset 1']);
  listener.released(0);
  listener.released(1);
  t.notOk(listener.step());
});

t.test('quit: nothing is waited for', async (t) => {
  const bench = benchOf('echo');
  accept(bench, 0);
  bench.control[CONTROL_STATE] = QUIT;
  bench.listener.step();
  t.strictSame(bench.told(), ['stopListening', 'reset 0']);
  bench.listener.released(0);
  t.notOk(bench.listener.step());
});
