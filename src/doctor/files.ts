/** Open files: the limit of this process, the user's own limit, and the system's. */
import { FDS_RESERVED, IN_FLIGHT_MAX } from '../plan/demand/open-files.ts';
import { formatCount } from '../units/format.ts';
import { atLeast, seconds, unknown, type CheckResult } from './check.ts';
import type { QuickFacts } from './facts.ts';
import { asRoot, sysctlAtLeast, type CheckRow, type Situation } from './situation.ts';

export const FILE_CHECKS: readonly CheckRow<QuickFacts>[] = [
  {
    id: 'open_files',
    of: 'sockets',
    compares: 'the limit of open files with rate × (--hold + --timeout)',
    check: openFiles,
  },
  { id: 'in_flight', compares: '--max-in-flight with rate × (--hold + --timeout)', check: inFlight },
];

export const SYSTEM_FILE_CHECKS: readonly CheckRow[] = [
  {
    id: 'file_max',
    of: 'sockets',
    compares: 'the open files of all processes together with what the plan adds',
    check: fileMax,
  },
];

function openFiles(situation: Situation<QuickFacts>): CheckResult {
  const { plan, facts, demand, affordable, maxInFlightGiven } = situation;
  if (facts.fdLimit === undefined) return unknown('The limit of open files (/proc/self/limits) cannot be read.');
  const value = Math.max(0, affordable);
  // What does not fit is refused by the client before it starts.
  const least = Math.max(demand.open.least, maxInFlightGiven ?? 1, 1);
  const most = Math.max(least, Math.min(demand.open.most, maxInFlightGiven ?? Infinity));
  const limit = `Connections that can be open at the same time with a limit of ${formatCount(facts.fdLimit)} open files`;
  const fix = filesFix(facts, (least > value ? least : most) + FDS_RESERVED);
  if (least > value) {
    return { status: 'problem', value, needed: least, why: `${limit}; the plan has more of them.`, fix };
  }
  if (most > value) {
    const ratePerSec = demand.ratePerSec ?? 1;
    const patience = seconds(Math.max(0, (value / ratePerSec) * 1e9 - plan.holdNs));
    const why = `${limit}: enough while the target takes less than ${patience} for an exchange, not if each takes its --timeout.`;
    return { status: 'warning', value, needed: most, why, fix };
  }
  return {
    status: 'ok',
    value,
    needed: most,
    why: `${limit}; needed if every connection took its --timeout.`,
    fix: null,
  };
}

/** Node has raised the soft limit to the hard one, so more of it takes a privilege. */
function filesFix(facts: QuickFacts, files: number): string {
  const { isRoot, mayRaiseLimits } = facts.privilege;
  if (isRoot && !mayRaiseLimits) {
    return `start the container with --ulimit nofile=${files}:${files}, or the service with LimitNOFILE=${files}`;
  }
  const most = facts.sysctl('fs.nr_open');
  const room = most !== undefined && files > most ? `${asRoot(`sysctl -w fs.nr_open=${files}`, facts)} && ` : '';
  // The shell that this is typed into is what passes the limit on.
  return room + (mayRaiseLimits ? `ulimit -n ${files}` : `sudo prlimit --pid $$ --nofile=${files}:${files}`);
}

function inFlight({ plan, demand, maxInFlightGiven, affordable }: Situation<QuickFacts>): CheckResult {
  const isBound = demand.hasClosedLoop || plan.packet !== null;
  const limit = maxInFlightGiven ?? (isBound ? plan.maxInFlight : null);
  if (limit === null) {
    const value = Math.max(0, Math.min(plan.maxInFlight, affordable));
    return {
      status: 'ok',
      value,
      needed: null,
      why: 'No --max-in-flight was given, so open files are the limit.',
      fix: null,
    };
  }
  const needed = demand.open.least;
  const why = 'Starts that are due while --max-in-flight are open are missed; a held connection counts.';
  const fix = needed > IN_FLIGHT_MAX ? 'a shorter --hold, or a lower --rate' : `--max-in-flight ${needed}`;
  return atLeast(limit, needed, 'problem', why, fix);
}

/** What is shown for a limit that is none. */
const BEYOND_COUNTING = 2 ** 50;

function fileMax({ facts, demand }: Situation): CheckResult {
  const key = 'fs.file-max';
  const max = facts.sysctl(key);
  if (max === undefined || facts.filesInUse === undefined) return unknown(`${key} or fs.file-nr cannot be read.`);
  // A target on this machine has an open file for each connection too.
  const ends = facts.isTargetLocal ? 2 : 1;
  const needed = Math.max(1, demand.open.most) * ends;
  const why = 'Files that all processes together may still open.';
  if (max > BEYOND_COUNTING) return { status: 'ok', value: 'unlimited', needed, why, fix: null };
  const free = max - facts.filesInUse;
  const status = demand.open.least * ends > free ? 'problem' : 'warning';
  return sysctlAtLeast(key, { value: free, needed, status, set: facts.filesInUse + needed }, why, facts);
}
