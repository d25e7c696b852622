/** What the modes of `conngen server` need of an engine. */
import type { Test } from 'tap';
import { ECONNRESET } from '../../../src/kernel/errno.ts';
import type { ServerRun, ServerScript } from './driver.ts';
import { MIB, MS, Stall, sharedPattern } from './harness.ts';
import type { Case, ServerHarness } from './harness.ts';
import { digestOf, pattern } from './pattern.ts';
import { until } from './peer-thread.ts';

/** Most that the seam lets an engine keep of what it has received and not sent back. */
const KEPT_BYTES_MAX = 64 * 1024;

/** What a peer sends in one go where it is to be taken in one go. */
const CHUNK_BYTES = 32 * 1024;

/** A peer ends and does not read yet. Returns whether it read before the end was told: a kernel that was held up may take all before. */
async function endBehindBytes(t: Test, h: ServerHarness): Promise<boolean> {
  let resumed = false;
  let dialledBytes = 0;
  let endedAfterNs = Infinity;
  let keptAtEndBytes = -1;
  const result = await h.run(t, {}, (port) => {
    const id = h.peers.dial({ port, then: 'keep', read: false });
    const stall = new Stall(100 * MS);
    return {
      step: (run) => {
        const { received, sent } = run.totals;
        const nowNs = run.clock.now();
        const isCaughtUp = received === dialledBytes;
        if (endedAfterNs === Infinity && isCaughtUp && sent === received) {
          dialledBytes += CHUNK_BYTES;
          h.peers.act(id, 'send', CHUNK_BYTES);
        } else if (endedAfterNs === Infinity && isCaughtUp && stall.at(nowNs, sent)) {
          h.peers.act(id, 'end');
          endedAfterNs = nowNs;
        } else if (nowNs > endedAfterNs + 100 * MS && !resumed) {
          resumed = true;
          h.peers.act(id, 'resume');
        }
        return run.totals.released === 1;
      },
      received: (run, slot) => run.engine.echo(slot),
      // As the echo mode does it: at the end there is nothing left to send.
      ended: (run, slot) => {
        keptAtEndBytes = run.totals.received - run.totals.sent;
        run.close(slot);
      },
    };
  });
  t.equal(keptAtEndBytes, 0);
  t.equal(result.totals.sent, dialledBytes);
  return resumed;
}

/** Sends back what comes; closes when the peer has ended and all is with the kernel. Over after `connections`. */
export function echoing(
  connections: number,
): Required<Pick<ServerScript, 'received' | 'ended' | 'flushed'>> & ServerScript {
  const closeWhenDone = (run: ServerRun, slot: number): void => {
    if (run.slots.states[slot] === 'ended' && run.sentBytes[slot] === run.receivedBytes[slot]) run.close(slot);
  };
  return {
    step: (run) => run.totals.released >= connections,
    received: (run, slot) => run.engine.echo(slot),
    ended: closeWhenDone,
    flushed: closeWhenDone,
  };
}

/** Opens a response with `respond` and closes once it is with the kernel. */
function responding(on: 'accepted' | 'received' | 'ended'): ServerScript {
  const respond = (run: ServerRun, slot: number): void => run.engine.respond(slot);
  return {
    step: (run) => run.totals.released === 1,
    ended: () => {},
    flushed: (run, slot) => run.close(slot),
    [on]: respond,
  };
}

/** Has the one peer act as soon as it is accepted; over when it is released. */
function acting(h: ServerHarness, id: number, act: 'end' | 'reset'): ServerScript {
  let acted = false;
  return {
    step: (run) => {
      if (!acted && run.totals.accepted === 1) {
        acted = true;
        h.peers.act(id, act);
      }
      return run.totals.released === 1;
    },
  };
}

