// tier: kernel
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import type { ServerPlan } from '../../src/plan/plan.ts';
import type { ServerResult } from '../../src/document/server.ts';
import { dial, isAccepted, MS, serve, sharedBytes, until } from './serve.ts';
import { whyNot } from '../support/engines.ts';
import type { Peer } from './serve.ts';

const RESPONSE = Buffer.from('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n');
const MIB = 1024 * 1024;

interface ModeCase {
  readonly name: string;
  readonly plan: Partial<ServerPlan>;
  /** What the peer does, and expects. */
  readonly peer: (t: Test, peer: Peer) => Promise<void>;
  readonly expect: Partial<ServerResult>;
}

const respond = { mode: 'respond', response: sharedBytes(RESPONSE) } as const;

const cases: readonly ModeCase[] = [
  {
    name: 'echo: what comes is sent back, then the end',
    plan: { mode: 'echo' },
    peer: async (t, { socket, data, over }) => {
      socket.write('first ');
      await until('the first part is back', () => data().length === 6);
      socket.end('second');
      t.equal(await over, 'end');
      t.equal(data().toString(), 'first second');
    },
    expect: { completed: 1, bytes: { received: 12, sent: 12 } },
  },
  {
    name: 'echo: a peer that sends nothing',
    plan: { mode: 'echo' },
    peer: async (t, { socket, over }) => {
      socket.end();
      t.equal(await over, 'end');
    },
    expect: { completed: 1, bytes: { received: 0, sent: 0 } },
  },
  {
    name: 'echo: a peer that resets is counted as reset',
    plan: { mode: 'echo' },
    peer: async (_t, { socket, data }) => {
      socket.write('ping');
      await until('it is back', () => data().length === 4);
      socket.resetAndDestroy();
    },
    expect: { completed: 0, errors: { reset: 1 } },
  },
  {
    name: 'respond on eof: not before the peer has ended',
    plan: { ...respond, respondOn: 'eof' },
    peer: async (t, { socket, data, over }) => {
      socket.write('GET / HTTP/1.0\r\n\r\n');
      await sleep(100);
      t.equal(data().length, 0);
      socket.end();
      t.equal(await over, 'end');
      t.same(data(), RESPONSE);
    },
    expect: { completed: 1, bytes: { received: 18, sent: RESPONSE.length } },
  },
  {
    name: 'respond on data: at the first bytes, and once',
    plan: { ...respond, respondOn: 'data' },
    peer: async (t, { socket, data, over }) => {
      socket.write('GET');
      t.equal(await over, 'end');
      t.same(data(), RESPONSE);
      socket.end(' / HTTP/1.0\r\n\r\n');
    },
    expect: { completed: 1, bytes: { received: 18, sent: RESPONSE.length } },
  },
  {
    name: 'respond on data: a peer that sends none',
    plan: { ...respond, respondOn: 'data' },
    peer: async (t, { socket, data, over }) => {
      socket.end();
      t.equal(await over, 'end');
      t.equal(data().length, 0);
    },
    expect: { completed: 0, errors: { early_eof: 1 } },
  },
  {
    name: 'respond on accept: at once',
    plan: { ...respond, respondOn: 'accept' },
    peer: async (t, { socket, data, over }) => {
      t.equal(await over, 'end');
      t.same(data(), RESPONSE);
      socket.end();
    },
    expect: { completed: 1, bytes: { received: 0, sent: RESPONSE.length } },
  },
  {
    name: 'respond on accept: a peer that talks all the while gets the whole response, and no reset',
    plan: { mode: 'respond', respondOn: 'accept', response: sharedBytes(Buffer.alloc(MIB, 'r')) },
    peer: async (t, { socket, data, over }) => {
      socket.pause().write(Buffer.alloc(MIB / 4, 'p'));
      await sleep(50);
      socket.resume();
      t.equal(await over, 'end');
      t.equal(data().length, MIB);
      socket.end();
    },
    expect: { completed: 1, bytes: { received: MIB / 4, sent: MIB } },
  },
  {
    name: 'respond with nothing',
    plan: { mode: 'respond', respondOn: 'eof', response: sharedBytes(Buffer.alloc(0)) },
    peer: async (t, { socket, data, over }) => {
      socket.end('x');
      t.equal(await over, 'end');
      t.equal(data().length, 0);
    },
    expect: { completed: 1, bytes: { received: 1, sent: 0 } },
  },
  {
    name: 'discard: everything is read, nothing is sent',
    plan: { mode: 'discard' },
    peer: async (t, { socket, data, over }) => {
      socket.end(Buffer.alloc(MIB));
      t.equal(await over, 'end');
      t.equal(data().length, 0);
    },
    expect: { completed: 1, bytes: { received: MIB, sent: 0 } },
  },
  {
    name: 'hold: nothing comes back, also not when the peer has ended; at the stop it is closed',
    plan: { mode: 'hold' },
    peer: async (t, { socket, data, over }) => {
      socket.end('request');
      if (process.platform === 'linux') await until('it is accepted', () => isAccepted(socket));
      const first = await Promise.race([over, sleep(150).then(() => 'held')]);
      t.equal(first, 'held');
      t.equal(data().length, 0);
    },
    expect: { completed: 1, bytes: { received: 0, sent: 0 } },
  },
  {
    name: 'hold: until it is idle for too long',
    plan: { mode: 'hold', idleTimeoutNs: 200 * MS },
    peer: async (t, { socket, over }) => {
      socket.end();
      t.equal(await over, 'end');
    },
    expect: { completed: 0, idle_closed: 1 },
  },
  {
    name: 'reset: RST right after accept',
    plan: { mode: 'reset' },
    peer: async (t, { over }) => {
      t.equal(await over, 'ECONNRESET');
    },
    expect: { completed: 1, bytes: { received: 0, sent: 0 } },
  },
];

for (const engine of SOCKET_ENGINE_NAMES) {
  void t.test(engine, { skip: await whyNot(engine) }, async (t) => {
    for (const { name, plan, peer, expect } of cases) {
      await t.test(name, async (t) => {
        const server = await serve(t, { ...plan, engine });
        const dialled = await dial(t, server.port);
        await peer(t, dialled);
        const result = await server.stop();
        t.match(result, { accepted: 1, rejected: 0, idle_closed: 0, aborted: 0, ...expect });
        t.strictSame(result.errors, expect.errors ?? {});
        t.equal(result.system.engine, engine);
      });
    }
  });
}
