/** Runs of three agents whose result is held against the sum of the files that the agents kept, and against what the server accepted. */
import type { Test } from 'tap';
import type { ClientResult } from '../../src/document/client.ts';
import { clientResult, startServer } from '../support/cli.ts';
import type { Fleet } from '../support/fleet.ts';
import { checkIdentities, established } from '../support/identities.ts';
import { checkRoundByHand } from './by-hand.ts';

export const ECHO = ['--payload-size', '64', '--finish', 'echo'];

export interface Case {
  readonly name: string;
  readonly load: readonly string[];
  /** How many attempts the schedule has, by agent; left out where it has none. */
  readonly scheduled?: readonly number[];
  /** Connections of the warm-up are counted by the server alone. */
  readonly hasWarmup?: boolean;
  readonly check?: (t: Test, result: ClientResult) => void;
}

/** Runs all of them against one server. */
export async function runCases(t: Test, fleet: Fleet, serve: readonly string[], cases: readonly Case[]): Promise<void> {
  const server = await startServer(['--listeners', '1', ...serve]);
  t.teardown(() => server.stop());
  let counted = 0;
  for (const each of cases) {
    await t.test(each.name, async (t) => {
      counted += await runCase(t, fleet, `127.0.0.1:${server.port}`, each);
    });
  }
  const { accepted } = await server.stop();
  if (cases.some(({ hasWarmup = false }) => hasWarmup)) t.ok(accepted > counted, 'the server saw the warm-up too');
  else t.equal(accepted, counted, 'the server accepted as many connections');
}

/** Returns how many connections the server must have seen, without those of the warm-up. */
async function runCase(t: Test, fleet: Fleet, target: string, { load, scheduled, check }: Case): Promise<number> {
  const run = await fleet.run('client', target, [...load, '--histograms']);
  t.equal(run.code, 0, run.stderr);
  const result = clientResult(run);
  checkIdentities(t, result);
  const names = result.fleet!.agents.map((agent) => agent.name);
  const own = names.map((agent) => fleet.agent(agent).kept<ClientResult>().at(-1)!);
  for (const each of own) checkIdentities(t, each);
  for (const [index, round] of result.rounds.entries()) {
    const rounds = own.map((each) => each.rounds[index]!);
    checkRoundByHand(t, round, rounds);
    const told = round.agents!.map(({ scheduled: due, started, missed }) => [due, started, missed]);
    const kept = rounds.map(({ attempts: { scheduled: due, started, missed } }) => [due, started, missed]);
    t.strictSame(told, kept, 'what the result says of each agent');
    if (scheduled === undefined) continue;
    const due = kept.map(([count]) => count);
    t.strictSame(due, scheduled, 'the part of each agent');
  }
  check?.(t, result);
  // Each agent connects once before a run. A probe does so to see whether it can, and then for each round.
  const probes = result.config.probe_rate_per_sec === null ? 0 : names.length * (1 + result.rounds.length);
  return result.rounds.reduce((sum, round) => sum + established(round), 0) + names.length + probes;
}
