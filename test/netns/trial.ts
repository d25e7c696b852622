/** A fault, a server and a run against it: what both ends say of it afterwards. */
import type { Test } from 'tap';
import type { OwnerCounts } from '../../src/document/outcome.ts';
import type { KernelEvidence } from '../../src/document/kernel-evidence.ts';
import type { RoundResult } from '../../src/document/client.ts';
import type { ServerResult } from '../../src/document/server.ts';
import { clientResult } from '../support/cli.ts';
import type { RunningServer, RunOptions } from '../support/cli.ts';
import { checkIdentities, established } from '../support/identities.ts';
import type { Lab } from './lab.ts';

export interface TrialOptions {
  /** Options of the server. */
  readonly serve?: readonly string[];
  readonly serverProcess?: RunOptions;
  /** Options of the client. */
  readonly load: readonly string[];
  readonly clientProcess?: RunOptions;
  /** Called when the server listens. */
  readonly listening?: (server: RunningServer) => void;
  /** Called when the client has ended. */
  readonly ended?: (server: RunningServer) => void;
  /** Whether the fault is one by which starts are missed. */
  readonly misses?: boolean;
}

/** What the client says. */
export interface Seen {
  readonly round: RoundResult;
  readonly kernel: KernelEvidence;
  /** Connections that the client saw established. */
  readonly established: number;
  readonly exitCode: number | null;
}

export interface Trial extends Seen {
  readonly served: ServerResult;
}

/** On a machine that is held up as each of so many rounds ends, nothing can be counted. */
const TRIES_MAX = 6;

/**
 * Runs one round in the lab, and checks what is true of every result. Again, with counters that begin anew, where a machine that is held
 * up has missed starts.
 */
export async function trial(t: Test, lab: Lab, options: TrialOptions): Promise<Trial> {
  return options.misses === true ? tryOnce(t, lab, options) : inTime(lab, () => tryOnce(t, lab, options));
}

async function inTime<S extends Seen>(lab: Lab, run: () => Promise<S>): Promise<S> {
  for (let tries = 1; ; tries++) {
    const seen = await run();
    if (seen.round.attempts.missed === 0 || tries === TRIES_MAX) return seen;
    lab.resetCounters();
  }
}

async function tryOnce(t: Test, lab: Lab, options: TrialOptions): Promise<Trial> {
  const server = await lab.serve(options.serve, options.serverProcess);
  options.listening?.(server);
  const seen = await load(t, lab, options.load, options.clientProcess);
  options.ended?.(server);
  const served = await server.stop();
  const { accepted, completed, idle_closed: idle, aborted, errors } = served;
  t.equal(accepted, completed + idle + aborted + errorsOf(errors), 'the server accounts for what it accepted');
  return { ...seen, served };
}

/** As `load`, again, with counters that begin anew, where a machine that is held up has missed starts. */
export function loadInTime(t: Test, lab: Lab, args: readonly string[]): Promise<Seen> {
  return inTime(lab, () => load(t, lab, args));
}

/** Runs one round against a server that is there already. */
export async function load(t: Test, lab: Lab, args: readonly string[], options: RunOptions = {}): Promise<Seen> {
  const run = await lab.load(args, options);
  const result = clientResult(run);
  checkIdentities(t, result);
  const round = result.rounds[0]!;
  return { round, kernel: round.kernel!, established: established(round), exitCode: run.code };
}

/** Connections among the errors; the others are of accept and of threads. */
function errorsOf(errors: ServerResult['errors']): number {
  return Object.entries(errors)
    .filter(([name]) => name === 'reset' || name === 'early_eof' || name.startsWith('other_'))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** Reasons that a busy machine has at any time. They are true then, and not what a fault of something else is about. */
const LATE = ['run_queue_wait', 'schedule_lag', 'missed_starts'];

/** What the blame must be. Whatever is left out of it must not be there. */
export interface Blame {
  readonly outcomes: Readonly<Partial<RoundResult['outcomes']>>;
  readonly errno?: Readonly<Record<string, number>>;
  readonly owners?: Partial<OwnerCounts>;
  /** Status, then the codes of its reasons. */
  readonly verdict: readonly string[];
  readonly findings?: readonly string[];
}

export function checkBlame(t: Test, { round }: Seen, blame: Blame): void {
  const happened = Object.fromEntries(Object.entries(round.outcomes).filter(([, count]) => count > 0));
  t.strictSame(happened, blame.outcomes, 'outcomes');
  t.strictSame(round.errno, blame.errno ?? {}, 'error numbers');
  const nobody = { generator: 0, network: 0, target: 0, unattributed: 0 };
  t.strictSame(round.owners, { ...nobody, ...blame.owners }, 'owners');
  const codes = round.verdict.reasons.map(({ code }) => code).filter((code) => !LATE.includes(code));
  const status = codes.length === 0 ? 'valid' : round.verdict.status;
  t.strictSame([status, ...codes], blame.verdict, 'verdict', { found: round.verdict });
  t.strictSame(
    // What else runs on the machine of the tests.
    round.findings.map(({ code }) => code).filter((code) => code !== 'cores_busy'),
    blame.findings ?? [],
    'findings',
  );
}
