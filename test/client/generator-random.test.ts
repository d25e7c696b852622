import fc from 'fast-check';
import t from 'tap';
import { errnoNumber } from '../../src/kernel/errno.ts';
import type { IntervalResult } from '../../src/document/client.ts';
import type { Finish } from '../../src/plan/exchange/finish.ts';
import { ConstantRate } from '../../src/schedule/schedule.ts';
import { CLOSING, CONNECTING, ESTABLISHED, FREE } from '../support/fake-engine.ts';
import { BASE_NS, MS, RoundBench } from './round-bench.ts';

const EVENT_ERRNOS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EMFILE',
  'EACCES',
];
const OPEN_ERRNOS = ['EMFILE', 'EADDRINUSE', 'EADDRNOTAVAIL', 'ENETUNREACH', 'ENOBUFS'];

const finishes = fc.oneof(
  fc.constantFrom<Finish>({ kind: 'half-close' }, { kind: 'eof' }, { kind: 'echo' }, { kind: 'connect' }),
  fc.integer({ min: 0, max: 4 }).map((bytes): Finish => ({ kind: 'bytes', bytes })),
);

const plans = fc
  .record({
    ratePerSec: fc.oneof(
      { weight: 1, arbitrary: fc.constant(null) },
      { weight: 3, arbitrary: fc.integer({ min: 20, max: 2500 }) },
    ),
    durationNs: fc.integer({ min: 1, max: 120 }).map((ms) => ms * MS),
    warmupNs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 80 * MS })),
    capacity: fc.integer({ min: 1, max: 30 }),
    finish: finishes,
    payloadBytes: fc.nat(3),
    close: fc.constantFrom<'fin' | 'rst'>('fin', 'rst'),
    holdNs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 * MS })),
    timeoutNs: fc.integer({ min: 1, max: 100 }).map((ms) => ms * MS),
    portCount: fc.nat(25),
    sources: fc.integer({ min: 1, max: 3 }),
    reuseDelayNs: fc.integer({ min: 1, max: 50 * MS }),
    leadNs: fc.constantFrom(0, 10 * MS),
    tickNs: fc.constantFrom(0, 1, 60, 5000),
    batchNs: fc.constantFrom(0, 200e3),
    workers: fc.integer({ min: 1, max: 3 }),
    worker: fc.nat(2),
  })
  .map(({ portCount, sources, payloadBytes, ...plan }) => ({
    ...plan,
    worker: plan.worker % plan.workers,
    payloadBytes: plan.finish.kind === 'connect' ? 0 : payloadBytes,
    // No ports: half of the time the kernel chooses the address too.
    ...(portCount === 0
      ? { sources: sources - 1 }
      : { sources, ports: Array.from({ length: portCount }, (_, i) => 5000 + i) }),
  }));

const scripts = fc.record({
  plan: plans,
  releasesAtOnce: fc.boolean(),
  /** Every so many opens one fails; 0: none. */
  openFails: fc.nat(6),
  /** Before which step the run is stopped; beyond the last one: not at all. */
  stopAt: fc.nat(800),
  steps: fc.array(fc.record({ what: fc.nat(19), which: fc.nat(1000), amount: fc.nat(1000) }), {
    minLength: 20,
    maxLength: 400,
    size: 'max',
  }),
});
type Script = typeof scripts extends fc.Arbitrary<infer T> ? T : never;

/** What the network and the kernel would know of a slot. */
interface Peer {
  tuple: string;
  sent: number;
  connected: boolean;
  failed: boolean;
  ended: boolean;
  waits: boolean;
}

/** Plays a script to the end of its round. Throws where a 4-tuple is used twice or before its time. */
class Play {
  readonly bench: RoundBench;
  connects = 0;
  sentBytes = 0;
  receivedBytes = 0;
  opens = 0;
  readonly #script: Script;
  readonly #peers: Peer[];
  /** When a tuple is free; Infinity while it is in use. */
  readonly #freeNs = new Map<string, number>();

