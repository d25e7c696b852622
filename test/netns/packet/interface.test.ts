// tier: netns
/** What the packet engine takes from an interface, what it leaves to the kernel, and what is left behind when it ends. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { ClientResult } from '../../../src/document/client.ts';
import type { ServerResult } from '../../../src/document/server.ts';
import { clientResult, runCli, startServer, type CliRun } from '../../support/cli.ts';
import { checkIdentities } from '../../support/identities.ts';
import { noLab, type Namespace } from '../lab.ts';
import { DEVICE, FAR, NEAR, VethPair, untilUnderWay } from '../veth-pair.ts';

const skip = noLab();
const SOURCES = '198.18.1.0/28';
const HOST = '198.18.2.1';
const PORT = 2345;

const PACKET = ['--engine', 'packet', '--interface', DEVICE];
const ECHO = ['--payload-size', '64', '--finish', 'echo', '--json', '-', '--quiet'];

const load = (host: string, ...args: readonly string[]): string[] => [
  ...['client', host.includes(':') ? `[${host}]:${PORT}` : `${host}:${PORT}`],
  ...[...PACKET, ...ECHO, ...args],
];

function serve(end: Namespace, ...args: readonly string[]): ReturnType<typeof startServer> {
  return startServer(['--port', String(PORT), '--quiet', ...args], { prefix: end.prefix });
}

/**
 * A client's run in a namespace, all of whose connections must be well. A busy machine may miss some of them: how many there were is in
 * the result.
 */
async function allWell(t: Test, end: Namespace, args: readonly string[], count: number): Promise<ClientResult> {
  const result = clientResult(await runCli(args, { prefix: end.prefix }));
  checkIdentities(t, result);
  const { attempts, outcomes } = result.rounds[0]!;
  t.equal(attempts.scheduled, count);
  t.same([outcomes.ok, attempts.started > 0], [attempts.started, true], 'connections');
  return result;
}

const startedIn = ({ rounds }: ClientResult): number => rounds[0]!.attempts.started;

/** The mode of the XDP program on the device of a namespace; undefined where there is none. */
function programOn(end: Namespace): string | undefined {
  const [link] = JSON.parse(end.ip('-j', '-d', 'link', 'show', DEVICE)) as [{ xdp?: { mode: number } }];
  return link.xdp === undefined ? undefined : { 1: 'native', 2: 'generic' }[link.xdp.mode];
}

/** A busy machine starts a process in seconds. */
const PATIENCE_MS = 60_000;
/** Packets of some tens of connections. */
const FIRST_PACKETS = 200;

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`waited for too long: ${what}`);
    await sleep(25);
  }
}

/** A run in the background that goes on until it is ended. Resolves when its first connections are under way. */
async function endless(
  pair: VethPair,
  host: string,
  { rate = 200, packets = FIRST_PACKETS } = {},
): Promise<{ child: ChildProcess; ended: Promise<CliRun> }> {
  let child!: ChildProcess;
  const args = load(host, '--source', SOURCES, '--rate', String(rate), '--duration', '100s');
  const { prefix } = pair.near;
  const ended = runCli(args, { prefix, timeoutMs: 110_000, onSpawn: (started) => (child = started) });
  await untilUnderWay(pair, packets, ended);
  return { child, ended };
}

t.test('after kill -9 there is no program on the interface, and it can be used again', { skip }, async (t) => {
  const pair = VethPair.forTest(t);
  const { near, far } = pair;
  const server = await serve(far, ...PACKET, '--host', HOST);
  const { child, ended } = await endless(pair, HOST);
  t.equal(programOn(near), 'native', 'it is on the interface');
  child.kill('SIGKILL');
  t.equal((await ended).signal, 'SIGKILL');
  await until('the program is gone', () => programOn(near) === undefined);
  await allWell(t, near, load(HOST, '--source', SOURCES, '--rate', '200', '--count', '50'), 50);
  t.equal(programOn(near), undefined);
  t.equal(programOn(far), 'native');
  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  await until('the program of the server is gone', () => programOn(far) === undefined);
});

/** Echoes what each connection sends. */
const ECHO_SERVER = `require('net').createServer((s) => s.on('error', () => 0).pipe(s)).listen(22, '${FAR[4]}', () => console.log('ready'))`;
/** Sends a byte, waits for its echo, and so on, as a shell does where a person types; prints each hundredth, and how many when its stdin ends. */
const SESSION = `
  const s = require('net').connect(22, '${FAR[4]}'); let n = 0;
  s.on('data', () => { if (++n % 100 === 0) console.log(n); setTimeout(() => s.write('x'), 2); }).on('connect', () => { s.write('x'); console.log('ready'); });
  s.on('error', (e) => console.log('failed ' + e.code));
  process.stdin.on('end', () => { console.log(n); process.exit(); }).resume();`;

