/** What happens to connections that do not work out. */
import { EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED, ECONNRESET, EPIPE } from '../../../src/kernel/errno.ts';
import { MIB, MS, openOnce, sharedPattern, stepping, withoutSources } from './harness.ts';
import type { Case, ClientHarness } from './harness.ts';
import { PeerThread, until } from './peer-thread.ts';

export const failureCases: readonly Case<ClientHarness>[] = [
  {
    name: 'nothing listens: refused',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      h.peers.unserve(server);
      const result = await h.run(t, { port, payload: sharedPattern(64) }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['failed', 'released']);
      t.strictSame(result.errnos(), [ECONNREFUSED]);
    },
  },
  {
    name: 'a slot that was refused can be used again',
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'drain' });
      h.peers.unserve(server);
      const result = await h.run(
        t,
        { port },
        {
          step: stepping(
            (run) => run.open(0),
            (run) => run.totals.released === 100,
          ),
          released: (run, slot) => {
            if (run.totals.released < 100) run.open(slot);
          },
        },
      );
      t.strictSame(new Set(result.errnos()), new Set([ECONNREFUSED]));
      t.equal(result.totals.failed, 100);
    },
  },
  {
    name: 'the peer resets after it accepted',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'reset' });
      const result = await h.run(t, { port, payload: sharedPattern(64), halfClose: true }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'failed', 'released']);
      t.strictSame(result.errnos(), [ECONNRESET]);
      t.equal(result.totals.sent, 64);
    },
  },
  {
    name: 'the peer resets while the payload is on its way',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'reset' });
      const bytes = h.largest(8 * MIB);
      const result = await h.run(t, { port, payload: sharedPattern(bytes) }, { step: openOnce() });
      t.strictSame(result.milestones(0), ['connected', 'failed', 'released']);
      // The kernel says ECONNRESET to the first call after it, EPIPE to a send that comes later (tcp(7)).
      t.ok([ECONNRESET, EPIPE].includes(result.errnos()[0]!), `errno ${result.errnos()[0]}`);
      t.ok(result.totals.sent < bytes, 'not everything was sent');
    },
  },
  {
    name: 'the peer has reset it before anything is sent or shut down',
    skip: ({ traits }) => traits.acknowledgesLater ?? false,
    async run(t, h) {
      for (const bytes of [0, 64]) {
        const { port, server } = h.peers.serve({ behaviour: 'refuse' });
        const isReset = (): boolean => h.peers.accepted(server)[0]?.closed === true;
        const result = await h.run(
          t,
          { port, payload: sharedPattern(bytes), halfClose: true },
          {
            step: openOnce(),
            connected: () => {
              while (!isReset());
            },
          },
        );
        t.strictSame(result.milestones(0), ['connected', 'failed', 'released']);
        t.ok([ECONNRESET, EPIPE].includes(result.errnos()[0]!), `${bytes} bytes: errno ${result.errnos()[0]}`);
      }
    },
  },
  {
    name: 'an answer and a reset that come together are a reset',
    skip: ({ traits }) => traits.acknowledgesLater ?? false,
    async run(t, h) {
      for (const halfClose of [false, true]) {
        const { port, server } = h.peers.serve({ behaviour: 'cutShort', bytes: 1000 });
        const isReset = (): boolean => h.peers.accepted(server)[0]?.closed === true;
        const result = await h.run(
          t,
          { port, halfClose },
          {
            step: openOnce(),
            connected: () => {
              while (!isReset());
            },
          },
        );
        t.strictSame(result.milestones(0), ['connected', 'failed', 'released']);
        t.ok([ECONNRESET, EPIPE].includes(result.errnos()[0]!), `errno ${result.errnos()[0]}`);
      }
    },
  },
  {
    name: 'a failed connection is reported once, however late it is closed',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'reset' });
      const opening = openOnce();
      let failedNs = Infinity;
      const result = await h.run(
        t,
        { port, payload: sharedPattern(64) },
        {
          step: (run) => {
            if (run.slots.states[0] === 'failed' && run.clock.now() > failedNs + 100 * MS) run.close(0);
            return opening(run);
          },
          failed: (run) => {
            failedNs = run.clock.now();
          },
        },
      );
      t.strictSame(result.milestones(0), ['connected', 'failed', 'released']);
    },
  },
  {
    name: 'no answer: nothing is reported until the driver gives up',
    async run(t, h) {
      const hole = await PeerThread.start(h.site);
      try {
        const { port } = hole.serve({ behaviour: 'silent', backlog: 1 });
        hole.block();
        // Two fit into a backlog of 1 (tcp(7): the comparison is "more than").
        const filler = h.peers.dial({ host: h.site.peer[4], port, count: 8, then: 'keep' });
        await until('the backlog is full', () => h.peers.dialled(filler, 8).filter((p) => p.connected).length >= 2);
        let openedNs = 0;
        const result = await h.run(
          t,
          { port, payload: sharedPattern(64), halfClose: true },
          {
            step: stepping(
              (run) => {
                for (const slot of [0, 1, 2]) run.open(slot);
                openedNs = run.clock.now();
              },
              (run) => {
                const late = run.clock.now() > openedNs + 300 * MS;
                if (late && run.slots.count('opening') === 3) [0, 1, 2].forEach((slot) => run.close(slot, slot === 1));
                return run.totals.released === 3;
              },
            ),
          },
        );
        for (const slot of [0, 1, 2]) t.strictSame(result.milestones(slot), ['released']);
      } finally {
        await hole.stop();
      }
    },
  },
  {
    name: 'a source port that somebody listens on: EADDRINUSE, and the slot goes on',
    skip: (h) => h.traits.noKernelAddresses ?? withoutSources(h),
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'drain' });
      const source = h.privateSource();
      const here = await PeerThread.start({ ...h.site, peerNamespace: null });
      t.teardown(() => here.stop());
      here.serve({ behaviour: 'drain', host: source.address, port: source.port });
      const setup = { port, sources: [source.address], halfClose: true };
      let errno = 0;
      const result = await h.run(t, setup, {
        step: stepping(
          (run) => {
            errno = run.open(0, 0, source.port);
            if (errno !== 0) run.open(0, 0, source.port + 1);
          },
          (run) => run.totals.ended === 1 && run.totals.released === run.totals.failed + 1,
        ),
        released: (run) => {
          if (run.totals.ended === 0) run.open(0, 0, source.port + 1);
        },
      });
      t.equal(errno === 0 ? result.errnos()[0] : errno, EADDRINUSE);
      t.strictSame(result.milestones(0).slice(-3), ['connected', 'ended', 'released'], 'the next port works');
    },
  },
  {
    name: 'a source address that this machine does not have: EADDRNOTAVAIL',
    skip: ({ traits }) => traits.noKernelAddresses ?? false,
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'drain' });
      let errno = 0;
      const result = await h.run(
        t,
        { port, sources: ['192.0.2.1'] },
        {
          step: stepping(
            (run) => {
              errno = run.open(0, 0);
            },
            (run) => errno !== 0 || run.totals.released === 1,
          ),
        },
      );
      t.equal(errno === 0 ? result.errnos()[0] : errno, EADDRNOTAVAIL);
      t.equal(result.totals.connected, 0);
    },
  },
  {
    name: 'what the driver throws ends the run',
    async run(t, h) {
      const { engine } = await h.create({ port: 1 });
      const fail = (): never => {
        throw new Error('thrown by the driver');
      };
      const driver = {
        deadlineNs: 0,
        step: fail,
        connected: fail,
        sent: fail,
        received: fail,
        ended: fail,
        failed: fail,
        released: fail,
      };
      await t.rejects(async () => engine.run(driver), { message: 'thrown by the driver' });
      engine.dispose();
    },
  },
];
