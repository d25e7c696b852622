// tier: netns
/** The packet engine on a fleet: each agent has an interface of its own, and the sums are exact. */
import t, { type Test } from 'tap';
import { troubleOf } from '../../../src/engine/registry.ts';
import type { ClientResult, RoundResult } from '../../../src/document/client.ts';
import { clientResult } from '../../support/cli.ts';
import { checkRoundByHand } from '../../fleet/by-hand.ts';
import { checkIdentities, established } from '../../support/identities.ts';
import type { AcceptLog } from '../../support/accept-log.ts';
import type { Fleet } from '../../support/fleet.ts';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { ownRound } from './rounds.ts';

const skip = noFleetNetwork() || ((await troubleOf('packet'))?.reason ?? false);
const PACKET = ['--engine', 'packet', '--payload-size', '16', '--finish', 'echo', '--histograms'];
const INTERFACE = ['--interface', 'eth0'];
/** Sources that no kernel has; c has the address of its kernel. */
const SOURCES = { a: '198.18.3.64/28', b: '198.18.3.96/28' } as const;

/** Runs to the end; the sum is that of the agents, and what the target saw. */
async function exact(t: Test, fleet: Fleet, log: AcceptLog, args: readonly string[]): Promise<ClientResult> {
  const before = (await log.accepted()).length;
  const run = await fleet.run('client', log.target, [...PACKET, ...args]);
  if (run.stdout === '') throw new Error(`no result, exit code ${String(run.code)}: ${run.stderr}`);
  const result = clientResult(run);
  checkIdentities(t, result);
  const names = result.fleet!.agents.map(({ name }) => name);
  const last = result.rounds.at(-1)!;
  checkRoundByHand(
    t,
    last,
    names.map((name) => ownRound(fleet, name)),
  );
  const made = result.rounds.reduce((sum, round) => sum + established(round), 0);
  const accepted = await log.until(before + made + names.length);
  t.equal(accepted.length - before, made + names.length, 'the target saw them, and one before the run of each agent');
  return result;
}

/** Attempts that went well, and those that were not made: a machine that is held up as a round ends misses what is due then. */
function okOrMissed({ outcomes, attempts }: RoundResult): number {
  return outcomes.ok + attempts.missed;
}

t.test('agents with interfaces and sources of their own', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const source = (name: string): string[] => (name in SOURCES ? ['--source', SOURCES[name as 'a' | 'b']] : []);
  const fleet = await network.fleet(t, { agent: (name) => ({ args: [...INTERFACE, ...source(name)] }) });
  const result = await exact(t, fleet, log, ['--steps', '150..300*2/1s', '--cooldown', '100ms']);
  t.strictSame(result.rounds.map(okOrMissed), [150, 300], 'all went well');
  for (const { system } of result.fleet!.agents) {
    t.match(system, { engine: 'packet', packet: { interface: 'eth0' } });
  }
  const accepted = await log.accepted();
  const from = (prefix: RegExp): number => accepted.filter(({ address }) => prefix.test(address)).length;
  const started = (name: string): number =>
    result.rounds
      .flatMap(({ agents }) => agents!.filter((agent) => agent.name === name))
      .reduce((sum, agent) => sum + agent.started, 0);
  t.equal(from(/^198\.18\.3\.(6[4-9]|7\d)$/), started('a'), 'a third from the sources of a');
  t.equal(from(/^198\.18\.3\.(9[6-9]|10\d|11[01])$/), started('b'), 'a third from the sources of b');
  for (const { agents } of result.rounds) t.equal(new Set(agents!.map(({ scheduled }) => scheduled)).size, 1, 'thirds');
  t.equal(okOrMissed((await exact(t, fleet, log, ['--rate', '300', '--duration', '1s'])).rounds[0]!), 300, 'again');
  const closed = ['--rate', 'max', '--count', '900', '--max-in-flight', '30'];
  t.equal((await exact(t, fleet, log, closed)).rounds[0]!.outcomes.ok, 900, 'closed loop');
  for (const name of ['a', 'b', 'c']) {
    t.notMatch(network.agents.get(name)!.ip('link', 'show', 'eth0'), /xdp/, `the interface of ${name} is free again`);
  }
});
