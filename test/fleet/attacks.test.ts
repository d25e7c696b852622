// tier: kernel
// What an attacker with a connection to NATS can make an agent do. The agent is a process of its own, and a listener counts what
// reaches the target.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { newKey, startAgent, startTarget, withUser } from './agent-process.ts';
import { openOrder } from './any-order.ts';
import { PASSWORDS, connectAs, startExample } from './example-nats.ts';
import type { Bus } from '../../src/fleet/bus/bus.ts';
import { PROTOCOL, SUBJECTS, type Answer } from '../../src/fleet/protocol.ts';
import type { SigningKey } from '../../src/fleet/trust/keys.ts';
import { seal } from '../../src/fleet/trust/sealed.ts';
import { runCli } from '../support/cli.ts';
import { noNats } from '../support/nats.ts';

async function eventually(t: Test, log: () => string, pattern: RegExp): Promise<void> {
  for (let tries = 0; tries < 3000 && !pattern.test(log()); tries++) await sleep(10);
  t.match(log(), pattern, 'the log of the agent says it');
}

/** Sends the bytes of an order to an agent. Returns the code of the refusal, or `ok`. */
async function send(bus: Bus, agent: string, data: Uint8Array): Promise<string> {
  const answered = await bus.request(SUBJECTS.order(agent), data, 20_000);
  if (answered === null) return 'no answer';
  const answer = JSON.parse(Buffer.from(answered).toString()) as Answer;
  return 'refused' in answer ? answer.refused.code : 'ok';
}

async function ticketOf(bus: Bus, agent: string): Promise<string> {
  const answer = await bus.request(SUBJECTS.ticket(agent), new Uint8Array(), 5000);
  return (JSON.parse(Buffer.from(answer!).toString()) as { ticket: string }).ticket;
}

const bare = (kind: string, run: string, number: number): object => ({
  ...{ protocol: PROTOCOL, agent: 'agent-1', run, number, kind },
});

