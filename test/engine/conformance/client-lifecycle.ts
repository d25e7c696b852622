/** Opening, closing and reusing slots. */
import { checkDeadlines } from './deadlines.ts';
import { MS, openMany, openOnce, sharedPattern, stepping, withoutSources } from './harness.ts';
import type { Case, ClientHarness } from './harness.ts';
import type { PeerRecord } from './peer-calls.ts';
import { until } from './peer-thread.ts';
import { reuseCases } from './client-reuse.ts';

export const lifecycleCases: readonly Case<ClientHarness>[] = [
  {
    name: 'closed from inside connected: nothing more is reported',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      const result = await h.run(
        t,
        { port, payload: sharedPattern(64), halfClose: true },
        {
          step: openOnce(),
          connected: (run, slot) => run.close(slot),
        },
      );
      t.strictSame(
        result.events.map(({ event }) => event),
        ['connected', 'released'],
      );
      // Whether the payload has left is the engine's choice: one chain may connect and send.
      await until('the peer noticed', () => h.peers.accepted(server).some((peer) => peer.ended || peer.error !== null));
    },
  },
  {
    name: 'closed in the step that opened it: nothing but released follows',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'drain' });
      const result = await h.run(
        t,
        { port, payload: sharedPattern(64), halfClose: true },
        {
          step: stepping(
            (run) => {
              for (const slot of [0, 1, 2, 3]) {
                run.open(slot);
                run.close(slot, slot % 2 === 1);
              }
            },
            (run) => run.totals.released === 4,
          ),
        },
      );
      // Where the peer is that near, an engine may have connected and sent before `open` returned.
      for (const slot of [0, 1, 2, 3]) {
        const events = result.events.filter((entry) => entry.slot === slot).map(({ event }) => event);
        t.match(events.join(' '), /^(connected (sent )*)?released$/);
      }
    },
  },
  ...[false, true].map((reset): Case<ClientHarness> => ({
    name: `closed with ${reset ? 'RST' : 'FIN'}: the peer can tell`,
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'silent' });
      const opening = openOnce();
      await h.run(
        t,
        { port, payload: sharedPattern(64) },
        {
          step: (run) => {
            // Not before the peer has read it: a reset may overtake data.
            if (run.slots.states[0] === 'open' && h.peers.accepted(server)[0]?.receivedBytes === 64)
              run.close(0, reset);
            return opening(run);
          },
        },
      );
      const gone = (): boolean => h.peers.accepted(server)[0]!.ended || h.peers.accepted(server)[0]!.error !== null;
      await until('the peer noticed', gone);
      t.equal(h.peers.accepted(server)[0]!.error, reset ? 'ECONNRESET' : null);
      t.equal(h.peers.accepted(server)[0]!.ended, !reset);
    },
  })),
  {
    name: 'after the end nothing more is reported while the driver holds the connection',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'greet', bytes: 100 });
      const opening = openMany(2);
      let endedNs = Infinity;
      const result = await h.run(
        t,
        { port },
        {
          step: (run) => {
            if (run.slots.count('ended') === 2 && run.clock.now() > endedNs + 50 * MS) {
              // Now the peer is gone for good; its RST answers whatever is sent.
              h.peers.unserve(server);
              endedNs = Infinity;
              run.close(0, false);
            }
            if (run.slots.states[0] === 'free' && run.slots.states[1] === 'ended') run.close(1, true);
            return opening(run);
          },
          ended: (run) => {
            endedNs = run.clock.now();
          },
        },
      );
      for (const slot of [0, 1]) t.strictSame(result.milestones(slot), ['connected', 'ended', 'released']);
    },
  },
  {
    name: 'all slots at once',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      const capacity = 200;
      const opening = openMany(capacity);
      let openAtOnce = 0;
      const result = await h.run(
        t,
        { port, capacity, halfClose: false, payload: sharedPattern(10) },
        {
          step: (run) => {
            openAtOnce = Math.max(openAtOnce, run.slots.count('open'));
            if (openAtOnce === capacity && run.slots.count('open') === capacity) {
              for (let slot = 0; slot < capacity; slot++) run.close(slot);
            }
            return opening(run);
          },
        },
      );
      t.equal(openAtOnce, capacity);
      t.equal(result.totals.released, capacity);
      await until('every peer was served', () => h.peers.accepted(server).length === capacity);
    },
  },
  {
    name: 'source addresses by index, with ports of the kernel and of ours',
    skip: withoutSources,
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      const sources = [h.privateSource(), h.privateSource(), h.privateSource()];
      const setup = { port, sources: sources.map(({ address }) => address), halfClose: true, capacity: 6 };
      await h.run(t, setup, {
        step: stepping(
          (run) => {
            sources.forEach((source, index) => {
              run.open(2 * index, index);
              run.open(2 * index + 1, index, source.port);
            });
          },
          (run) => run.totals.released === 6,
        ),
      });
      const seen = h.peers.accepted(server);
      for (const { address, port: wanted } of sources) {
        const ports = seen.filter(({ remoteAddress }) => remoteAddress === address).map(({ remotePort }) => remotePort);
        t.equal(ports.length, 2, `${address} was used twice`);
        t.ok(ports.includes(wanted), `${address} was used with port ${wanted}`);
      }
    },
  },
  {
    name: 'a run that ends at its first step, and another after it',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'echo' });
      const setup = { port, payload: sharedPattern(64), halfClose: true };
      const { engine, clock } = await h.create(setup);
      const idle = h.drive(engine, clock, { step: () => true });
      await engine.run(idle);
      t.equal(idle.events.length, 0);
      for (let round = 0; round < 3; round++) {
        const run = h.drive(engine, clock, { step: openOnce() });
        await engine.run(run);
        t.strictSame(run.milestones(0), ['connected', 'ended', 'released']);
        t.equal(run.totals.received, 64);
      }
      engine.dispose();
    },
  },
  {
    name: 'dispose closes what is open',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'silent' });
      const { engine, clock } = await h.create({ port });
      const run = h.drive(engine, clock, {
        step: stepping(
          (now) => [0, 1, 2].forEach((slot) => now.open(slot)),
          (now) => now.totals.connected === 3,
        ),
      });
      await engine.run(run);
      engine.dispose();
      const isOver = (peer: PeerRecord): boolean =>
        h.traits.resetsAtDispose === true ? peer.error === 'ECONNRESET' : peer.ended;
      await until('the peers saw the end', () => h.peers.accepted(server).filter(isOver).length === 3);
      t.equal(run.totals.released, 0);
    },
  },
  {
    name: 'step is called again when its deadline has come',
    async run(t, h) {
      const { engine, clock } = await h.create({ port: 1 });
      await checkDeadlines(t, clock, (driver) => engine.run(driver));
      engine.dispose();
    },
  },
  {
    name: 'step is called again after events, however far its deadline is',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'echo' });
      const { engine, clock } = await h.create({ port, payload: sharedPattern(64), halfClose: true });
      let released = 0;
      let steps = 0;
      const farNs = clock.now() + 60_000 * MS;
      await engine.run({
        deadlineNs: farNs,
        step: () => {
          if (steps++ === 0) engine.open(0, ...h.anySource());
          return released < 1;
        },
        connected: () => {},
        sent: () => {},
        received: () => {},
        ended: (slot) => engine.close(slot, false),
        failed: (slot) => engine.close(slot, false),
        released: () => {
          released++;
        },
      });
      t.ok(clock.now() < farNs, 'did not sleep until the deadline');
      engine.dispose();
    },
  },
  ...reuseCases,
];
