// tier: kernel
/** Signals at any time: before a run, in it, more than one, and where the process waits for what never comes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { keepSignals, listenForStop } from '../../../src/cli/process/signals.ts';
import { MODULE_ARGS, moduleUrl } from '../../support/modules.ts';
import type { RttResult } from '../../../src/document/rtt.ts';
import { clientResult, runCli, startServer, type CliRun } from '../../support/cli.ts';
import { checkIdentities } from '../../support/identities.ts';

/** Sends `signals` to the process, one as soon as the one before can have been handled, once it has opened `file`. */
async function signal(child: ChildProcess, file: string, signals: readonly NodeJS.Signals[]): Promise<void> {
  const directory = `/proc/${child.pid}/fd`;
  const isOpen = (): boolean => readdirSync(directory).some((fd) => linkOf(join(directory, fd)) === file);
  while (!isOpen()) await sleep(20);
  for (const each of signals) {
    child.kill(each);
    await sleep(100);
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

const FLEET = ['--fleet', 'tls://127.0.0.1:9'];

t.test('a signal ends what waits for a pipe that nobody writes', { timeout: 180_000 }, async (t) => {
  const fifo = join(t.testdir({}), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const commands = [
    ['client', '127.0.0.1:9', '--payload', fifo],
    ['client', '127.0.0.1:9', '--verify', fifo],
    ['client', '127.0.0.1:9', '--config', fifo],
    ['doctor', '--config', fifo],
    ['search', '127.0.0.1:9', '--payload', fifo],
    ['server', '--mode', 'respond', '--response', fifo],
    ['client', '127.0.0.1:9', ...FLEET, '--agents', '1', '--fleet-creds', fifo],
    ['rtt', '127.0.0.1:9', ...FLEET, '--agents', '1', '--fleet-ca', fifo],
    ['fleet', ...FLEET, '--fleet-ca', fifo],
    ['agent', ...FLEET, '--fleet-cert', fifo, '--fleet-cert-key', fifo],
  ];
  for (const args of commands) {
    const once = await runCli(args, { onSpawn: (child) => void signal(child, fifo, ['SIGTERM']) });
    t.equal(once.code, 143, `${args.join(' ')}: ${once.stderr}`);
    t.match(once.stderr, /SIGTERM: ended before anything was measured/);
  }
  const twice = await runCli(commands[0]!, {
    onSpawn: (child) => void signal(child, fifo, ['SIGINT', 'SIGINT']),
  });
  t.equal(twice.code, 130);
  t.equal(twice.stderr, '', 'the second ends at once');
});

t.test('the process ends although a thread of it waits in the kernel', (t) => {
  const cwd = t.testdir({});
  execFileSync('mkfifo', [join(cwd, 'fifo')]);
  const script = `
    import { open } from 'node:fs';
    import { endProcess } from ${JSON.stringify(moduleUrl('src/cli/process/ending.ts').href)};
    open('fifo', 'r', () => undefined);
    process.on('exit', () => process.stdout.write('listeners ran'));
    setTimeout(() => endProcess(130), 100);`;
  const args = [...MODULE_ARGS, '--input-type=module', '--eval', script];
  const run = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 120_000, killSignal: 'SIGKILL' });
  t.match(run, { status: 130, stdout: 'listeners ran' }, run.stderr);
  t.end();
});

/** Ends a run by `name` as soon as it is under way. */
function stopWhenRunning(
  args: readonly string[],
  name: NodeJS.Signals,
  cwd: string,
  prefix: readonly string[] = [],
): Promise<CliRun> {
  return runCli(args, { cwd, prefix, onSpawn: (child) => child.stderr?.once('data', () => child.kill(name)) });
}

t.test('SIGHUP ends a run with its report, and leaves no file over', { timeout: 180_000 }, async (t) => {
  const server = await startServer(['--listeners', '1']);
  const target = `${server.host}:${server.port}`;
  const cwd = t.testdir({});
  const run = await stopWhenRunning(
    ['client', target, '-r', '200', '-d', '30s', '--json', '-', '--csv', 'a.csv'],
    'SIGHUP',
    cwd,
  );
  t.equal(run.code, 129, run.stderr);
  const result = clientResult(run);
  t.equal(result.interrupted, true);
  checkIdentities(t, result);
  t.same(readdirSync(cwd), ['a.csv']);
  const pings = await stopWhenRunning(['rtt', target, '-r', '100', '-d', '30s', '--json', '-'], 'SIGHUP', cwd);
  t.equal(pings.code, 129, pings.stderr);
  t.equal((JSON.parse(pings.stdout) as RttResult).schema, 'conngen.rtt/1');
  const served = await server.stop('SIGHUP');
  t.equal(served.schema, 'conngen.server/1');
  t.equal((await server.ended).code, 129);
});

t.test('under nohup SIGHUP has no effect', { timeout: 180_000 }, async (t) => {
  const server = await startServer(['--listeners', '1']);
  t.teardown(() => server.stop());
  // As a shell names it in the environment of what it starts.
  const run = await stopWhenRunning(
    ['client', `${server.host}:${server.port}`, '-r', '200', '-d', '2s', '--json', '-'],
    'SIGHUP',
    t.testdir({}),
    ['env', '_=/usr/bin/nohup', 'nohup'],
  );
  t.equal(run.code, 0, run.stderr);
  const result = clientResult(run);
  t.equal(result.interrupted, undefined);
  checkIdentities(t, result);
});

t.test('a signal between two listeners is for the second', async (t) => {
  const release = keepSignals();
  t.teardown(release);
  const first = listenForStop();
  process.kill(process.pid, 'SIGINT');
  // The system has it, and Node has not told it yet.
  first.dispose();
  await sleep(50);
  const second = listenForStop();
  t.teardown(() => second.dispose());
  t.equal(first.exitCode(), null);
  t.equal(second.exitCode(), 130);
  t.ok(second.signal.aborted);
});