  constructor(script: Script) {
    const { plan } = script;
    this.#script = script;
    this.bench = new RoundBench(plan);
    this.#peers = Array.from({ length: plan.capacity }, () => newPeer(''));
    const { engine, clock } = this.bench;
    engine.releasesAtOnce = script.releasesAtOnce;
    engine.openErrno = () =>
      script.openFails > 0 && ++this.opens % script.openFails === 0
        ? errnoNumber(OPEN_ERRNOS[(this.opens / script.openFails) % OPEN_ERRNOS.length]!)
        : 0;
    engine.onOpen = (slot, source, port) => {
      const tuple = `${source}:${port}`;
      this.#peers[slot] = newPeer(tuple);
      if (port === 0) return;
      const freeNs = this.#freeNs.get(tuple) ?? 0;
      if (freeNs > clock.atNs) throw new Error(`${tuple} opened ${freeNs - clock.atNs} ns before it was free`);
      this.#freeNs.set(tuple, Infinity);
    };
    engine.onClose = (slot, reset) => {
      const peer = this.#peers[slot]!;
      const sentAll = peer.sent >= plan.payloadBytes;
      const bothFins = plan.finish.kind === 'half-close' && sentAll && peer.ended;
      // A reset spares the TIME_WAIT, but not once both FINs are through.
      peer.waits = peer.connected && !peer.failed && (bothFins || (!reset && !peer.ended));
      // Released at once or later: not before the close either way.
      this.#freeNs.set(peer.tuple, clock.atNs + (peer.waits ? plan.reuseDelayNs : 0));
    };
  }

  run(): this {
    const { bench } = this;
    for (const [i, step] of this.#script.steps.entries()) {
      if (i === this.#script.stopAt) bench.stop();
      this.#act(step.what, step.which, step.amount);
      // Several events between two steps, as an engine has them.
      if (step.which % 3 !== 0) bench.step();
      if (bench.hasEnded) return this;
    }
    bench.engine.releasesAtOnce = true;
    for (const slot of bench.engine.slots(CLOSING)) bench.engine.release(slot);
    bench.runOut();
    return this;
  }

  #act(what: number, which: number, amount: number): void {
    const { engine, clock } = this.bench;
    const pick = (slots: readonly number[]): number | undefined => slots[which % Math.max(1, slots.length)];
    if (what < 6) this.#connect(pick(engine.slots(CONNECTING)));
    else if (what < 8) this.#send(pick(engine.slots(ESTABLISHED)));
    else if (what < 10) this.#receive(pick(engine.slots(ESTABLISHED)), 1 + (amount % 4));
    else if (what < 12) this.#end(pick(engine.slots(ESTABLISHED)));
    else if (what < 13) this.#fail(pick(engine.slots(CONNECTING, ESTABLISHED)), amount);
    else if (what < 15) {
      const slot = pick(engine.slots(CLOSING));
      if (slot !== undefined) engine.release(slot);
    } else if (what < 19) clock.advance(amount * 2000);
    // Now and then the thread was away for long.
    else if (which < 50) clock.advance(amount * 300_000);
    else clock.advance(amount * 20_000);
  }

  #connect(slot: number | undefined): void {
    if (slot === undefined) return;
    this.#peers[slot]!.connected = true;
    this.connects++;
    this.bench.engine.connect(slot);
  }

  #send(slot: number | undefined): void {
    if (slot === undefined || this.#peers[slot]!.sent >= this.#script.plan.payloadBytes) return;
    this.#peers[slot]!.sent++;
    this.sentBytes++;
    this.bench.engine.send(slot, 1);
  }

  #receive(slot: number | undefined, bytes: number): void {
    if (slot === undefined) return;
    this.receivedBytes += bytes;
    this.bench.engine.receive(slot, bytes);
  }

  #end(slot: number | undefined): void {
    if (slot === undefined) return;
    this.#peers[slot]!.ended = true;
    this.bench.engine.end(slot);
  }

  #fail(slot: number | undefined, amount: number): void {
    if (slot === undefined) return;
    this.#peers[slot]!.failed = true;
    this.bench.engine.fail(slot, errnoNumber(EVENT_ERRNOS[amount % EVENT_ERRNOS.length]!));
  }
}

function newPeer(tuple: string): Peer {
  return { tuple, sent: 0, connected: false, failed: false, ended: false, waits: false };
}

/** Runs scripts and checks each result; `check` throws with what is wrong. */
function forAnyScript(check: (play: Play, script: Script) => void, numRuns = 150): void {
  fc.assert(
    fc.property(scripts, (script) => check(new Play(script).run(), script)),
    { numRuns },
  );
}

