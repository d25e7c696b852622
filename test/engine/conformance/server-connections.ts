/** Accepting, ending and losing connections. */
import { ECONNRESET } from '../../../src/kernel/errno.ts';
import { MIB, MS, Stall, sharedPattern } from './harness.ts';
import type { ServerRun } from './driver.ts';
import type { Case, ServerHarness } from './harness.ts';
import { until } from './peer-thread.ts';
import { random } from './random.ts';
import { echoing } from './server-modes.ts';

export const connectionCases: readonly Case<ServerHarness>[] = [
  {
    name: '500 quick connections, waiting before the run begins, are all accounted for',
    async run(t, h) {
      let id = 0;
      const result = await h.run(t, { capacity: 512 }, async (port) => {
        id = h.peers.dial({ port, bytes: 64, count: 500 });
        await h.connected(id, 500);
        return echoing(500);
      });
      t.equal(result.totals.accepted, 500);
      t.equal(result.totals.received, 500 * 64);
      t.equal(result.totals.sent, 500 * 64);
      await until('every peer saw the end', () => h.peers.dialled(id, 500).every(({ ended }) => ended));
      t.ok(h.peers.dialled(id, 500).every(({ receivedBytes }) => receivedBytes === 64));
    },
  },
  {
    name: '2000 connections through 40 slots',
    async run(t, h) {
      let dialled = 0;
      const result = await h.run(t, { capacity: 40 }, (port) => {
        const script = echoing(2000);
        return {
          ...script,
          step: (run) => {
            while (dialled < 2000 && dialled - run.totals.released <= 20) {
              h.peers.dial({ port, bytes: 100, count: 20 });
              dialled += 20;
            }
            return script.step(run);
          },
        };
      });
      t.equal(result.totals.accepted, 2000);
      t.equal(result.totals.received, 2000 * 100);
      t.equal(result.totals.sent, 2000 * 100);
      t.equal(result.totals.ended, 2000);
      t.strictSame(result.errnos(), []);
    },
  },
  {
    name: '1000 connections through 40 slots, closed at random moments: no event of an old one',
    async run(t, h) {
      const chance = random(20_261_121);
      let dialled = 0;
      let overrun = 0;
      const maybeClose = (run: ServerRun, slot: number, probability: number): void => {
        const state = run.slots.states[slot];
        if ((state === 'open' || state === 'ended') && chance() < probability) run.close(slot, chance() < 0.5);
      };
      const result = await h.run(t, { capacity: 40 }, (port) => ({
        step: (run) => {
          for (let slot = 0; slot < 40; slot++) maybeClose(run, slot, 0.1);
          if (dialled < 1000 && dialled - run.totals.released <= 20) {
            h.peers.dial({ port, bytes: 8192, count: 20 });
            dialled += 20;
          }
          return run.totals.released === 1000;
        },
        accepted: (run, slot) => maybeClose(run, slot, 0.2),
        received: (run, slot) => {
          if (run.receivedBytes[slot]! > 8192) overrun++;
          maybeClose(run, slot, 0.2);
          if (run.slots.states[slot] === 'open') run.engine.echo(slot);
        },
        sent: (run, slot) => {
          if (run.sentBytes[slot]! > run.receivedBytes[slot]!) overrun++;
          maybeClose(run, slot, 0.2);
        },
        flushed: (run, slot) => maybeClose(run, slot, 0.2),
        ended: (run, slot) => maybeClose(run, slot, 0.5),
      }));
      t.equal(result.totals.accepted, 1000);
      t.equal(overrun, 0, 'no connection was told of bytes of another');
    },
  },
  {
    name: 'a connection that is not admitted is closed, and the next one is served',
    async run(t, h) {
      let id = 0;
      let asked = 0;
      const result = await h.run(t, { capacity: 2 }, async (port) => {
        id = h.peers.dial({ port, count: 6, then: 'keep' });
        await h.connected(id, 6);
        const gone = (): number =>
          h.peers.dialled(id, 6).filter(({ ended, closed, error }) => ended || closed || error !== null).length;
        return {
          step: (run) => {
            if (asked === 6 && gone() === 4)
              for (const slot of [0, 1]) if (run.slots.states[slot] === 'open') run.close(slot);
            return run.totals.released === 2;
          },
          admits: (run) => {
            asked++;
            return run.slots.count('free') > 0;
          },
        };
      });
      t.equal(asked, 6);
      t.equal(result.totals.accepted, 2);
    },
  },
  {
    name: 'a peer that resets: failed with ECONNRESET',
    async run(t, h) {
      let id = 0;
      const result = await h.run(t, {}, (port) => {
        id = h.peers.dial({ port, bytes: 64, then: 'keep' });
        return {
          step: (run) => run.totals.released === 1,
          received: (run) => {
            if (run.totals.received === 64) h.peers.act(id, 'reset');
          },
        };
      });
      t.strictSame(result.milestones(0), ['accepted', 'failed', 'released']);
      t.strictSame(result.errnos(), [ECONNRESET]);
    },
  },
  {
    name: 'a peer that resets in the middle of a response',
    async run(t, h) {
      const stall = new Stall(100 * MS);
      let acted = false;
      const payload = sharedPattern(h.largest(16 * MIB));
      const result = await h.run(t, { payload }, (port) => {
        const id = h.peers.dial({ port, then: 'keep', read: false });
        return {
          step: (run) => {
            if (!acted && stall.at(run.clock.now(), run.totals.sent)) {
              acted = true;
              h.peers.act(id, 'reset');
            }
            return run.totals.released === 1;
          },
          accepted: (run, slot) => run.engine.respond(slot),
        };
      });
      t.strictSame(result.milestones(0), ['accepted', 'failed', 'released']);
      t.strictSame(result.errnos(), [ECONNRESET]);
      t.equal(result.totals.flushed, 0);
      t.ok(result.totals.sent < payload.length);
    },
  },
  ...[false, true].map((reset): Case<ServerHarness> => ({
    name: `closed with ${reset ? 'RST' : 'FIN'} in the middle of a response: only released follows`,
    async run(t, h) {
      const stall = new Stall(100 * MS);
      const result = await h.run(t, { payload: sharedPattern(h.largest(16 * MIB)) }, (port) => {
        h.peers.dial({ port, then: 'keep', read: false });
        return {
          step: (run) => {
            if (run.slots.states[0] === 'open' && stall.at(run.clock.now(), run.totals.sent)) run.close(0, reset);
            return run.totals.released === 1;
          },
          accepted: (run, slot) => run.engine.respond(slot),
        };
      });
      t.strictSame(result.milestones(0), ['accepted', 'released']);
    },
  })),
  {
    name: 'half-close: the peer sees the end and can still send',
    async run(t, h) {
      let id = 0;
      let acted = false;
      const result = await h.run(t, { halfCloses: true }, (port) => {
        id = h.peers.dial({ port, then: 'keep' });
        return {
          step: (run) => {
            if (!acted && h.peers.dialled(id)[0]!.ended) {
              acted = true;
              h.peers.act(id, 'send', 1000);
              h.peers.act(id, 'end');
            }
            return run.totals.released === 1;
          },
          accepted: (run, slot) => run.engine.halfClose(slot),
        };
      });
      t.strictSame(result.milestones(0), ['accepted', 'ended', 'released']);
      t.equal(result.totals.received, 1000);
    },
  },
  {
    name: 'half-open: a peer that ended is still sent to, and ended is reported once',
    async run(t, h) {
      let id = 0;
      let endedNs = Infinity;
      const result = await h.run(t, { payload: sharedPattern(1000) }, (port) => {
        id = h.peers.dial({ port, bytes: 10 });
        return {
          step: (run) => {
            if (run.clock.now() > endedNs + 50 * MS) {
              endedNs = Infinity;
              run.engine.respond(0);
            }
            return run.totals.released === 1;
          },
          ended: (run) => {
            endedNs = run.clock.now();
          },
          flushed: (run, slot) => run.close(slot),
        };
      });
      t.strictSame(result.milestones(0), ['accepted', 'ended', 'released']);
      await until('the peer got it', () => h.peers.dialled(id)[0]!.receivedBytes === 1000);
    },
  },
];
