// tier: kernel
import path from 'node:path';
import t from 'tap';
import { newKey, startAgent, startTarget, withUser } from './agent-process.ts';
import { startExample } from './example-nats.ts';
import { clientResult, runCli } from '../support/cli.ts';
import { noNats } from '../support/nats.ts';

t.test('what is allowed works: two agents, a signed run, a file', { skip: noNats }, async (t) => {
  t.testdir({ hello: 'hello, target' });
  const nats = await startExample(t);
  const ours = await newKey(t, 'ours');
  const target = await startTarget(t);
  const args = ['--trust', ours.pub, '--allow-target', '127.0.0.0/8'];
  const agents = await Promise.all(['agent-1', 'agent-2'].map((name) => startAgent(t, name, nats.url, args)));
  const fleet = ['--fleet', withUser(nats.url, 'controller'), '--fleet-key', ours.file];
  const load = ['--rate', '50', '--duration', '1s', '--payload', path.join(t.testdirName, 'hello')];
  const run = await runCli(['client', `127.0.0.1:${target.port}`, ...load, ...fleet, '--agents', '2', '--json', '-']);
  t.equal(run.code, 0, run.stderr);
  const [round] = clientResult(run).rounds;
  const { scheduled, started } = round!.attempts;
  t.equal(scheduled, 50);
  // A machine that is held up as the last are due misses them.
  t.ok(started > 0 && started <= 50, `${started} started`);
  t.equal(target.connections(), started + 2, 'and the first connection of each agent');
  const list = await runCli(['fleet', ...fleet.slice(0, 2)]);
  t.match(list.stdout, /agent-1/);
  t.match(list.stdout, /agent-2/);
  for (const { log } of agents) t.notMatch(log(), /NATS refused/);
  t.notMatch(run.stderr + list.stderr, /refused/i);
});