/** Starts a command in a namespace and waits for its first line. What it prints later is in `lines`. */
async function started(
  t: Test,
  end: Namespace,
  ...command: string[]
): Promise<{ child: ChildProcess; lines: string[] }> {
  const child = spawn('ip', [...end.prefix.slice(1), ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
  await until(`${command[0]} has begun`, () => lines.length > 0);
  return { child, lines };
}

t.test('a session of the kernel and pings over the same interface are not disturbed', { skip }, async (t) => {
  const pair = VethPair.forTest(t);
  const { near, far } = pair;
  const server = await serve(far, ...PACKET, '--host', HOST);
  await started(t, far, process.execPath, '-e', ECHO_SERVER);
  const session = await started(t, near, process.execPath, '-e', SESSION);
  const { child, ended } = await endless(pair, HOST, { rate: 1000, packets: 2000 });
  const before = session.lines.length;
  await until('hundreds of bytes came back', () => session.lines.length >= before + 2);
  const pings = await pinged(near, far);
  session.child.stdin!.end();
  await once(session.child, 'close');
  child.kill('SIGINT');
  const result = clientResult(await ended);
  checkIdentities(t, result);
  const { outcomes } = result.rounds[0]!;
  const others = Object.entries(outcomes).filter(([name, count]) => count > 0 && name !== 'ok' && name !== 'aborted');
  t.strictSame(others, [], 'no connection failed');
  t.ok(outcomes.ok > 100, `${outcomes.ok} connections`);
  const echoed = Number(session.lines.at(-1));
  t.ok(echoed > 100, `${echoed} bytes were typed and came back`);
  if (pings !== null) t.strictSame(pings, [5, 5, 5, 5], 'pings answered');
  await server.stop();
});

/** Pings of the kernel both ways, to the kernel's address and to one of the engine's; null where there is no ping(8). */
async function pinged(near: Namespace, far: Namespace): Promise<number[] | null> {
  if (spawnSync('ping', ['-V']).error) return null;
  const ping = async (end: Namespace, address: string): Promise<number> => {
    const args = [...end.prefix.slice(1), 'ping', '-n', '-c', '5', '-i', '0.05', '-W', '5', address];
    const { stdout } = await promisify(execFile)('ip', args);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? -1);
  };
  return Promise.all([ping(near, FAR[4]), ping(far, NEAR[4]), ping(near, HOST), ping(far, '198.18.1.3')]);
}

t.test('an interface whose driver refuses native mode is used in generic mode', { skip }, async (t) => {
  const { near, far } = VethPair.forTest(t);
  // A veth takes a native program only where the frames of its peer fit a page.
  for (const end of [near, far]) end.ip('link', 'set', DEVICE, 'mtu', '9000');
  const server = await serve(far, ...PACKET, '--host', HOST);
  const result = await allWell(t, near, load(HOST, '--source', SOURCES, '--rate', '500', '--count', '500'), 500);
  t.match(result.system.packet, { driver: 'veth', mode: 'generic', zero_copy: false, queues: 1 });
  t.equal((await server.stop()).accepted, startedIn(result));

  // The kernel sends as long as we say that we take, however long its frames may be.
  const response = path.join(t.testdir({ response: 'x'.repeat(20_000) }), 'response');
  const kernel = await serve(far, '--engine', 'node', '--host', FAR[4], '--response', response);
  const read = ['--source', SOURCES, '--finish', 'half-close', '--rate', '100', '--count', '50'];
  await allWell(t, near, ['client', `${FAR[4]}:${PORT}`, ...PACKET, ...read, '--json', '-', '--quiet'], 50);
  await kernel.stop();
});

t.test('IPv6, and a tag of its own', { skip }, async (t) => {
  const { near, far } = VethPair.forTest(t);
  for (const [host, sources, vlan] of [
    ['2001:2::200', '2001:2::100/124', []],
    ['2001:2::200', '2001:2::100/124', ['--vlan', '7']],
    [HOST, SOURCES, ['--vlan', '7']],
  ] as const) {
    const server = await serve(far, ...PACKET, ...vlan, '--host', host);
    const args = load(host, ...vlan, '--source', sources, '--rate', '500', '--count', '300');
    const result = await allWell(t, near, args, 300);
    t.equal((await server.stop()).accepted, startedIn(result), [host, ...vlan].join(' '));
  }
});

t.test('an answer that comes in on the queue of another thread finds its connection', { skip }, async (t) => {
  const { near, far } = VethPair.forTest(t, 2);
  // One thread sends through the first queue alone, and what a veth sends through its first queue comes in on the first.
  const server = await serve(far, ...PACKET, '--host', HOST, '--listeners', '1');
  const args = load(HOST, '--source', SOURCES, '--rate', '1000', '--count', '2000', '--workers', '2');
  const result = await allWell(t, near, args, 2000);
  t.equal(result.system.packet?.queues, 2);
  t.ok(
    result.rounds[0]!.packet!.handed_over! >= 1.5 * startedIn(result),
    'three frames of each connection of the second thread',
  );
  t.equal((await server.stop()).accepted, startedIn(result));

  const both = await serve(far, ...PACKET, '--host', HOST, '--listeners', '2');
  const straight = await allWell(t, near, args, 2000);
  const { accepted, packet } = await both.stop();
  t.equal(accepted, startedIn(straight));
  // A segment that was sent again, and whose connection the server's thread has ended meanwhile, is shown to the other thread, which
  // answers it with RST through its own queue. Nothing else comes in on another queue.
  const { handed_over: handed = 0 } = straight.rounds[0]!.packet!;
  t.ok(handed <= (packet!.stray ?? 0), 'a thread a queue at both ends', { found: { handed, server: packet } });
});

t.test('what stands in the way is told with its cure', { skip }, async (t) => {
  const pair = VethPair.forTest(t);
  const { near, far } = pair;
  const server = await serve(far, ...PACKET, '--host', HOST);
  const { child, ended } = await endless(pair, HOST);
  const args = load(HOST, '--source', '198.18.1.64/28', '--rate', '100', '--count', '10');
  const second = await runCli(args, { prefix: near.prefix });
  t.equal(second.code, 1);
  t.match(second.stderr, `another XDP program is on eth0: process ${child.pid} (`);
  t.match(second.stderr, /conngen.* works on it/s);
  t.match(second.stderr, `kill ${child.pid}`);

  near.ip('link', 'set', DEVICE, 'down');
  const down = await ended;
  t.equal(down.code, 1, 'a run that loses its interface ends');
  const lost = clientResult(down);
  t.match(lost.error, { code: 'ENETDOWN', message: 'the interface was set down or removed' });
  checkIdentities(t, lost);
  t.equal(lost.rounds[0]!.attempts.scheduled, 20_000, 'what was due until the end of the round is missed');
  t.match(
    lost.rounds[0]!.verdict.reasons[0]?.message,
    /^1 of 1 pacing threads died during the round \(the interface was set down or removed\): [\d,]+ starts due after that were missed\./,
  );
  t.ok(child.exitCode !== null);
  near.ip('link', 'set', DEVICE, 'up');
  await server.stop();

  far.ip('link', 'set', DEVICE, 'down');
  const lone = await runCli(args, { prefix: near.prefix });
  t.equal(lone.code, 1);
  t.match(lone.stderr, /eth0 has no carrier: nothing is at its other end/);
  t.match(lone.stderr, /ip link set PEER up/);
  const unaddressed = await runCli(load(HOST, '--rate', '100', '--count', '10'), { prefix: near.prefix });
  t.match(unaddressed.stderr, /--interface: got "eth0", expected an interface with a carrier/);
  far.ip('link', 'set', DEVICE, 'up');

  const without = [...near.prefix, 'setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw'];
  if (spawnSync('setpriv', ['--version']).error) return;
  const refused = await runCli(args, { prefix: without });
  t.equal(refused.code, 1);
  t.match(refused.stderr, 'needs CAP_NET_RAW');
  t.match(refused.stderr, 'sudo setcap cap_net_admin,cap_net_raw,cap_bpf,cap_ipc_lock+ep');
});

t.test('a server waits for an interface that is set down, and ends when it is removed', { skip }, async (t) => {
  const { near, far } = VethPair.forTest(t);
  let log = '';
  const onSpawn = (child: ChildProcess): void => void child.stderr!.on('data', (text: string) => (log += text));
  const options = ['--port', String(PORT), '--quiet', ...PACKET, '--host', HOST];
  const server = await startServer(options, { prefix: far.prefix, onSpawn });
  far.ip('link', 'set', DEVICE, 'down');
  await until('the server has seen it', () => log.includes('eth0 was set down'));
  far.ip('link', 'set', DEVICE, 'up');
  const whole = await allWell(t, near, load(HOST, '--source', SOURCES, '--rate', '200', '--count', '50'), 50);

  far.ip('link', 'delete', DEVICE);
  const { code, stderr, stdout } = await server.ended;
  t.equal(code, 1);
  t.match(stderr, 'eth0 was set down: nothing arrives until it is up again');
  t.match(stderr, 'the server stops: the interface was set down or removed; look at ip link show, then start again');
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as ServerResult;
  t.match(result.error, { message: 'the interface was set down or removed' });
  t.equal(result.accepted, startedIn(whole));
  // Whoever removes an interface sets it down first, and a thread may see it at that moment.
  t.match(String(result.packet!.interface_down), /^[12]$/);
});
