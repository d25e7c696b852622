/** Runs in a fleet's network, and what must be true after a fault. */
import type { ChildProcess } from 'node:child_process';
import t, { type Test } from 'tap';
import type { AgentRound } from '../../../src/document/fleet.ts';
import type { ClientResult, RoundResult } from '../../../src/document/client.ts';
import { checkRoundByHand } from '../../fleet/by-hand.ts';
import type { AcceptLog } from '../../support/accept-log.ts';
import { clientResult, type CliRun } from '../../support/cli.ts';
import type { Fleet, FleetOptions } from '../../support/fleet.ts';
import { checkIdentities, established } from '../../support/identities.ts';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';

/** Connections a second of the whole; three agents have a third of it each. */
export const RATE = 300;
const ECHO = ['--payload-size', '16', '--finish', 'echo'];

/** Longer than all faults of a file take on a busy machine. */
const FILE_MS = 290_000;
const FAULT_MS = 180_000;

/** Where faults happen. */
export interface Site {
  readonly network: FleetNetwork;
  readonly log: AcceptLog;
  readonly fleet: Fleet;
}

/**
 * Tests of faults, one after the other in one network with one fleet. Each begins with all agents free and a log that has seen nothing;
 * after each, agents that were ended are started again, and a run on all of them is exact.
 */
export function testFaults(
  title: string,
  faults: Readonly<Record<string, (t: Test, site: Site) => Promise<void>>>,
  options: FleetOptions = {},
): void {
  void t.test(title, { skip: noFleetNetwork(), timeout: FILE_MS }, async (t) => {
    const network = FleetNetwork.forTest(t);
    const log = await network.accepts(t);
    const fleet = await network.fleet(t, options);
    for (const [name, fault] of Object.entries(faults)) {
      await t.test(name, { timeout: FAULT_MS }, async (t) => {
        await log.forget();
        await fault(t, { network, log, fleet });
        for (const agent of fleet.agents.values()) if (!agent.isRunning) fleet.start(agent.name);
        await checkNextRun(t, fleet, log);
      });
    }
  });
}

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

/** What a run says that a machine which was held up for most of a second could not begin on all agents. */
const NOT_BEGUN = /did not begin the round|too late|did not get ready/;
const TRIES_MAX = 3;

/** Whether a run that has ended is to be made again, in a log that has seen nothing. */
async function isAgain({ fleet, log }: Pick<Site, 'fleet' | 'log'>, run: CliRun, tries: number): Promise<boolean> {
  if (!NOT_BEGUN.test(run.stderr) || tries === TRIES_MAX) return false;
  await fleet.untilFree(...fleet.agents.keys());
  await log.forget();
  return true;
}

/** Starts a run, and resolves when it has made so many connections, from an address where one is given; or when it has ended. */
export async function underWay(
  { fleet, log }: Pick<Site, 'fleet' | 'log'>,
  args: readonly string[],
  count = RATE,
  address?: string,
): Promise<Going> {
  for (let tries = 1; ; tries++) {
    const going = startRun(fleet, log, args);
    const begun = log.until(count, address);
    begun.catch(() => undefined);
    const ended = await Promise.race([begun.then(() => null), going.ended]);
    if (ended === null || !(await isAgain({ fleet, log }, ended, tries))) return going;
  }
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

/** For how long one of these agents stood still in its last round, at most: what was due then started so late. */
export function heldUpMs(fleet: Fleet, names: readonly string[]): number {
  return Math.max(...names.map((name) => ownRound(fleet, name).latency_ns.schedule_lag.max)) / 1e6;
}

/** Checks that a round is the sum of its agents, and that the target saw as many connections since the log forgot. */
export async function checkExact(t: Test, fleet: Fleet, round: RoundResult, log: AcceptLog): Promise<void> {
  const names = round.agents!.map(({ name }) => name);
  checkRoundByHand(
    t,
    round,
    names.map((name) => ownRound(fleet, name)),
  );
  const expected = established(round) + names.length;
  // The target may tell of the last of them a little later.
  const accepted = await log.until(expected);
  t.equal(accepted.length, expected, 'the target saw them, and one before the run of each agent');
}

/** Checks that all agents are free again and that a next run is exact. */
async function checkNextRun(t: Test, fleet: Fleet, log: AcceptLog): Promise<void> {
  const names = [...fleet.agents.keys()];
  await fleet.untilFree(...names);
  await log.forget();
  let run = await startRun(fleet, log, ['--duration', '1s']).ended;
  for (let tries = 1; await isAgain({ fleet, log }, run, tries); tries++) {
    run = await startRun(fleet, log, ['--duration', '1s']).ended;
  }
  t.equal(run.code, 0, `the next run: ${run.stderr}`);
  const round = roundOf(t, run);
  t.equal(round.attempts.scheduled, RATE, 'the next run has all of its schedule');
  t.strictSame(
    round.agents!.map(({ lost }) => lost),
    names.map(() => null),
    'and all of its agents',
  );
  await checkExact(t, fleet, round, log);
}
