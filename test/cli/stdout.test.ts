// tier: kernel
/** What each command does where stdout is closed, full, or has no reader any more. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CommandName } from '../../src/cli/commands.ts';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { description, speakFor } from '../support/agents.ts';
import { plainEnvironment, runCli, startServer, ROOT, type CliRun } from '../support/cli.ts';
import { busOptions, noNats, startNats } from '../support/nats.ts';
import { longResult } from '../support/long-result.ts';
import { clientResult } from '../support/results.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

const LAUNCHER = join(ROOT, 'bin/conngen.js');
const onto = (target: string): string[] => ['bash', '-c', `exec "$@" ${target}`, 'bash'];

/** Ways to have a stdout that takes nothing. */
const CLOSED = onto('>&-');
const FULL = onto('>/dev/full');
const UNREAD = onto('> >(exec true)');

interface Line {
  readonly args: readonly string[];
  /** The process gets a SIGTERM when it has said this on stderr. */
  readonly endsAfter?: RegExp;
  /** The exit code of a run that can print; 0 if not given. */
  readonly code?: number;
  /** What the command would print. It is on stderr if it is a result; `elsewhere`: it can be had again, or there is nothing. */
  readonly prints: RegExp | 'elsewhere' | 'nothing';
  /** Whether it is tried with a full disk and without a reader too; all print in the same way. */
  readonly isTriedInAllWays?: true;
}

async function run(line: Line, prefix: readonly string[], cwd: string): Promise<CliRun> {
  let said = '';
  let isTold = false;
  return runCli(line.args, {
    cwd,
    prefix,
    onSpawn: (child) =>
      child.stderr!.on('data', (text: Buffer) => {
        said += String(text);
        if (line.endsAfter === undefined || isTold || !line.endsAfter.test(said)) return;
        isTold = true;
        child.kill('SIGTERM');
      }),
  });
}

t.test('every command says what it could not print, and loses no result', { skip: noNats }, async (t) => {
  const server = await startServer(['--listeners', '1']);
  const nats = await startNats();
  const bus = await connectBus(busOptions(nats.url));
  const end = speakFor(bus, () => description('a'), 'a');
  t.teardown(async () => {
    end();
    await bus.close();
    await Promise.all([server.stop(), nats.stop()]);
  });
  const runs = [longResult(10), longResult(12)].map((result) => JSON.stringify(result));
  const cwd = t.testdir({ 'a.json': runs[0]!, 'b.json': runs[1]! });
  const target = `127.0.0.1:${server.port}`;
  const short = ['--engine', 'node', '--duration', '200ms', '--quiet'];
  const cells = ['--quick', '--only', 'sync/1', '--settle', '0s', '--warmup', '20ms', '--duration', '50ms'];
  const lines: Readonly<Record<CommandName, Line>> = {
    client: { args: ['client', target, '--rate', '50', ...short], prints: /^conngen client /, isTriedInAllWays: true },
    search: {
      args: ['search', target, '--engine', 'node', '--explore-duration', '500ms'],
      endsAfter: /trial +1 /,
      prints: /^conngen search /,
      code: 143,
    },
    saturate: {
      args: ['saturate', target, '--engine', 'node', '--start', '200', '--duration', '500ms'],
      endsAfter: /step +1 /,
      prints: /^conngen saturate /,
      code: 143,
    },
    server: {
      args: ['server', '--host', '127.0.0.1', '--port', '0', '--listeners', '1'],
      endsAfter: /listening on 127/,
      prints: /^conngen server/,
      code: 143,
    },
    doctor: { args: ['doctor', target, '--rate', '10'], prints: /^conngen doctor / },
    rtt: { args: ['rtt', target, '--rate', '50', ...short], prints: /^conngen rtt / },
    agent: {
      args: ['agent', '--fleet', nats.url, '--name', 'b'],
      endsAfter: /agent b on /,
      prints: 'nothing',
      code: 143,
    },
    lab: { args: ['lab', 'abstraction', '--out', 'OUT', ...cells], prints: /^conngen lab / },
    report: { args: ['report', 'a.json'], prints: /^conngen client /, isTriedInAllWays: true },
    compare: { args: ['compare', '--force', 'a.json', 'b.json'], prints: /^conngen compare/ },
    fleet: { args: ['fleet', '--fleet', nats.url], prints: /^conngen fleet / },
    completion: { args: ['completion', 'bash'], prints: 'elsewhere' },
    demo: { args: ['demo'], endsAfter: / in flight/, prints: /^conngen client /, code: 143 },
  };
  const others: readonly Line[] = [
    { args: ['--version'], prints: 'elsewhere', isTriedInAllWays: true },
    { args: ['--help'], prints: 'elsewhere' },
    { args: [], prints: 'elsewhere' },
    { args: ['client', '--help'], prints: 'elsewhere', isTriedInAllWays: true },
    { args: ['lab', 'abstraction', '--list'], prints: 'elsewhere' },
    { args: ['fleet', '--fleet', nats.url, '--watch'], prints: 'elsewhere' },
  ];
  const queue = [...Object.values(lines), ...others].entries();
  const worker = async (): Promise<void> => {
    for (const [number, line] of queue) {
      const name = line.args.slice(0, 2).join(' ');
      const ways = line.isTriedInAllWays === true ? { CLOSED, FULL, UNREAD } : { CLOSED };
      for (const [way, prefix] of Object.entries(ways)) {
        const args = line.args.map((arg) => (arg === 'OUT' ? `out-${number}-${way}` : arg));
        const { code, stdout, stderr } = await run({ ...line, args }, prefix, cwd);
        const isExpected = way === 'UNREAD' || line.prints === 'nothing' || line.code === 143;
        t.equal(code, isExpected ? (line.code ?? 0) : 1, `${way} ${name}: ${stderr}`);
        t.equal(stdout, '');
        t.notMatch(stderr, /\n {4}at |please report/);
        if (way === 'UNREAD' || line.prints === 'nothing') continue;
        t.match(stderr, way === 'CLOSED' ? /stdout is closed/ : /ENOSPC|no space is left/, `${way} ${name}`);
        if (line.prints !== 'elsewhere') t.match(stderr, new RegExp(line.prints, 'm'), `${way} ${name}`);
      }
    }
  };
  await Promise.all([worker(), worker(), worker()]);
});

