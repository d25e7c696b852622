/** What a connection sends and receives. */
import { MIB, MS, Stall, openMany, openOnce, sharedPattern, withoutIpv6 } from './harness.ts';
import type { Case, ClientHarness } from './harness.ts';
import { digestOf } from './pattern.ts';
import { until } from './peer-thread.ts';

export const exchangeCases: readonly Case<ClientHarness>[] = [
  {
    name: '64 bytes there and back',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'echo' });
      const payload = sharedPattern(64);
      const result = await h.run(
        t,
        { port, payload },
        {
          step: openOnce(),
          received: (run, slot) => {
            if (run.receivedBytes[slot] === 64) run.close(slot);
          },
        },
      );
      t.strictSame(result.milestones(0), ['connected', 'released']);
      t.equal(result.totals.sent, 64);
      t.equal(result.totals.received, 64);
      const order = result.events.map(({ event }) => event);
      t.ok(order.indexOf('sent') < order.indexOf('received'), 'sent before received');
      t.equal(h.peers.accepted(server)[0]!.digest, digestOf(payload), 'the peer got the payload');
    },
  },
  {
    name: 'an empty payload and a half-close',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      const result = await h.run(t, { port, halfClose: true }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.equal(result.totals.sent + result.totals.received, 0);
      t.ok(h.peers.accepted(server)[0]!.ended, 'the peer saw the half-close');
    },
  },
  ...[0, 1000, 300_000].map((bytes): Case<ClientHarness> => ({
    name: `${bytes} bytes that wait until they are asked for, then the half-close`,
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'echo' });
      const payload = sharedPattern(h.largest(bytes));
      const opening = openMany(3);
      let askNs = Infinity;
      const result = await h.run(
        t,
        { port, payload, halfClose: true, sendsWhenAsked: true },
        {
          step: (run) => {
            if (run.clock.now() > askNs) {
              askNs = Infinity;
              t.equal(run.totals.sent + run.totals.ended, 0, 'nothing went out by itself');
              for (let slot = 0; slot < 3; slot++) run.engine.startSending(slot);
            }
            return opening(run);
          },
          connected: (run) => {
            if (run.totals.connected === 3) askNs = run.clock.now() + 20 * MS;
          },
        },
      );
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.same([result.totals.sent, result.totals.received], [3 * payload.length, 3 * payload.length]);
      t.equal(h.peers.accepted(server)[0]!.digest, digestOf(payload));
    },
  })),
  {
    name: 'the peer may end what waits to send',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'greet', bytes: 10 });
      const result = await h.run(t, { port, payload: sharedPattern(10), sendsWhenAsked: true }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.same([result.totals.sent, result.totals.received], [0, 10]);
    },
  },
  {
    name: 'without half-close the connection stays open until it is closed',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      const opening = openOnce();
      let connectedNs = Infinity;
      const result = await h.run(
        t,
        { port, payload: sharedPattern(10) },
        {
          step: (run) => {
            if (run.slots.states[0] === 'open' && run.clock.now() > connectedNs + 50 * MS) run.close(0);
            return opening(run);
          },
          connected: (run) => {
            connectedNs = run.clock.now();
          },
        },
      );
      t.strictSame(result.milestones(0), ['connected', 'released']);
      await until('the peer has read all', () => h.peers.accepted(server)[0]!.receivedBytes === 10);
    },
  },
  {
    name: 'half-close after the payload, then the answer, then the end',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'echo' });
      const payload = sharedPattern(1000);
      const result = await h.run(t, { port, payload, halfClose: true }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.equal(result.totals.sent, 1000);
      t.equal(result.totals.received, 1000, 'everything was received before the end');
      const peer = h.peers.accepted(server)[0]!;
      t.ok(peer.ended, 'the peer saw the half-close');
      t.equal(peer.digest, digestOf(payload));
    },
  },
  {
    name: '8 MiB, or the most that the engine sends, there and back',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'echo' });
      const payload = sharedPattern(h.largest(8 * MIB));
      const result = await h.run(t, { port, payload, halfClose: true }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.equal(result.totals.sent, payload.length);
      t.equal(result.totals.received, payload.length);
      t.equal(h.peers.accepted(server)[0]!.digest, digestOf(payload), 'the peer got the payload in order');
    },
  },
  {
    name: 'a payload that is no multiple of any chunk, 20 connections at once',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'echo' });
      const payload = sharedPattern(3 * 65_536 + 4321);
      const result = await h.run(t, { port, payload, halfClose: true, capacity: 20 }, { step: openMany(20) });
      t.equal(result.totals.sent, 20 * payload.length);
      t.equal(result.totals.received, 20 * payload.length);
      const digests = new Set(h.peers.accepted(server).map(({ digest }) => digest));
      t.strictSame([...digests], [digestOf(payload)], 'every peer got the payload');
    },
  },
  {
    name: 'sent counts what the kernel took, not what a reader that stalls leaves behind',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'unread' });
      const payload = sharedPattern(h.largest(8 * MIB));
      const opening = openOnce();
      const stall = new Stall(200 * MS);
      let stalledBytes = -1;
      const result = await h.run(
        t,
        { port, payload, halfClose: true },
        {
          step: (run) => {
            if (stalledBytes < 0 && stall.at(run.clock.now(), run.totals.sent)) {
              stalledBytes = run.totals.sent;
              h.peers.resume(server);
            }
            return opening(run);
          },
        },
      );
      t.ok(stalledBytes > 0 && stalledBytes < payload.length, `stalled at ${stalledBytes} bytes`);
      t.equal(result.totals.sent, payload.length, 'went on when the peer read');
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.equal(h.peers.accepted(server)[0]!.digest, digestOf(payload));
    },
  },
  ...[1000, 8 * MIB].map((bytes): Case<ClientHarness> => ({
    name: `the peer sends ${bytes} bytes and closes first`,
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'greet', bytes });
      const result = await h.run(t, { port }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'ended', 'released']);
      t.equal(result.totals.received, bytes);
      t.equal(result.totals.sent, 0);
    },
  })),
  {
    name: 'an IPv6 target',
    skip: withoutIpv6,
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'echo', host: h.site.peer[6] });
      const setup = {
        address: h.site.peer[6],
        port,
        sources: [h.site.own[6]],
        payload: sharedPattern(64),
        halfClose: true,
        capacity: 2,
      };
      const result = await h.run(t, setup, {
        step: openMany(2, (slot) => slot - 1),
      });
      t.equal(result.totals.received, 128);
      t.strictSame(
        h.peers.accepted(server).map(({ remoteAddress }) => remoteAddress),
        [h.site.own[6], h.site.own[6]],
      );
    },
  },
];
