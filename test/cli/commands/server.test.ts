// tier: kernel
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Io } from '../../../src/cli/process/io.ts';
import { RunError } from '../../../src/units/run-error.ts';
import type { ServerResult } from '../../../src/document/server.ts';
import { PLAIN } from '../../../src/view/layout.ts';
import type { runServer } from '../../../src/server/run.ts';
import { serverBy } from '../../support/commands.ts';
import { notice, runStarted } from '../../support/events.ts';
import type { RunContext } from '../../../src/run/events.ts';
import { rawInput, type Typed } from '../../support/plans.ts';
import { serverResult } from '../../support/results.ts';

async function command(typed: Typed, run: (context: RunContext) => Promise<ServerResult>) {
  let stdout = '';
  let stderr = '';
  const io: Io = {
    print: async (text) => void (stdout += text),
    stderr: { write: (text: string) => (stderr += text) },
    style: PLAIN,
    colourLogs: false,
  };
  const fake: typeof runServer = (_plan, context) => run(context ?? {});
  const code = await serverBy(fake)(rawInput(typed, {}, 'conngen server'), io);
  return { code, stdout, stderr };
}

async function served(context: RunContext): Promise<ServerResult> {
  const listening = { host: '127.0.0.1', port: 2345, protocol: 'tcp', listeners: 2, engine: 'epoll' } as const;
  context.emit?.(runStarted({ command: 'server', notes: ['the kernel cuts the backlog'], listening }));
  context.emit?.(notice('accept failed'));
  const stopped = new Promise((resolve) => context.stop?.addEventListener('abort', resolve));
  process.emit('SIGTERM', 'SIGTERM');
  await stopped;
  return serverResult();
}

t.test('--json -: the first line is the event, the last the result', async (t) => {
  const { code, stdout } = await command({ json: '-' }, served);
  t.equal(code, 143);
  const lines = stdout.trimEnd().split('\n');
  t.equal(lines.length, 2);
  t.same(JSON.parse(lines[0] ?? ''), {
    event: 'listening',
    host: '127.0.0.1',
    port: 2345,
    protocol: 'tcp',
    listeners: 2,
    engine: 'epoll',
  });
  t.same(JSON.parse(lines[1] ?? ''), serverResult());
});

t.test('for people', async (t) => {
  const file = join(t.testdir({}), 'result.json');
  const { stdout, stderr } = await command({ json: file }, served);
  t.match(
    stdout,
    /^listening on 127\.0\.0\.1:2345 \(2 listeners, engine epoll\)\nconngen server, engine epoll\n {2}accepted/,
  );
  t.match(stderr, /^INFO: the kernel cuts the backlog\nWARN: accept failed\nINFO: SIGTERM: no longer accepting/);
  t.same(JSON.parse(readFileSync(file, 'utf8')), serverResult());
  t.equal((await command({ quiet: 'true' }, served)).stderr, 'WARN: accept failed\n');
});

t.test('a listener that died: its results and the reason, exit code 1', async (t) => {
  const error = { code: 'worker_exited', message: 'listener 1 ended with code 1' };
  const { code, stdout } = await command({}, async () => serverResult({ errors: { worker_failed: 1 }, error }));
  t.equal(code, 1);
  t.match(stdout, /^conngen server, engine epoll\n {2}accepted/);
  t.match(stdout, /\n\nFailed: listener 1 ended with code 1 \(worker_exited\)\n$/);
});

t.test('what goes wrong', async (t) => {
  const taken = await command({}, async () => {
    throw new RunError('EADDRINUSE', 'port 2345 is in use', 'choose another with --port');
  });
  t.same(taken, { code: 1, stdout: '', stderr: 'ERROR: port 2345 is in use\nhint: choose another with --port\n' });
  const bad = await command({ port: '70000' }, served);
  t.match(bad, { code: 2, stdout: '', stderr: /^--port: got "70000"/ });
});
