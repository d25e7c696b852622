/** Runs in a fleet's network, and what must be true after a fault. */
import type { ChildProcess } from 'node:child_process';
import type { Test } from 'tap';
import type { AgentRound } from '../../../src/document/fleet.ts';
import type { ClientResult, RoundResult } from '../../../src/document/client.ts';
import { checkRoundByHand } from '../../fleet/by-hand.ts';
import type { AcceptLog } from '../../support/accept-log.ts';
import { clientResult, type CliRun } from '../../support/cli.ts';
import type { Fleet } from '../../support/fleet.ts';
import { checkIdentities, established } from '../../support/identities.ts';

/** Connections a second of the whole; three agents have a third of it each. */
export const RATE = 300;
const ECHO = ['--payload-size', '16', '--finish', 'echo'];

/** A run on a fleet that goes on. */
export interface Going {
  readonly controller: ChildProcess;
  readonly ended: Promise<CliRun>;
}

/** Starts a run at `RATE` against the log. */
export function startRun(fleet: Fleet, log: AcceptLog, args: readonly string[]): Going {
  let controller!: ChildProcess;
  const load = ['--rate', String(RATE), ...ECHO, '--histograms', ...args];
  const ended = fleet.run('client', log.target, load, { onSpawn: (child) => (controller = child) });
  // A test looks at it later.
  ended.catch(() => undefined);
  return { controller, ended };
}

/** The round of a run that ended, its accounting checked. */
export function roundOf(t: Test, run: CliRun): RoundResult {
  if (run.stdout === '') throw new Error(`no result, exit code ${String(run.code)}: ${run.stderr}`);
  const result = clientResult(run);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

export function agentOf(round: RoundResult, name: string): AgentRound {
  return round.agents!.find((agent) => agent.name === name)!;
}

/** The codes of the reasons for the verdict. */
export function reasonsOf({ verdict }: RoundResult): string[] {
  return verdict.reasons.map(({ code }) => code);
}

/** The last round that an agent kept of its own. */
export function ownRound(fleet: Fleet, name: string): RoundResult {
  return fleet.agent(name).kept<ClientResult>().at(-1)!.rounds.at(-1)!;
}

/** Checks that a round is the sum of its agents, and that the target saw as many connections; `before` of them were there before. */
export async function checkExact(
  t: Test,
  fleet: Fleet,
  round: RoundResult,
  log: AcceptLog,
  before: number,
): Promise<void> {
  const names = round.agents!.map(({ name }) => name);
  checkRoundByHand(
    t,
    round,
    names.map((name) => ownRound(fleet, name)),
  );
  const accepted = await log.accepted();
  t.equal(
    accepted.length - before,
    established(round) + names.length,
    'the target saw them, and one before the run of each agent',
  );
}

/** Checks that all agents are free again and that a next run is exact. */
export async function checkNextRun(t: Test, fleet: Fleet, log: AcceptLog): Promise<void> {
  const names = [...fleet.agents.keys()];
  await fleet.untilFree(...names);
  const before = (await log.accepted()).length;
  const { ended } = startRun(fleet, log, ['--duration', '1s']);
  const run = await ended;
  t.equal(run.code, 0, `the next run: ${run.stderr}`);
  const round = roundOf(t, run);
  t.equal(round.attempts.scheduled, RATE, 'the next run has all of its schedule');
  t.strictSame(
    round.agents!.map(({ lost }) => lost),
    names.map(() => null),
    'and all of its agents',
  );
  await checkExact(t, fleet, round, log, before);
}