function equal(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual}, expected ${expected}`);
}

function atMost(actual: number, limit: number, what: string): void {
  if (!(actual <= limit)) throw new Error(`${what}: ${actual}, expected at most ${limit}`);
}

t.test('the identities of the contract hold after any run', async (t) => {
  forAnyScript(({ bench }) => {
    const { total } = bench;
    const outcomes = total.outcomeCounts();
    const counts = bench.latencyCounts;
    const timeouts = outcomes.connect_timeout + outcomes.exchange_timeout;
    equal(total.scheduled, total.started + total.missed, 'scheduled = started + missed');
    equal(total.ok + total.failed, total.started, 'Σ outcomes = started');
    atMost(outcomes.ok, total.established, 'ok ≤ established');
    atMost(total.established, total.started, 'established ≤ started');
    equal(counts.schedule_lag, total.started, 'schedule_lag.count = started');
    equal(counts.connect, total.established, 'connect.count = established');
    equal(counts.total, outcomes.ok + timeouts, 'total.count = ok + timeouts');
    equal(counts.corrected_total, counts.total, 'corrected_total.count = total.count');
    atMost(counts.first_byte, total.established, 'first_byte.count ≤ established');
    atMost(total.heldLost, outcomes.ok, 'held lost ≤ ok');
    atMost(bench.merger.inFlightPeak, bench.attempts.capacity, 'in_flight_max ≤ capacity');
  });
  t.pass('held in every run');
});

t.test('the intervals add up to the round', async (t) => {
  forAnyScript(({ bench: { merger, total } }) => {
    const sum = (pick: (interval: IntervalResult) => number): number =>
      merger.intervals.reduce((n, each) => n + pick(each), 0);
    equal(
      sum(({ scheduled }) => scheduled),
      total.scheduled,
      'scheduled',
    );
    equal(
      sum(({ started }) => started),
      total.started,
      'started',
    );
    equal(
      sum(({ missed }) => missed),
      total.missed,
      'missed',
    );
    equal(
      sum(({ established }) => established),
      total.established,
      'established',
    );
    equal(
      sum(({ ok }) => ok),
      total.ok,
      'ok',
    );
    equal(
      sum(({ failed }) => failed),
      total.failed,
      'failed',
    );
    equal(
      sum(({ bytes }) => bytes.received),
      total.bytesReceived,
      'bytes received',
    );
  }, 50);
  t.pass('held in every run');
});

t.test('nothing is left open, and the engine was asked to close each connection once', async (t) => {
  forAnyScript(({ bench: { engine, attempts } }) => {
    equal(attempts.open, 0, 'slots in use');
    equal(engine.slots(FREE).length, attempts.capacity, 'slots that the engine has free');
    equal(engine.closes.length, engine.opens.filter(({ errno }) => errno === 0).length, 'closes');
  });
  t.pass('held in every run');
});

t.test('a run that is not stopped accounts for its whole share of the schedule', async (t) => {
  forAnyScript(({ bench }, { plan, stopAt, steps }) => {
    if (plan.ratePerSec === null || stopAt < steps.length) return;
    const schedule = new ConstantRate(plan.ratePerSec);
    let share = 0;
    for (let n = schedule.countBefore(plan.warmupNs); n < schedule.countBefore(plan.warmupNs + plan.durationNs); n++) {
      if (n % plan.workers === plan.worker) share++;
    }
    equal(bench.total.scheduled, share, 'scheduled');
  });
  t.pass('held in every run');
});

t.test('without a warm-up every event is in the result', async (t) => {
  forAnyScript(({ bench: { total }, connects, sentBytes, receivedBytes }, { plan }) => {
    // Closed loop may have begun before the base.
    if (plan.warmupNs > 0 || (plan.ratePerSec === null && plan.leadNs > 0)) return;
    equal(total.established, connects, 'established');
    equal(total.bytesSent, sentBytes, 'bytes sent');
    equal(total.bytesReceived, receivedBytes, 'bytes received');
  });
  t.pass('held in every run');
});

t.test('no attempt starts before it is due', async (t) => {
  forAnyScript(({ bench: { engine } }, { plan }) => {
    // With ports of its own an attempt may open several.
    if (plan.ratePerSec === null || 'ports' in plan) return;
    const schedule = new ConstantRate(plan.ratePerSec);
    for (const [i, { atNs }] of engine.opens.entries()) {
      // At least i attempts of this worker were due before this one.
      atMost(BASE_NS + schedule.dueNs(plan.worker + i * plan.workers), atNs, `due time of open ${i}`);
    }
  });
  t.pass('held in every run');
});