t.test('beside a file with the result', async (t) => {
  const cwd = t.testdir({ 'a.json': JSON.stringify(clientResult()) });
  const args = ['report', 'a.json', '--json', 'kept.json'];
  const closed = await runCli(args, { cwd, prefix: CLOSED });
  t.equal(closed.code, 0, 'what starts us without stdout has its result');
  t.equal(closed.stderr, 'WARN: the result could not be printed: stdout is closed; it is in kept.json\n');
  const full = await runCli(args, { cwd, prefix: FULL });
  t.equal(full.code, 1);
  t.equal(full.stderr, 'ERROR: the result could not be printed: no space is left; it is in kept.json\n');
  const daemon = await runCli(args, { cwd, prefix: onto('<>/dev/null >&0 2>&0') });
  t.equal(daemon.code, 0, 'a daemon has neither stdout nor stderr');
});

t.test('JSON that nothing takes is on stderr', async (t) => {
  const cwd = t.testdir({ 'a.json': JSON.stringify(clientResult()) });
  const { code, stderr } = await runCli(['report', 'a.json', '--json', '/dev/full'], { cwd, prefix: FULL });
  t.equal(code, 1);
  const [first, second, ...rest] = stderr.split('\n');
  t.equal(first, 'ERROR: /dev/full could not be written: no space is left; the JSON is on stdout instead');
  t.equal(second, 'ERROR: the result could not be printed: no space is left; it follows');
  t.strictSame(JSON.parse(rest.join('\n')), clientResult());
});

t.test('keys that were made are told', async (t) => {
  const cwd = t.testdir({});
  const { code, stderr } = await runCli(['fleet', 'keygen', '--out', 'key'], { cwd, prefix: CLOSED });
  t.equal(code, 1);
  t.match(stderr, /^private key +key .*\nERROR: stdout is closed\nhint: /s);
});

const disk = mountSmallDisk();
const noDisk = typeof disk === 'string' ? disk : false;

t.test('a disk with room for a part', { skip: noDisk }, async (t) => {
  if (typeof disk === 'string') return;
  t.teardown(() => disk.remove());
  const file = join(disk.path, 'help');
  writeFileSync(join(disk.path, 'filler'), Buffer.alloc(60 * 1024));
  const command = `exec "${process.execPath}" "${LAUNCHER}" completion zsh > "${file}"`;
  const ran = spawnSync('bash', ['-c', command], { encoding: 'utf8', env: plainEnvironment() });
  t.equal(ran.status, 1, 'the part is not taken for the whole');
  t.match(ran.stderr, /^ERROR: ENOSPC/);
  t.ok(readFileSync(file).length > 0, 'and a part was written');
});

t.test('a stderr that takes nothing changes neither the result nor the exit code', async (t) => {
  const cwd = t.testdir({ 'a.json': JSON.stringify(clientResult()) });
  for (const target of ['2>&-', '2>/dev/full']) {
    const { code, stdout } = await runCli(['report', 'a.json', '--json', '-'], { cwd, prefix: onto(target) });
    t.equal(code, 0, target);
    t.strictSame(JSON.parse(stdout), clientResult());
    const refused = await runCli(['client', '--rate', 'x'], { cwd, prefix: onto(target) });
    t.equal(refused.code, 2, target);
  }
});
