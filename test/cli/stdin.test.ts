// tier: kernel
/** What is read from stdin, by processes that have one of their own. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { clientResult, runCli } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { freePort } from '../support/ports.ts';

const linux = process.platform === 'linux' ? false : 'needs Linux';

/** A short run against a port on which nothing listens. */
async function refusedRun(...args: readonly string[]): Promise<string[]> {
  return ['client', `127.0.0.1:${await freePort()}`, '--rate', '20', '--duration', '200ms', '--payload', '-', ...args];
}

/** Sends SIGTERM once the process waits for stdin: an epoll set of it has the descriptor. */
async function terminate({ pid }: ChildProcess): Promise<void> {
  const directory = `/proc/${pid}/fdinfo`;
  const waits = (): boolean =>
    readdirSync(directory).some((fd) => {
      try {
        return /^tfd:\s+0\s/m.test(readFileSync(`${directory}/${fd}`, 'utf8'));
      } catch {
        return false;
      }
    });
  while (!waits()) await sleep(20);
  process.kill(pid!, 'SIGTERM');
}

t.test('--payload - is stdin, also where --verify reads it too', { skip: linux }, async (t) => {
  const run = await runCli(await refusedRun('--verify', '-', '--finish', 'echo', '--json', '-'), { stdin: 'hello' });
  const result = clientResult(run);
  checkIdentities(t, result);
  t.match(result.config, { payload_file: '-', payload_bytes: 5 });
});

t.test('an output may be called like the sign for stdin', { skip: linux }, async (t) => {
  const cwd = t.testdir({ '-': 'a file' });
  const run = await runCli(await refusedRun('--json', join(cwd, '-')), { stdin: 'x', cwd });
  t.equal(run.code, 1, run.stderr);
});

t.test('a stdin that never ends is left by a signal', { skip: linux }, async (t) => {
  const run = await runCli(await refusedRun(), { stdin: null, onSpawn: (child) => void terminate(child) });
  t.equal(run.code, 143, run.stderr);
  t.match(run.stderr, /SIGTERM: ended before anything was measured/);
});
