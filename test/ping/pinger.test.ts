/** The pinger on a clock that stands still and an engine without a network. */
import t from 'tap';
import type { PingEngine } from '../../src/engine/seam/ping.ts';
import { EAGAIN, ECONNRESET } from '../../src/kernel/errno.ts';
import { PING_BANK, PingRound } from '../../src/count/ping.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import { createRecorderMemory } from '../../src/count/bank.ts';
import { Pinger } from '../../src/ping/pinger.ts';
import type { PingerOptions } from '../../src/ping/pinger.ts';
import { ROUND_WORDS, leaseStarts } from '../../src/runtime/round-control.ts';
import { Pacer } from '../../src/schedule/pacer.ts';
import { ConstantRate } from '../../src/schedule/schedule.ts';
import { Turns } from '../../src/schedule/turns.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MS = 1e6;

interface Sent {
  readonly slot: number;
  readonly sequence: number;
  readonly ticket: number;
  readonly atNs: number;
}

/** An engine that keeps what it is given, and refuses where a test says so. */
class FakeEngine implements PingEngine {
  readonly name = 'node';
  readonly sent: Sent[] = [];
  readonly closed: number[] = [];
  refuses = false;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  open(): number {
    return 0;
  }

  send(slot: number, sequence: number, ticket: number): number {
    if (this.refuses) return EAGAIN;
    this.sent.push({ slot, sequence, ticket, atNs: this.#clock.atNs });
    return 0;
  }

  close(slot: number): void {
    this.closed.push(slot);
  }

  run(): void {}
  dispose(): void {}
}

interface Setup extends Partial<
  Pick<PingerOptions, 'depth' | 'thinkNs' | 'inFlightLimit' | 'isStream' | 'recordsLag'>
> {
  readonly ratePerSec: number | null;
  readonly durationNs?: number;
  readonly warmupNs?: number;
  readonly connections?: number;
}

function setUp(setup: Setup) {
  const { ratePerSec, durationNs = 100 * MS, warmupNs = 0, connections = 1, depth = 1 } = setup;
  const clock = new ManualClock();
  const engine = new FakeEngine(clock);
  const memory = createRecorderMemory(PING_BANK);
  const control = new Int32Array(ROUND_WORDS);
  const pinger = new Pinger({
    engine,
    clock,
    recorder: new Recorder(memory, clock, PING_BANK),
    pacer: new Pacer({
      schedule: ratePerSec === null ? null : new ConstantRate(ratePerSec),
      turns: new Turns({ worker: 0, workers: 1 }),
      baseNs: 0,
      warmupNs,
      durationNs,
      batchNs: 0,
    }),
    isUp: new Uint8Array(connections).fill(1),
    depth,
    inFlightLimit: setup.inFlightLimit ?? connections * depth,
    isStream: setup.isStream ?? true,
    thinkNs: setup.thinkNs ?? 0,
    timeoutNs: 50 * MS,
    recordsLag: setup.recordsLag ?? true,
    token: 0x5eed,
    control,
  });
  const reader = new RecorderReader(memory, PING_BANK);
  const round = new PingRound(warmupNs, () => undefined);
  return {
    clock,
    engine,
    pinger,
    control,
    reply: ({ slot, sequence, ticket }: Sent): void => pinger.received(slot, sequence, ticket),
    stepAt: (atNs: number): boolean => {
      clock.advanceTo(atNs);
      return pinger.step();
    },
    counts: () => {
      reader.drain((bank) => round.add(bank));
      return round.total.counts();
    },
    latencies: () => round.total.latencies(),
  };
}

t.test('a ping that finds no connection free is late, and its latency counts from when it was due', (t) => {
  const { engine, pinger, stepAt, reply, counts, latencies } = setUp({ ratePerSec: 100, durationNs: 30 * MS });
  stepAt(0);
  stepAt(10 * MS);
  t.equal(engine.sent.length, 1, 'the second waits for the first');
  stepAt(15 * MS);
  reply(engine.sent[0]!);
  stepAt(15 * MS);
  t.equal(engine.sent[1]?.atNs, 15 * MS);
  stepAt(16 * MS);
  reply(engine.sent[1]!);
  stepAt(16 * MS);
  t.equal(pinger.deadlineNs, 20 * MS, 'the third is not due yet');
  stepAt(20 * MS);
  stepAt(21 * MS);
  reply(engine.sent[2]!);
  t.notOk(stepAt(21 * MS));
  t.match(counts(), { scheduled: 3, sent: 3, received: 3, missed: 0 });
  t.match(latencies(), {
    rtt_ns: { max: 15 * MS, min: MS },
    corrected_rtt_ns: { max: 15 * MS },
    schedule_lag_ns: { max: 5 * MS },
  });
  t.equal(latencies().corrected_rtt_ns.mean, Math.round((22 * MS) / 3), 'of 15, 6 and 1 ms');
  t.same(engine.closed, [0]);
  t.end();
});

t.test('how late a ping is sent is recorded where it matters', (t) => {
  const { stepAt, reply, engine, counts, latencies } = setUp({
    ratePerSec: 100,
    durationNs: 10 * MS,
    recordsLag: false,
  });
  stepAt(3 * MS);
  stepAt(4 * MS);
  reply(engine.sent[0]!);
  t.notOk(stepAt(20 * MS));
  t.match(counts(), { scheduled: 1, sent: 1, received: 1 });
  t.match(latencies(), { rtt_ns: { max: MS }, corrected_rtt_ns: { count: 0 }, schedule_lag_ns: { count: 0 } });
  t.end();
});

t.test('a pipeline does not wait; replies are told apart by what they are', (t) => {
  const { engine, stepAt, reply, counts, pinger } = setUp({
    ratePerSec: 1000,
    durationNs: 4 * MS,
    depth: 8,
    isStream: false,
  });
  for (let ms = 0; ms < 4; ms++) stepAt(ms * MS);
  const [first, second, third, fourth] = engine.sent as [Sent, Sent, Sent, Sent];
  reply(second);
  reply(first);
  reply(second);
  pinger.received(0, 99, 12_345_678);
  reply(third);
  stepAt(60 * MS);
  reply(fourth);
  t.match(counts(), { sent: 4, received: 3, lost: 1, out_of_order: 1, duplicates: 1, late: 0 });
  t.end();
});

t.test('late is late, also when its ticket has another ping by now', (t) => {
  const { engine, stepAt, reply, counts } = setUp({ ratePerSec: null, durationNs: 200 * MS });
  stepAt(0);
  stepAt(50 * MS);
  t.equal(engine.sent.length, 2, 'given up after the timeout, and on it goes');
  reply(engine.sent[0]!);
  reply(engine.sent[1]!);
  stepAt(51 * MS);
  stepAt(101 * MS);
  stepAt(200 * MS);
  stepAt(300 * MS);
  t.match(counts(), { received: 1, late: 1 });
  t.end();
});

t.test('a pause after each reply; a limit over all connections', (t) => {
  const { engine, pinger, stepAt, reply } = setUp({
    ratePerSec: null,
    connections: 2,
    thinkNs: 5 * MS,
    inFlightLimit: 1,
  });
  stepAt(0);
  t.equal(engine.sent.length, 1, 'one under way over both');
  stepAt(MS);
  reply(engine.sent[0]!);
  stepAt(MS);
  t.match(engine.sent[1], { slot: 1 }, 'the other one need not pause');
  stepAt(2 * MS);
  reply(engine.sent[1]!);
  stepAt(2 * MS);
  t.equal(pinger.deadlineNs, 6 * MS);
  stepAt(6 * MS);
  t.match(engine.sent[2], { slot: 0, atNs: 6 * MS });
  t.end();
});

t.test('what the kernel refuses is still due', (t) => {
  const { engine, stepAt, pinger, reply, counts, latencies } = setUp({ ratePerSec: 1000, durationNs: MS, depth: 4 });
  engine.refuses = true;
  stepAt(0);
  engine.refuses = false;
  stepAt(3 * MS);
  t.ok(pinger.deadlineNs > 3 * MS, 'nothing to do until it is writable');
  t.equal(engine.sent.length, 0);
  pinger.writable(0);
  stepAt(3 * MS);
  reply(engine.sent[0]!);
  t.notOk(stepAt(3 * MS));
  t.match(counts(), { sent: 1, received: 1 });
  t.equal(latencies().schedule_lag_ns.max, 3 * MS);
  t.end();
});

t.test('a connection that breaks takes its pings along, and the others go on', (t) => {
  const { engine, stepAt, pinger, reply, counts } = setUp({
    ratePerSec: 1000,
    durationNs: 4 * MS,
    connections: 2,
    depth: 2,
  });
  stepAt(0);
  stepAt(MS);
  pinger.failed(0, ECONNRESET);
  t.same(engine.closed, [0]);
  stepAt(2 * MS);
  t.equal(engine.sent.at(-1)?.slot, 1);
  for (const each of engine.sent) reply(each);
  stepAt(3 * MS);
  reply(engine.sent.at(-1)!);
  t.notOk(stepAt(4 * MS));
  t.match(counts(), { sent: 4, received: 3, lost: 1, missed: 0 });
  t.end();
});

t.test('without a connection it is over; what was due until the end of the round is missed', (t) => {
  const { stepAt, pinger, counts } = setUp({ ratePerSec: 1000, durationNs: 1000 * MS });
  stepAt(0);
  pinger.failed(0, 0);
  t.notOk(stepAt(4.5 * MS));
  t.match(counts(), { scheduled: 1000, sent: 1, lost: 1, missed: 999 });
  t.end();
});

t.test('a thread that was stopped past the end of its round sends nothing then', (t) => {
  const { stepAt, counts } = setUp({ ratePerSec: 1000, durationNs: 1000 * MS, depth: 10 });
  stepAt(0);
  t.notOk(stepAt(9000 * MS));
  t.match(counts(), { scheduled: 1000, sent: 1, missed: 999 });
  t.end();
});

t.test('a stop sends what is due by then, and gives up what does not come back in time', (t) => {
  const { stepAt, control, counts } = setUp({ ratePerSec: 1000, durationNs: 1000 * MS, depth: 10 });
  stepAt(0);
  stepAt(MS);
  control[0] = 1;
  t.ok(stepAt(2 * MS), 'what is under way may come back');
  stepAt(51 * MS);
  t.notOk(stepAt(52 * MS));
  t.match(counts(), { scheduled: 3, sent: 3, missed: 0, lost: 3, aborted: 0 });
  t.end();
});

t.test('back to back, what is sent before the end of the warm-up is not counted', (t) => {
  const { engine, stepAt, reply, counts } = setUp({ ratePerSec: null, durationNs: 2 * MS, warmupNs: 2 * MS });
  for (let ms = 0; ms < 4; ms++) {
    stepAt(ms * MS);
    reply(engine.sent[ms]!);
  }
  stepAt(4 * MS);
  t.equal(engine.sent.length, 4);
  t.match(counts(), { sent: 2, received: 2 });
  t.end();
});

t.test('the warm-up is not counted', (t) => {
  const { engine, stepAt, reply, counts } = setUp({ ratePerSec: 1000, durationNs: 2 * MS, warmupNs: 2 * MS });
  for (let ms = 0; ms < 5; ms++) {
    stepAt(ms * MS);
    if (engine.sent[ms] !== undefined) reply(engine.sent[ms]!);
  }
  stepAt(5 * MS);
  t.equal(engine.sent.length, 4);
  t.match(counts(), { scheduled: 2, sent: 2, received: 2 });
  t.end();
});

t.test('a reply is judged by its age, also where it comes before the ping was given up', (t) => {
  const { engine, clock, stepAt, reply, counts } = setUp({ ratePerSec: 100, durationNs: 10 * MS });
  stepAt(0);
  clock.advanceTo(51 * MS);
  reply(engine.sent[0]!);
  t.notOk(stepAt(51 * MS));
  t.match(counts(), { sent: 1, received: 0, lost: 1, late: 1 });
  t.end();
});

t.test('nothing is sent after a lease until it is renewed', (t) => {
  const { engine, control, pinger, stepAt, reply, counts } = setUp({ ratePerSec: 1000, durationNs: 30 * MS });
  const goOn = (fromMs: number, toMs: number): void => {
    for (let ms = fromMs; ms < toMs; ms++) {
      const { length } = engine.sent;
      stepAt(ms * MS);
      for (const sent of engine.sent.slice(length)) reply(sent);
    }
  };
  leaseStarts(control, 10 * MS);
  goOn(0, 20);
  t.equal(engine.sent.length, 10);
  t.ok(pinger.deadlineNs > 19 * MS, 'it waits, and does not spin');
  leaseStarts(control, 25 * MS);
  goOn(20, 24);
  t.ok(engine.sent.length > 10);
  control[0] = 1;
  t.notOk(stepAt(28 * MS));
  const { scheduled, sent, missed } = counts();
  t.equal(sent, engine.sent.length);
  t.equal(scheduled, sent + missed);
  t.equal(scheduled, 28);
  t.end();
});
