// tier: kernel
/** What becomes of response bodies, in whole runs against a real server. */
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { whyNot } from '../support/engines.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { runClient } from '../support/runs.ts';
import type { RoundResult } from '../../src/document/client.ts';
import { pattern } from '../engine/conformance/pattern.ts';
import { runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { planClient } from '../support/plans.ts';
import type { Typed } from '../support/plans.ts';

const BODY_BYTES = 1_500_000;
const ATTEMPTS = 20;
const directory = t.testdir({ other: 'another response' });
const body = join(directory, 'body');
writeFileSync(body, pattern(BODY_BYTES));
const sha256 = createHash('sha256').update(pattern(BODY_BYTES)).digest('hex');

async function roundOf(t: Test, port: number, typed: Typed): Promise<RoundResult> {
  const { plan, problems } = await planClient({
    target: `127.0.0.1:${port}`,
    // As fast as both ends can: a machine that is held up takes longer, and misses nothing.
    rate: 'max',
    'max-in-flight': String(ATTEMPTS),
    count: String(ATTEMPTS),
    // Megabytes a connection, on a machine that may be busy with other files.
    timeout: '20s',
    finish: 'eof',
    ...typed,
  });
  if (plan === null) throw new Error(problems.join('\n'));
  const result = await runClient(plan);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

async function responding(t: Test): Promise<number> {
  const server = await startServer(['--response', body, '--respond-on', 'accept', '--listeners', '1']);
  t.teardown(() => server.stop());
  return server.port;
}

t.test('against a server that sends 1.5 MB', async (t) => {
  const port = await responding(t);
  const files = t.testdir({});
  for (const engine of SOCKET_ENGINE_NAMES) {
    await t.test(engine, { skip: await whyNot(engine) }, async (t) => {
      const kept = { kept: ATTEMPTS, kept_bytes: ATTEMPTS * BODY_BYTES, spilled: 0 };
      const sinks: [Typed, object | undefined][] = [
        [{ verify: body }, undefined],
        [{ sink: 'memory', verify: `sha256:${sha256}` }, kept],
        [{ sink: 'gather', verify: body }, kept],
        [{ sink: `file:${files}`, verify: body }, kept],
        [
          { sink: 'gather', verify: body, 'max-memory': '1MB', 'spill-dir': files },
          { ...kept, spilled: ATTEMPTS },
        ],
        [
          { sink: 'memory', finish: 'bytes:1000000', hold: '20ms' },
          { ...kept, kept_bytes: ATTEMPTS * 1e6 },
        ],
      ];
      for (const [typed, bodies] of sinks) {
        const round = await roundOf(t, port, { engine, ...typed });
        t.equal(round.outcomes.ok, ATTEMPTS, JSON.stringify(typed));
        t.same(round.bodies, bodies);
        t.same(round.errno, {});
      }
      t.same(readdirSync(files), [], 'no file is left');
      const wrong = await roundOf(t, port, { engine, verify: join(directory, 'other') });
      t.same([wrong.outcomes.verify_failed, wrong.owners.target], [ATTEMPTS, ATTEMPTS]);
      const long = await roundOf(t, port, { engine, 'max-body': '1MB' });
      t.same([long.outcomes.too_long, long.owners.target], [ATTEMPTS, ATTEMPTS]);
    });
  }
});

t.test('what may block is done where --sink-strategy says, and none of it is lost', async (t) => {
  const port = await responding(t);
  const files = t.testdir({});
  for (const engine of SOCKET_ENGINE_NAMES) {
    await t.test(engine, { skip: await whyNot(engine) }, async (t) => {
      const strategies = ['permit:1', 'dispatch:2,queue=64', 'dispatch:1,queue=1'];
      for (const strategy of engine === 'node' ? [...strategies, 'pool'] : strategies) {
        const sinks = strategy === 'pool' ? [`file:${files}`] : ['memory', 'gather', `file:${files}`];
        for (const sink of sinks) {
          const typed = { engine, sink, workers: '2', 'sink-strategy': strategy, verify: body };
          const round = await roundOf(t, port, typed);
          t.equal(round.outcomes.ok, ATTEMPTS, JSON.stringify(typed));
          t.match(round.bodies, { kept: ATTEMPTS, kept_bytes: ATTEMPTS * BODY_BYTES });
          const work = round.sink_work!;
          const least = sink.startsWith('file:') ? 7 : 1;
          t.ok(work.jobs >= ATTEMPTS * least, `${work.jobs} jobs`);
          t.same([work.done, work.unfinished, work.on_loop + work.on_threads], [work.jobs, 0, work.jobs]);
          if (strategy.startsWith('permit')) t.ok(work.running_max === 1 && work.on_threads === 0);
        }
      }
      t.same(readdirSync(files), [], 'no file is left');
      const wrong = { engine, sink: 'gather', 'sink-strategy': 'dispatch:1,queue=4', verify: join(directory, 'other') };
      t.equal((await roundOf(t, port, wrong)).outcomes.verify_failed, ATTEMPTS);
    });
  }
});

t.test('echoes are compared with what was sent', async (t) => {
  const server = await startServer(['--listeners', '1']);
  t.teardown(() => server.stop());
  for (const finish of ['echo', 'half-close']) {
    const round = await roundOf(t, server.port, { finish, 'payload-size': '70000', verify: 'echo' });
    t.equal(round.outcomes.ok, ATTEMPTS);
  }
});

t.test('no first byte in time', async (t) => {
  const server = await startServer(['--mode', 'hold', '--listeners', '1']);
  t.teardown(() => server.stop());
  const round = await roundOf(t, server.port, { 'first-byte-timeout': '100ms' });
  t.same([round.outcomes.exchange_timeout, round.timeouts], [ATTEMPTS, { first_byte: ATTEMPTS }]);
  const { min, max } = round.latency_ns.total;
  t.ok(min >= 100e6 && max < 4e9, 'long before --timeout');
});

/** A file system of 1 MiB, or why there is none. */
function smallDisk(): { path: string; skip: string | false } {
  const path = mkdtempSync(join(tmpdir(), 'conngen-test-'));
  const { status, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'conngen-test', path]);
  t.teardown(() => {
    if (status === 0) execFileSync('umount', [path]);
    rmdirSync(path);
  });
  return { path, skip: status !== 0 && `cannot mount a tmpfs (${error?.message ?? `mount ended with ${status}`})` };
}

const disk = smallDisk();

t.test('a full disk fails the attempts and not the run', { skip: disk.skip }, async (t) => {
  const port = await responding(t);
  const round = await roundOf(t, port, { sink: `file:${disk.path}` });
  t.same([round.outcomes.sink_failed, round.owners.generator, round.errno], [ATTEMPTS, ATTEMPTS, { ENOSPC: ATTEMPTS }]);
  t.match(round.verdict, { status: 'generator_limited', reasons: [{ code: 'sink_failed' }] });
  const elsewhere = await roundOf(t, port, { sink: `file:${disk.path}`, 'sink-strategy': 'dispatch:1,queue=4' });
  t.same([elsewhere.outcomes.sink_failed, elsewhere.errno], [ATTEMPTS, { ENOSPC: ATTEMPTS }]);
  t.same(readdirSync(disk.path), []);
});

t.test(
  'a process that is killed leaves no file',
  { skip: process.platform !== 'linux' && 'needs /proc' },
  async (t) => {
    const server = await startServer(['--response', body, '--respond-on', 'accept', '--listeners', '1']);
    t.teardown(() => server.stop());
    const files = t.testdir({});
    let seen = '';
    const args = [`127.0.0.1:${server.port}`, '--rate', 'max', '--finish', 'eof', '--sink', `file:${files}`, '--quiet'];
    const { signal } = await runCli(['client', ...args], {
      onSpawn: (child) => {
        void (async () => {
          while (seen === '' && child.exitCode === null) {
            seen = openFilesOf(child.pid!).find((file) => file.startsWith(files)) ?? '';
            await sleep(5);
          }
          child.kill('SIGKILL');
        })();
      },
    });
    t.equal(signal, 'SIGKILL');
    t.match(seen, / \(deleted\)$/, 'it had a file there');
    t.same(readdirSync(files), []);
  },
);

function openFilesOf(pid: number): string[] {
  const fds = `/proc/${pid}/fd`;
  try {
    return readdirSync(fds).flatMap((fd) => {
      try {
        return [readlinkSync(join(fds, fd))];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