export const modeCases: readonly Case<ServerHarness>[] = [
  {
    name: 'echo of 64 bytes',
    async run(t, h) {
      let id = 0;
      const result = await h.run(t, {}, (port) => {
        id = h.peers.dial({ port, bytes: 64 });
        return echoing(1);
      });
      t.strictSame(result.milestones(0), ['accepted', 'ended', 'released']);
      t.equal(result.totals.received, 64);
      t.equal(result.totals.sent, 64);
      t.equal(result.totals.flushed, 1);
      await until('the peer saw the end', () => h.peers.dialled(id)[0]!.ended);
      t.equal(h.peers.dialled(id)[0]!.digest, digestOf(pattern(64)));
    },
  },
  {
    name: 'echo of 8 MiB to a slow reader: reads no more than the peer takes',
    async run(t, h) {
      let id = 0;
      let mostKeptBytes = 0;
      let stalledBytes = -1;
      const stall = new Stall(300 * MS);
      const result = await h.run(t, {}, (port) => {
        id = h.peers.dial({ port, bytes: 8 * MIB, read: false });
        const script = echoing(1);
        return {
          ...script,
          step: (run) => {
            if (stalledBytes < 0 && stall.at(run.clock.now(), run.totals.received)) {
              stalledBytes = run.totals.received;
              h.peers.act(id, 'resume');
            }
            return script.step(run);
          },
          received: (run, slot, bytes) => {
            mostKeptBytes = Math.max(mostKeptBytes, run.totals.received - run.totals.sent);
            script.received(run, slot, bytes);
          },
        };
      });
      t.ok(stalledBytes > 0 && stalledBytes < 8 * MIB, `stopped reading at ${stalledBytes} bytes`);
      t.ok(mostKeptBytes <= KEPT_BYTES_MAX, `never kept more than 64 KiB (${mostKeptBytes})`);
      t.equal(result.totals.received, 8 * MIB);
      t.equal(result.totals.sent, 8 * MIB);
      await until('the peer saw the end', () => h.peers.dialled(id)[0]!.ended);
      t.equal(h.peers.dialled(id)[0]!.digest, digestOf(pattern(8 * MIB)), 'all came back in order');
    },
  },
  {
    name: 'echo: the end that stands behind bytes which wait is told after they are gone',
    async run(t, h) {
      for (let tries = 1; !(await endBehindBytes(t, h)); tries++) {
        if (tries === 5) throw new Error('the end was told before the peer read');
      }
    },
  },
  ...(['accepted', 'received', 'ended'] as const).map((on): Case<ServerHarness> => ({
    name: `respond with 8 MiB when ${on}, flushed at the end`,
    async run(t, h) {
      const payload = sharedPattern(h.largest(8 * MIB));
      let id = 0;
      const result = await h.run(t, { payload }, (port) => {
        id = h.peers.dial({ port, bytes: on === 'received' ? 10 : 0, then: on === 'ended' ? 'end' : 'keep' });
        return responding(on);
      });
      t.equal(result.totals.sent, payload.length);
      t.equal(result.totals.flushed, 1);
      const order = result.events.map(({ event }) => event);
      t.ok(order.lastIndexOf('sent') < order.indexOf('flushed'), 'flushed after everything was sent');
      await until('the peer saw the end', () => h.peers.dialled(id)[0]!.ended);
      t.equal(h.peers.dialled(id)[0]!.digest, digestOf(payload));
    },
  })),
  {
    name: 'respond with nothing: flushed all the same',
    async run(t, h) {
      const result = await h.run(t, {}, (port) => {
        h.peers.dial({ port, then: 'keep' });
        return responding('accepted');
      });
      t.equal(result.totals.sent, 0);
      t.equal(result.totals.flushed, 1);
    },
  },
  {
    name: 'discard: 1 MiB is read, nothing is sent',
    async run(t, h) {
      let id = 0;
      const result = await h.run(t, {}, (port) => {
        id = h.peers.dial({ port, bytes: MIB });
        return { step: (run) => run.totals.released === 1 };
      });
      t.equal(result.totals.received, MIB);
      t.equal(result.totals.sent, 0);
      await until('the peer saw the end', () => h.peers.dialled(id)[0]!.ended);
      t.equal(h.peers.dialled(id)[0]!.receivedBytes, 0);
    },
  },
  {
    name: 'reset: the peer gets RST',
    async run(t, h) {
      let id = 0;
      const result = await h.run(t, {}, (port) => {
        id = h.peers.dial({ port, then: 'keep' });
        return { step: (run) => run.totals.released === 1, accepted: (run, slot) => run.close(slot, true) };
      });
      t.strictSame(result.milestones(0), ['accepted', 'released']);
      await until('the peer saw it', () => h.peers.dialled(id)[0]!.error !== null);
      t.equal(h.peers.dialled(id)[0]!.error, 'ECONNRESET');
    },
  },
  {
    name: 'hold: nothing is read, and a peer that sends is held back',
    async run(t, h) {
      let id = 0;
      let acceptedNs = Infinity;
      let peerSentBytes = -1;
      const result = await h.run(t, { reads: false }, (port) => {
        id = h.peers.dial({ port, bytes: 16 * MIB, then: 'keep' });
        return {
          step: (run) => {
            if (run.clock.now() > acceptedNs + 300 * MS && run.slots.states[0] === 'open') {
              peerSentBytes = h.peers.dialled(id)[0]!.sentBytes;
              run.close(0, true);
            }
            return run.totals.released === 1;
          },
          accepted: (run) => {
            acceptedNs = run.clock.now();
          },
        };
      });
      t.strictSame(result.milestones(0), ['accepted', 'released']);
      t.equal(result.totals.received, 0);
      t.equal(peerSentBytes, 0, 'the write of 16 MiB did not complete');
    },
  },
  {
    name: 'hold: the reset of a peer that has ended is noticed, without spinning until then',
    skip: ({ traits }) => traits.noResetBehindEnd ?? false,
    async run(t, h) {
      let endedNs = Infinity;
      let stepsBetween = 0;
      const result = await h.run(t, { reads: false }, (port) => {
        const id = h.peers.dial({ port, then: 'keep' });
        const script = acting(h, id, 'end');
        return {
          step: (run) => {
            if (run.slots.states[0] === 'ended') stepsBetween++;
            if (run.clock.now() > endedNs + 200 * MS) {
              endedNs = Infinity;
              h.peers.act(id, 'reset');
            }
            return script.step(run);
          },
          ended: (run) => {
            endedNs = run.clock.now();
          },
        };
      });
      t.ok(stepsBetween < 200, `${stepsBetween} steps in 200 ms`);
      t.strictSame(result.milestones(0), ['accepted', 'ended', 'failed', 'released']);
      t.strictSame(result.errnos(), [ECONNRESET]);
    },
  },
  ...(['end', 'reset'] as const).map((act): Case<ServerHarness> => ({
    name: `hold: the ${act} of a silent peer is noticed`,
    async run(t, h) {
      const result = await h.run(t, { reads: false }, (port) => acting(h, h.peers.dial({ port, then: 'keep' }), act));
      t.strictSame(result.milestones(0), ['accepted', act === 'end' ? 'ended' : 'failed', 'released']);
      t.strictSame(result.errnos(), act === 'end' ? [] : [ECONNRESET]);
    },
  })),
];
