/** Whether a controller is there, on a clock that the test moves. */
import t, { type Test } from 'tap';
import { ControllerWatch } from '../../../src/fleet/agent/controller-watch.ts';

interface Watched {
  readonly watch: ControllerWatch;
  readonly lost: string[];
  isConnected: boolean;
  /** Lets time pass, with a look four times a second. */
  pass(ms: number, beats?: boolean): void;
  /** Lets time pass without a look, as for a process that is stopped. */
  sleep(ms: number): void;
}

function watched(t: Test): Watched {
  let nowMs = 1000;
  const lost: string[] = [];
  const state: Watched = {
    lost,
    isConnected: true,
    watch: new ControllerWatch({
      isConnected: () => state.isConnected,
      onLost: (why) => void lost.push(why),
      nowMs: () => nowMs,
    }),
    pass: (ms, beats = false) => {
      for (let passed = 0; passed < ms; passed += 250) {
        nowMs += 250;
        if (beats && passed % 1000 === 0) state.watch.heard();
        state.watch.look();
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

t.test('beats keep a run alive; 3 s without one end it, and it is told once', (t) => {
  const state = watched(t);
  state.pass(60_000, true);
  t.strictSame(state.lost, []);
  state.pass(2000);
  t.strictSame(state.lost, []);
  state.pass(20_000);
  t.strictSame(state.lost, ['nothing was heard of the controller for 3 s']);
  t.end();
});

t.test('the first beat may take 10 s', (t) => {
  const state = watched(t);
  state.pass(9500);
  t.strictSame(state.lost, []);
  state.pass(1000);
  t.strictSame(state.lost, ['nothing was heard of the controller for 10 s']);
  t.end();
});

t.test('without a connection it goes on for 10 s, and the silence counts from the reconnect', (t) => {
  const state = watched(t);
  state.pass(1000, true);
  state.isConnected = false;
  state.pass(9500);
  state.isConnected = true;
  state.pass(2500);
  t.strictSame(state.lost, []);
  state.pass(1000);
  t.match(state.lost, [/for 3 s/]);
  t.end();
});

t.test('NATS away for longer ends it', (t) => {
  const state = watched(t);
  state.pass(1000, true);
  state.isConnected = false;
  state.pass(11_000);
  t.strictSame(state.lost, ['there was no connection to NATS for 10 s']);
  t.end();
});

t.test('a process that was stopped itself has its beats in the socket', (t) => {
  const state = watched(t);
  state.pass(1000, true);
  state.sleep(8000);
  state.pass(1000, true);
  t.strictSame(state.lost, []);
  t.end();
});