t.test('orders to an agent with a key', { skip: noNats }, async (t) => {
  t.testdir({});
  const nats = await startExample(t);
  const [ours, theirs] = [await newKey(t, 'ours'), await newKey(t, 'theirs')];
  const [target, forbidden] = [await startTarget(t), await startTarget(t)];
  const limits = ['--allow-target', `127.0.0.1:${target.port}`, '--max-rate', '100', '--max-duration', '30s'];
  const agent = await startAgent(t, 'agent-1', nats.url, ['--trust', ours.pub, ...limits]);
  const { bus } = await connectAs(t, nats.url, 'controller');
  const ordered = (key: SigningKey | null, order: object): Promise<string> =>
    send(bus, 'agent-1', seal(order, 'order', key));
  const open = async (more: object = {}, values: object = {}): Promise<object> =>
    openOrder({
      ...{ agent: 'agent-1', ticket: await ticketOf(bus, 'agent-1') },
      ...{ values: { target: `127.0.0.1:${target.port}`, rate: ['10'], duration: '1s', ...values } },
      ...more,
    });

  const load = ['--rate', '10', '--duration', '1s'];
  const fleetArgs = ['--fleet', withUser(nats.url, 'controller'), '--agents', 'agent-1', ...load];

  await t.test('of a key that it does not trust, or of none', async (t) => {
    t.equal(await ordered(theirs.key, await open()), 'untrusted');
    t.equal(await ordered(null, await open()), 'untrusted');
    t.equal(await send(bus, 'agent-1', Buffer.from('rubbish')), 'protocol');
    await eventually(t, agent.log, /its key is not one of --trust/);
    await eventually(t, agent.log, /it has no signature/);
    const run = await runCli(['client', `127.0.0.1:${target.port}`, ...fleetArgs, '--fleet-key', theirs.file]);
    t.equal(run.code, 1, run.stderr);
    t.match(run.stderr, /agent-1: this agent takes orders of the controllers that it trusts/);
    t.match(run.stderr, /--fleet-key/);
  });

  await t.test('against a target that it may not aim at', async (t) => {
    const elsewhere = { target: `127.0.0.1:${forbidden.port}` };
    t.equal(await ordered(ours.key, await open({}, elsewhere)), 'not_allowed');
    t.equal(
      await ordered(ours.key, await open({}, { target: `localhost:${forbidden.port}` })),
      'not_allowed',
      'a name',
    );
    t.equal(await ordered(ours.key, await open({}, { target: `0.0.0.0:${forbidden.port}` })), 'not_allowed');
    await eventually(t, agent.log, new RegExp(`127\\.0\\.0\\.1:${forbidden.port} is no target of this agent`));
    const run = await runCli(['client', `127.0.0.1:${forbidden.port}`, ...fleetArgs, '--fleet-key', ours.file]);
    t.not(run.code, 0);
    t.match(run.stderr, /agent-1.* aim/, 'the controller says it too');
  });

  await t.test('beyond its bounds', async (t) => {
    t.equal(await ordered(ours.key, await open({}, { rate: ['101'] })), 'over_limit');
    t.equal(await ordered(ours.key, await open({}, { rate: 'max' })), 'over_limit');
    t.equal(await ordered(ours.key, await open({ trialsUpToPerSec: 101 })), 'over_limit');
    t.equal(await ordered(ours.key, await open({}, { rate: ['10', '20'], duration: '16s' })), 'over_limit');
    await eventually(t, agent.log, /101\/s, and this agent starts at most 100\/s \(its --max-rate\)/);
    await eventually(t, agent.log, /the plan takes 32s, and this agent runs for at most 30s/);
    const file = { sha256: 'a'.repeat(64), bytes: 200 * 1024 ** 2 };
    t.equal(await ordered(ours.key, await open({ files: { payload: file, verify: file } })), 'over_limit');
    const huge = Buffer.from(JSON.stringify({ body: 'A'.repeat(600_000), key: null, signature: null }));
    t.equal(await send(bus, 'agent-1', huge), 'protocol');
  });

  await t.test('with options that are not for orders', async (t) => {
    for (const values of [
      { source: '127.0.0.2' },
      { json: path.join(t.testdirName, 'written') },
      { config: '/etc/hostname' },
      { otlp: `http://127.0.0.1:${forbidden.port}` },
      { sink: 'file:/tmp' },
      { payload: '/etc/hostname' },
      { verify: '/etc/hostname' },
    ]) {
      t.equal(await ordered(ours.key, await open({}, values)), 'options', JSON.stringify(values));
    }
  });

  t.equal(target.connections() + forbidden.connections(), 0, 'nothing reached a target');

  await t.test('that were made for another time, another run, another agent', async (t) => {
    const opened = seal(await open(), 'order', ours.key);
    const stopped = seal(bare('stop', 'run-of-a-test', 1), 'order', ours.key);
    t.equal(await send(bus, 'agent-1', opened), 'ok');
    const once = target.connections();
    t.equal(await send(bus, 'agent-1', opened), 'replayed', 'an open, during its run');
    t.equal(await ordered(ours.key, bare('stop', 'another-run', 9)), 'run_unknown');
    t.equal(await ordered(ours.key, await open({ run: 'another-run' })), 'busy');
    t.equal(await send(bus, 'agent-1', stopped), 'ok');
    t.equal(await send(bus, 'agent-1', stopped), 'replayed');
    t.equal(await ordered(ours.key, bare('close', 'run-of-a-test', 2)), 'ok');
    t.equal(await send(bus, 'agent-1', opened), 'replayed', 'an open, after its run');
    t.equal(await ordered(ours.key, await open({ agent: 'agent-2' })), 'replayed', 'for another agent');
    t.equal(await send(bus, 'agent-1', seal(await open({ run: 'a-second-run' }), 'order', ours.key)), 'ok');
    t.equal(await send(bus, 'agent-1', stopped), 'run_unknown', 'a stop of the run before');
    t.equal(await ordered(theirs.key, bare('stop', 'a-second-run', 5)), 'untrusted');
    const faster = { place: { round: 0 }, rate: 5000, durationNs: null, maxLagNs: null, exchangePerSec: null };
    t.equal(await ordered(ours.key, { ...bare('prepare', 'a-second-run', 6), ...faster }), 'over_limit');
    t.equal(await ordered(ours.key, bare('close', 'a-second-run', 7)), 'ok');
    t.ok(target.connections() <= 2 * once, 'the one connection of each run that was opened');
    t.equal(forbidden.connections(), 0);
  });
});

t.test('without --trust an agent starts only where NATS is on loopback', { skip: noNats }, async (t) => {
  const nats = await startExample(t, { host: '0.0.0.0' });
  // This address leads to this machine, and no client can know that of another one that it is given.
  const url = withUser(nats.url, 'agent-1');
  const run = await runCli(['agent', '--fleet', url, '--name', 'agent-1']);
  t.equal(run.code, 1, run.stderr);
  t.match(run.stderr, /--trust/);
  t.match(run.stderr, /conngen fleet keygen/);
  t.notMatch(run.stderr, new RegExp(PASSWORDS.agent));
});

t.test('a key that cannot be used is an error of the input', { skip: noNats }, async (t) => {
  t.testdir({});
  const { file } = await newKey(t, 'ours');
  const run = await runCli(['agent', '--fleet', 'nats://127.0.0.1:1', '--trust', file]);
  t.equal(run.code, 2, run.stderr);
  t.match(run.stderr, /--trust: got ".*ours\.key", expected the public key: this is the private one/);
});
