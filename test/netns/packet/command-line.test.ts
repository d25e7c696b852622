// tier: netns
/** What a user types with the packet engine at both ends, over two queues: every kind of load, its accounts, and both ends' counts. */
import t, { type Test } from 'tap';
import { troubleOf } from '../../../src/engine/registry.ts';
import type { ClientResult } from '../../../src/document/client.ts';
import type { SaturateResult } from '../../../src/document/limit.ts';
import { clientResult, runCli, startServer, type RunningServer } from '../../support/cli.ts';
import { checkIdentities } from '../../support/identities.ts';
import { noLab } from '../lab.ts';
import { DEVICE, VethPair, untilUnderWay } from '../veth-pair.ts';

const skip = noLab() || ((await troubleOf('packet'))?.reason ?? false);
const QUEUES = 2;
const TARGET = '198.18.2.7:2345';
const PACKET = ['--engine', 'packet', '--interface', DEVICE];
const FROM = [...PACKET, '--source', '198.18.1.0/24'];
const ECHO = ['--payload-size', '64', '--finish', 'echo'];
const JSON_ALONE = ['--json', '-', '--quiet'];
/** Of some tens of connections. */
const FIRST_PACKETS = 200;

async function pairWithServer(t: Test): Promise<{ pair: VethPair; server: RunningServer }> {
  const pair = VethPair.forTest(t, QUEUES);
  const options = [...PACKET, '--host', '198.18.2.0/24', '--port', '2345', '--listeners', String(QUEUES)];
  return { pair, server: await startServer(options, { prefix: pair.far.prefix }) };
}

/** A client's run, whose accounts are checked. */
async function load(t: Test, pair: VethPair, args: readonly string[]): Promise<ClientResult> {
  const run = await runCli(['client', TARGET, ...args, ...JSON_ALONE], { prefix: pair.near.prefix });
  const result = clientResult(run);
  checkIdentities(t, result);
  return result;
}

/** Attempts that went well, and those that were not made: a machine that is held up as a round ends misses what is due then. */
const okOrMissed = ({ rounds }: ClientResult): number[] =>
  rounds.map(({ outcomes, attempts }) => outcomes.ok + attempts.missed);

const startedIn = ({ rounds }: ClientResult): number => rounds.reduce((sum, { attempts }) => sum + attempts.started, 0);

t.test('every kind of load is accounted for, and the server counts the same', { skip }, async (t) => {
  const { pair, server } = await pairWithServer(t);
  let accepted = 0;
  const all = async (name: string, args: readonly string[], ...expected: readonly number[]): Promise<ClientResult> => {
    const result = await load(t, pair, [...FROM, ...args]);
    t.same(okOrMissed(result), expected, name);
    accepted += startedIn(result);
    return result;
  };
  const plain = await all('two workers on two queues', [...ECHO, '--rate', '1k', '-n', '600', '--workers', '2'], 600);
  t.match(plain.system, {
    engine: 'packet',
    workers: 2,
    packet: { interface: DEVICE, driver: 'veth', mode: 'native', zero_copy: false, queues: QUEUES },
  });
  t.match(plain.config, { interface: DEVICE, sources: ['198.18.1.1-198.18.1.254'], source_ports: '1024-65535' });
  await all('closed loop', [...ECHO, '--rate', 'max', '-n', '2000', '--workers', '2'], 2000);
  await all('steps', [...ECHO, '--steps', '100..200*2/500ms', '--cooldown', '100ms'], 50, 100);
  await all('hold, half-close', ['--payload-size', '64', '--rate', '500', '-n', '100', '--hold', '300ms'], 100);
  await all('reset', [...ECHO, '--rate', '500', '-n', '100', '--close', 'rst'], 100);
  const kept = ['--rate', '100', '-n', '30', '--sink', 'gather', '--verify', 'echo', '--finish', 'echo'];
  // What an end that is held up has no room for is sent again, and again.
  const patient = ['--timeout', '30s'];
  await all('a response of 200 KiB is kept and verified', [...kept, ...patient, '--payload-size', '200KiB'], 30);
  const others = [...ECHO, '--rate', '1k', '-n', '300'];
  for (const [name, args] of [
    ['sixteen million sources', [...PACKET, '--source', '10.0.0.0/8', ...others]],
    ["the interface's own address", [...PACKET, ...others]],
  ] as const) {
    const round = await load(t, pair, args);
    t.same(okOrMissed(round), [300], name);
    accepted += startedIn(round);
  }
  const result = await server.stop();
  t.equal(result.accepted, accepted);
  t.match(result.system.packet, { interface: DEVICE, queues: QUEUES });
  t.equal(result.listeners.length, QUEUES);
});

t.test('a probe goes through the kernel beside the load; what does not answer times out', { skip }, async (t) => {
  const { pair, server } = await pairWithServer(t);
  const probed = await load(t, pair, [...FROM, ...ECHO, '--rate', '200', '--duration', '1s', '--probe', '50']);
  t.same(okOrMissed(probed), [200]);
  t.ok(probed.rounds[0]!.probe!.received > 0, 'pings came back');
  await server.stop();
  const late = await load(t, pair, [
    ...FROM,
    '--gateway',
    '198.18.0.2',
    '--rate',
    '200',
    '-n',
    '50',
    '--timeout',
    '200ms',
  ]);
  const { outcomes, attempts } = late.rounds[0]!;
  t.match(outcomes, { ok: 0, connect_timeout: attempts.started });
  t.ok(attempts.started > 0);
});

t.test('search and saturate find the bounds they are given', { skip }, async (t) => {
  const { pair, server } = await pairWithServer(t);
  const limits = ['--max-rate', '400', '--cooldown', '0s', '--duration', '500ms', '--max-time', '20s'];
  const common = [...FROM, ...ECHO, ...limits, '--allow-generator-limited', ...JSON_ALONE];
  const run = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await runCli([...args, ...common], { prefix: pair.near.prefix });
    return JSON.parse(stdout);
  };
  const saturated = (await run('saturate', TARGET, '--start', '100', '--factor', '2')) as SaturateResult;
  t.match(saturated.system.packet, { interface: DEVICE });
  t.ok(saturated.steps.length > 0);
  t.same(
    saturated.steps.map(({ failures }) => failures),
    saturated.steps.map(() => 0),
  );
  const stages = ['--quantity', 'connections', '--max-connections', '300', '--explore-duration', '200ms'];
  const searched = (await run('search', TARGET, ...stages)) as { goals: { connections: number | null }[] };
  t.equal(searched.goals[0]!.connections, 300, 'connections that are open together');
  await server.stop();
});

t.test('SIGINT ends a run with its results, and the interface is free again', { skip }, async (t) => {
  const { pair, server } = await pairWithServer(t);
  const args = ['client', TARGET, ...FROM, ...ECHO, '--rate', '200', '--duration', '60s', ...JSON_ALONE];
  let pid = 0;
  const ended = runCli(args, { prefix: pair.near.prefix, onSpawn: (child) => (pid = child.pid!) });
  const hasProgram = (): boolean => pair.near.ip('link', 'show', DEVICE).includes('xdp');
  await untilUnderWay(pair, FIRST_PACKETS, ended);
  t.ok(hasProgram(), 'it is on the interface');
  process.kill(pid, 'SIGINT');
  const run = await ended;
  t.equal(run.code, 130);
  const result = JSON.parse(run.stdout) as ClientResult;
  checkIdentities(t, result);
  t.equal(result.interrupted, true);
  t.notOk(hasProgram());
  await server.stop();
});
