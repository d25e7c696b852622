// tier: kernel
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { ServerResult } from '../../src/document/server.ts';
import { checkServerIdentities, dial, MS, serve, until } from './serve.ts';
import { whyNot } from '../support/engines.ts';
import { MODULE_ARGS, modulePath } from '../support/modules.ts';
import type { Peer } from './serve.ts';

const MIB = 1024 * 1024;
/** Most that may be kept for a peer that does not read. */
const KEPT_BYTES_MAX = 64 * 1024;
/** Much longer than a busy peer pauses, also where the machine holds it up. */
const IDLE_NS = 3000 * MS;

async function echoes({ socket, data }: Peer, text: string): Promise<void> {
  const before = data().length;
  socket.write(text);
  await until(`"${text}" is back`, () => data().length === before + text.length);
}

/** Whether a peer gets an echo, and not the end of its connection. */
async function isServed(peer: Peer): Promise<boolean> {
  let isOver = false;
  void peer.over.then(() => (isOver = true));
  peer.socket.write('in');
  await until('an echo or the end', () => isOver || peer.data().length > 0);
  return peer.data().length > 0;
}

// They wait most of the time.
t.jobs = 3;

for (const engine of SOCKET_ENGINE_NAMES) {
  const skip = await whyNot(engine);

  void t.test(`${engine}: an idle connection is closed and counted, a busy one is not`, { skip }, async (t) => {
    const server = await serve(t, { engine, idleTimeoutNs: IDLE_NS });
    const idle = await dial(t, server.port);
    const busy = await dial(t, server.port);
    await echoes(idle, 'one');
    const over = idle.over.then(() => true);
    while (!(await Promise.race([over, sleep(100)]))) await echoes(busy, 'ping');
    t.equal(await idle.over, 'end');
    await echoes(busy, 'still here');
    busy.socket.end();
    const result = await server.stop();
    t.match(result, { accepted: 2, completed: 1, idle_closed: 1, errors: {} });
    t.same(result.findings, [], 'the idle one had its answer');
  });

  void t.test(`${engine}: peers that send and do not read are named, and others are served`, { skip }, async (t) => {
    const server = await serve(t, { engine, idleTimeoutNs: IDLE_NS });
    const slow = await Promise.all(Array.from({ length: 3 }, () => dial(t, server.port)));
    for (const { socket } of slow) {
      socket.pause();
      socket.on('error', () => undefined).write(Buffer.alloc(32 * MIB));
    }
    await sleep(300);
    const other = await dial(t, server.port);
    await echoes(other, 'quick');
    other.socket.end();
    for (const { over } of slow) t.match(await over, /^(ECONNRESET|EPIPE)$/, 'it is closed on');
    const result = await server.stop();
    t.match(result, { accepted: 4, completed: 1, idle_closed: 3 });
    t.match(result.findings, [{ code: 'slow_readers', evidence: { connections: 3 } }]);
  });

  void t.test(
    `${engine}: beyond --max-connections: rejected, and served again when there is room`,
    { skip },
    async (t) => {
      const server = await serve(t, { engine, listeners: engine === 'node' ? 1 : 2, maxConnections: 5 });
      const open: Peer[] = [];
      for (let i = 0; i < 5; i++) {
        const peer = await dial(t, server.port);
        await echoes(peer, 'in');
        open.push(peer);
      }
      for (let i = 0; i < 20; i++) {
        const peer = await dial(t, server.port);
        t.match(await peer.over, /^(end|ECONNRESET)$/);
        t.equal(peer.data().length, 0);
        peer.socket.destroy();
      }
      open[0]!.socket.end();
      t.equal(await open[0]!.over, 'end');
      // The server counts a connection out just after its FIN: whoever is that quick is rejected once more.
      let next = await dial(t, server.port);
      let rejected = 20;
      while (!(await isServed(next))) {
        next = await dial(t, server.port);
        rejected++;
      }
      t.ok(rejected < 30, 'there is room again', { rejected });
      for (const { socket } of [...open, next]) socket.end();
      const result = await server.stop();
      t.match(result, { accepted: 6, completed: 6, rejected, errors: {} });
    },
  );

  void t.test(`${engine}: peers that do not read are not read from`, { skip }, async (t) => {
    const peers = 10;
    const server = await serve(t, { engine });
    const stalled = await Promise.all(Array.from({ length: peers }, () => dial(t, server.port)));
    const written = (): number => stalled.reduce((sum, { socket }) => sum + socket.bytesWritten, 0);
    for (const { socket } of stalled) socket.pause().write(Buffer.alloc(8 * MIB));
    let before = -1;
    await until('nothing moves any more', () => {
      const isStill = written() === before;
      before = written();
      return isStill;
    });
    await sleep(300);
    // The last one reads in the end, and gets everything.
    const reader = stalled.pop()!;
    reader.socket.resume().end();
    t.equal(await reader.over, 'end');
    t.equal(reader.data().length, 8 * MIB);
    for (const { socket } of stalled) socket.resetAndDestroy();
    const { bytes, completed, errors } = await server.stop();
    t.equal(completed, 1);
    // EPIPE where the engine was sending when the reset came.
    t.equal((errors.reset ?? 0) + (errors.other_EPIPE ?? 0), peers - 1);
    const kept = bytes.received - bytes.sent;
    t.ok(kept > 0 && kept <= (peers - 1) * KEPT_BYTES_MAX, `kept ${kept} bytes for ${peers - 1} peers`);
    t.ok(bytes.received < peers * 8 * MIB, 'they were held back');
  });
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

for (const engine of ['uring', 'epoll'] as const) {
  const skip = (await whyNot(engine)) || (hasPrlimit ? false : 'needs prlimit (util-linux)');
  void t.test(`${engine}: out of descriptors: counted, waited for, served again`, { skip }, async (t) => {
    // As many as are open while modules are loaded, many at a time, and fewer than there are peers.
    const args = ['--nofile=200:200', process.execPath, ...MODULE_ARGS, modulePath('test/server/limited-server.ts')];
    const child = spawn('prlimit', [...args, engine], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await until('it listens', () => output.includes('\n'));
    const { port } = JSON.parse(output) as { port: number };
    output = '';
    const peers = await Promise.all(Array.from({ length: 300 }, () => dial(t, port)));
    // Long enough for hundreds of thousands of attempts, if they were made.
    await sleep(1500);
    for (const { socket } of peers) socket.end('late');
    for (const { over } of peers) t.equal(await over, 'end');
    t.ok(peers.every(({ data }) => data().toString() === 'late'));
    const last = await dial(t, port);
    await echoes(last, 'still serving');
    last.socket.end();
    child.stdin.end();
    await once(child, 'close');
    const result = JSON.parse(output) as ServerResult;
    checkServerIdentities(t, result);
    t.match(result, { accepted: 301, completed: 301 });
    t.strictSame(Object.keys(result.errors), ['accept_EMFILE']);
    const failures = result.errors.accept_EMFILE!;
    t.ok(failures > 0 && failures < 300, `accept failed ${failures} times`);
  });
}
