/** Whether a controller is there, and until when its agent may start something, on a clock that the test moves. */
import t, { type Test } from 'tap';
import { ControllerWatch } from '../../../src/fleet/agent/controller-watch.ts';

interface Watched {
  readonly watch: ControllerWatch;
  readonly lost: string[];
  isConnected: boolean;
  /** Whether NATS answers, where there is a connection. */
  answers: boolean;
  /** For how long the agent may still start something, in ms; less than 0 where it may not. */
  readonly leaseMs: number;
  /** Lets time pass, with a look four times a second. */
  pass(ms: number, beats?: boolean): Promise<void>;
  /** Lets time pass without a look, as for a process that is stopped. */
  sleep(ms: number): void;
}

function watched(t: Test): Watched {
  let nowMs = 1000;
  let leaseMs = 0;
  const lost: string[] = [];
  let unanswered: ((isAnswered: boolean) => void)[] = [];
  const settle = async (): Promise<void> => {
    if (state.isConnected && !state.answers) return;
    const waiting = unanswered;
    unanswered = [];
    for (const each of waiting) each(state.isConnected);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const bus = {
    get isConnected() {
      return state.isConnected;
    },
    flush: () => new Promise<boolean>((resolve) => void unanswered.push(resolve)),
  };
  const state: Watched = {
    lost,
    isConnected: true,
    answers: true,
    get leaseMs() {
      return leaseMs - nowMs;
    },
    watch: new ControllerWatch({
      bus,
      onLost: (why) => void lost.push(why),
      onLease: (untilMs) => void (leaseMs = untilMs),
      nowMs: () => nowMs,
    }),
    pass: async (ms, beats = false) => {
      for (let passed = 0; passed < ms; passed += 250) {
        nowMs += 250;
        if (passed % 1000 === 0) state.watch.spoke();
        if (beats && passed % 1000 === 0) state.watch.heard();
        state.watch.look();
        await settle();
      }
    },
    sleep: (ms) => {
      nowMs += ms;
      state.watch.look();
    },
  };
  t.teardown(() => state.watch.end());
  return state;
}

t.test('beats keep a run alive; 3 s without one end it, and it is told once', async (t) => {
  const state = watched(t);
  await state.pass(60_000, true);
  t.strictSame(state.lost, []);
  await state.pass(2000);
  t.strictSame(state.lost, []);
  t.ok(state.leaseMs > 0);
  await state.pass(20_000);
  t.strictSame(state.lost, ['nothing was heard of the controller for 3 s']);
  t.ok(state.leaseMs < 0, 'nothing is started after it');
});

t.test('the first beat may take 10 s', async (t) => {
  const state = watched(t);
  await state.pass(9500);
  t.strictSame(state.lost, []);
  t.ok(state.leaseMs > 0);
  await state.pass(1000);
  t.strictSame(state.lost, ['nothing was heard of the controller for 10 s']);
});

t.test('without a connection it goes on for 10 s, and the silence counts from the reconnect', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.isConnected = false;
  await state.pass(9500);
  t.ok(state.leaseMs > 0);
  state.isConnected = true;
  await state.pass(2500);
  t.strictSame(state.lost, []);
  t.ok(state.leaseMs > 0);
  await state.pass(1000);
  t.match(state.lost, [/for 3 s/]);
});

t.test('NATS away for longer ends it', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.isConnected = false;
  await state.pass(11_000);
  t.strictSame(state.lost, ['there was no connection to NATS for 10 s']);
});

t.test('NATS that hangs is away, though its connection is not closed', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.answers = false;
  for (let passed = 0; passed < 10_000; passed += 250) {
    await state.pass(250);
    t.strictSame(state.lost, []);
    t.ok(state.leaseMs > 0, 'the agent goes on all the time');
  }
  state.answers = true;
  await state.pass(2500);
  t.strictSame(state.lost, [], 'the silence counts from its answer');
  await state.pass(4000, true);
  state.answers = false;
  await state.pass(13_000);
  t.strictSame(state.lost, ['there was no connection to NATS for 10 s']);
});

t.test('a connection that breaks after NATS hung has been away since then', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.answers = false;
  await state.pass(5000);
  state.isConnected = false;
  await state.pass(5000);
  t.strictSame(state.lost, []);
  await state.pass(2000);
  t.match(state.lost, [/no connection to NATS for 10 s/]);
});

t.test('a process that was stopped for a moment has its beats in the socket', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.sleep(2000);
  t.ok(state.leaseMs > 0, 'and goes on');
  await state.pass(10_000, true);
  t.strictSame(state.lost, []);
});

t.test('one that was stopped for longer starts nothing before it hears its controller', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.sleep(8000);
  t.ok(state.leaseMs < 0);
  state.watch.heard();
  t.ok(state.leaseMs < 0, 'this may be from before it was given up');
  await state.pass(250);
  t.ok(state.leaseMs < 0);
  t.strictSame(state.lost, []);
  state.watch.heard();
  t.ok(state.leaseMs > 0, 'this is not');
  await state.pass(10_000, true);
  t.strictSame(state.lost, []);
});

t.test('nor does one that may have been given up, though it heard its controller just before', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.watch.heard();
  // The last sign of life of the agent is older than that beat.
  state.sleep(2800);
  t.ok(state.leaseMs < 0);
  await state.pass(250);
  state.watch.heard();
  t.ok(state.leaseMs > 0);
});

t.test('and ends the run where it does not hear it', async (t) => {
  const state = watched(t);
  await state.pass(1000, true);
  state.sleep(8000);
  state.watch.heard();
  await state.pass(2500);
  t.strictSame(state.lost, []);
  await state.pass(1500);
  t.strictSame(state.lost, ['nothing was heard of the controller for 3 s']);
  t.ok(state.leaseMs < 0);
});
