/** When a round is not the target's figure, and what to do. The reference page of verdicts is made from the table. */
import { formatCount, formatCountOf, formatLatency, formatPerSec, formatShare } from '../../units/format.ts';
import { nothingEstablished, otherFamilyAdvice, portAdvice, wayBackAdvice, waysOut } from '../advice.ts';
import { CORES_BUSY, coresBusyReason } from '../busy-cores.ts';
import type { RoundFacts, WorkerDeath } from '../facts.ts';
import { agentRules, hasWhole, ofOneMachine, tellsAll } from './agents.ts';
import { PACKET_RULES } from './packet.ts';
import { PROCESS_STOPPED, wasStopped } from './stopped.ts';
import { type Applied, MISSED_SHARE_LIMIT, type Rule } from '../verdict.ts';
import { kernelValue } from '../kernel-sentences.ts';
import { FD_EXHAUSTED, SINK_FAILED, SOURCE_EXHAUSTED } from '../../document/outcome.ts';
import { SCHEDULE_LAG, TOTAL } from '../../count/load.ts';
import type { WorkerResult } from '../../document/client.ts';
import type { LoadTally } from '../../count/load.ts';

/** Starts that are this late are late at any rate. */
const LAG_LIMIT_NS = 10e6;
/** A p99 like this is a turn of another thread or a garbage collection now and then, which every machine has. */
const LAG_FLOOR_NS = 5e6;
/** A start this many intervals late goes out in a burst with as many others, which is not the rate that was asked for. */
const LAG_INTERVALS = 10;
/** The share of late exchanges, in a round in stages, from which the round is not at its rate. */
const LATE_EXCHANGES_MAX = 0.01;
/** The number of batch waits up to which a start is not late. */
const LAG_BATCHES = 5;
/** A thread that is on its core, or waits for one, for this share of the time has no time left. */
const SATURATED_SHARE = 0.9;
/** A pacing thread that stands in the queue for a core for this share of the time is late by what others do. */
const WAIT_SHARE = 0.25;
/** The share of the time from which a thread that waits for a core longer than it runs is short of processor time. A thread alone on its core waits a fraction of that. */
const WAIT_SHARE_BEYOND_RUN = 0.02;
/** Two workers with the same share of the schedule: one is slowed down where it needs less than this part of the other's time. */
const UNEVEN_PART = 0.5;
/** The share of the time from which waits matter, however long connections take. */
const WAIT_SHARE_ALWAYS = 0.1;
/** Below, it does if the waits are this part of the time that connections took: each is some connection's, at most. */
const WAIT_PART_OF_TOTAL = 0.2;
/** The share of the time that a quota stops the generator for; less shows in no percentile. */
const THROTTLED_SHARE = 0.01;
/** Shares over less time than this are chance. */
const ELAPSED_AT_LEAST_USEC = 500_000;

/** Attempts that this machine could start. */
function sentToTarget({ started, outcomes }: LoadTally): number {
  return started - outcomes[SOURCE_EXHAUSTED]! - outcomes[FD_EXHAUSTED]!;
}

/** How late the p99 may be: the closer the starts, the less. */
export function lagLimitNs({
  offeredRatePerSec,
  workers,
  batchNs,
}: Pick<RoundFacts, 'offeredRatePerSec' | 'batchNs'> & { readonly workers: readonly unknown[] }): number {
  const intervalNs = ((offeredRatePerSec === null ? 0 : 1e9 / offeredRatePerSec) || 0) * Math.max(1, workers.length);
  return Math.min(LAG_LIMIT_NS, Math.max(LAG_FLOOR_NS, LAG_INTERVALS * intervalNs, LAG_BATCHES * batchNs));
}

/** The rules for a round that one machine measured. */
const MACHINE_RULES: readonly Rule<RoundFacts>[] = [
  {
    code: 'nothing_started',
    status: 'invalid',
    when: 'No attempt was started. Where the run was stopped before that, the sentence says so.',
    remedy: 'Make the round longer or the rate higher, or let it run.',
    applies: ({ tally, isStopped, agents, workersDied, workers, death }) => {
      if (tally.started > 0 || !tellsAll(agents)) return undefined;
      if (workersDied > 0)
        return { message: `No connection was started: ${threadsDied(workersDied, workers.length, death)}.` };
      if (isStopped) return { message: 'The run was stopped before its first measured connection was started.' };
      return {
        message: 'No connection was started, so nothing was measured: make the round longer or the rate higher.',
      };
    },
  },
  {
    code: 'nothing_established',
    status: 'invalid',
    when: 'Attempts left this machine, and no connection was established. The sentence says what happened to them.',
    remedy: 'Check that a server listens there, and the way to it.',
    applies: ({ tally, target, timeoutNs, packet, agents }) =>
      sentToTarget(tally) > 0 && tally.established === 0 && (tellsAll(agents) || hasWhole(agents))
        ? {
            message: `No connection to ${target.label} was established${nothingEstablished(tally, timeoutNs, agents !== undefined)}${otherFamilyAdvice(target.otherAddress)}${wayBackAdvice(packet)}`,
          }
        : undefined,
  },
  {
    code: 'worker_died',
    status: 'generator_limited',
    when: 'A pacing thread died during the round (`error` says why). What was due on it after that is missed.',
    remedy: 'Run it again, and report the error.',
    applies: ({ workers, workersDied, death }) => {
      if (workersDied === 0) return undefined;
      const missed = death?.missed ?? 0;
      const was = missed === 1 ? 'was' : 'were';
      const effect =
        missed === 0
          ? 'the load was lower after that'
          : `${formatCountOf(missed, 'start')} due after that ${was} missed`;
      return {
        message: `${threadsDied(workersDied, workers.length, death)}: ${effect}. Run it again.`,
        ...(missed > 0 ? { evidence: { missed } } : {}),
      };
    },
  },
  {
    code: 'nothing_sent',
    status: 'invalid',
    when: 'No attempt left this machine.',
    remedy: 'See the reasons beside it.',
    applies: ({ tally, agents }) =>
      tally.started > 0 && sentToTarget(tally) === 0
        ? {
            message: `No connection attempt left ${agents === undefined ? 'this machine' : 'the machines of the agents'}, so nothing was measured of the target: see the other reasons.`,
          }
        : undefined,
  },
  {
    code: 'source_exhausted',
    status: 'generator_limited',
    when: 'Starts found no free source port.',
    remedy:
      'Use more ports or addresses (--source-ports most, --source). The sentence names only what helps in this run.',
    applies: ({ tally, ports }) => {
      const count = tally.outcomes[SOURCE_EXHAUSTED]!;
      if (count === 0) return undefined;
      return {
        message: `${formatCount(count)} starts found no free source port: ${portAdvice(ports)}.`,
        evidence: { source_exhausted: count, port_reuse_delay_sec: ports.reuseDelayNs / 1e9 },
      };
    },
  },
  {
    code: 'fd_exhausted',
    status: 'generator_limited',
    when: 'Starts found no free file descriptor.',
    remedy: 'Raise the limit of open files (ulimit -n).',
    applies: ({ tally }) => {
      const count = tally.outcomes[FD_EXHAUSTED]!;
      return count > 0
        ? {
            message: `${formatCount(count)} starts found no free file descriptor: raise the limit (ulimit -n).`,
            evidence: { fd_exhausted: count },
          }
        : undefined;
    },
  },
  {
    code: 'sink_failed',
    status: 'generator_limited',
    when: 'Responses could not be kept: no memory, or a full disk (see `errno`).',
    remedy: 'Use another --sink, a smaller --max-memory or a directory with more room.',
    applies: ({ tally }) => {
      const count = tally.outcomes[SINK_FAILED]!;
      return count > 0
        ? {
            message: `${formatCount(count)} responses could not be kept (no memory, a full disk; see errno): take another --sink, a smaller --max-memory or a roomier directory, or fewer connections (--max-in-flight).`,
            evidence: { sink_failed: count },
          }
        : undefined;
    },
  },
  {
    code: 'in_flight_limit',
    status: 'generator_limited',
    when: 'Starts were missed while --max-in-flight connections were open. With several workers each has its share of the limit.',
    remedy:
      'Raise --max-in-flight, or ulimit -n where that is the limit. If connections still pile up, the target answers slowly.',
    applies: ({ tally, maxInFlight, isFdBound }) => {
      if (tally.missedFull === 0) return undefined;
      const wayOut = isFdBound
        ? 'that is what the limit of open files allows; raise it (ulimit -n)'
        : 'raise --max-in-flight';
      return {
        message: `${formatCountOf(tally.missedFull, 'start')} ${tally.missedFull === 1 ? 'was' : 'were'} missed because ${formatCountOf(maxInFlight, 'connection')} ${maxInFlight === 1 ? 'was' : 'were'} open: ${wayOut}, or shorten --timeout or --hold.`,
        evidence: { missed: tally.missedFull, max_in_flight: maxInFlight },
      };
    },
  },
  PROCESS_STOPPED,
  {
    code: 'missed_starts',
    status: 'generator_limited',
    when: 'More than 0.01 % of the starts were missed because this machine was too late.',
    remedy: 'Lower --rate or add --workers.',
    applies: (facts) => {
      const { tally, death } = facts;
      const late = tally.missed - tally.missedFull - (death?.missed ?? 0);
      if (wasStopped(facts) || late <= tally.scheduled * MISSED_SHARE_LIMIT) return undefined;
      return {
        message: `${formatCount(late)} of ${formatCount(tally.scheduled)} starts did not happen in time: this machine cannot keep up; ${waysOut(facts, 'add --workers', 'use more cores or machines')}.`,
        evidence: { missed: late, scheduled: tally.scheduled },
      };
    },
  },
  {
    code: 'schedule_lag',
    status: 'generator_limited',
    when: 'The p99 of the schedule lag is more than ten intervals between the starts of a worker (5 ms at least, 10 ms at most).',
    remedy: 'Lower --rate, add --workers or stop what else runs here.',
    applies: (facts) => {
      if (facts.offeredRatePerSec === null || wasStopped(facts)) return undefined;
      const { p99 } = facts.tally.latency[SCHEDULE_LAG]!.summary();
      const limitNs = lagLimitNs(facts);
      if (p99 <= limitNs) return undefined;
      return {
        message: `One start in a hundred was more than ${formatLatency(p99)} late, where ${formatPerSec(facts.offeredRatePerSec)} allows ${formatLatency(limitNs)}: this machine cannot keep the schedule; ${waysOut(facts, 'add --workers', 'stop what else runs here')}.`,
        evidence: { p99_ns: p99, limit_ns: limitNs },
      };
    },
  },
  {
    code: 'exchanges_late',
    status: 'generator_limited',
    when: 'In stages: more than 1 % of the exchanges began 10 ms late or more.',
    remedy: 'Lower the rate, or stop what else runs here.',
    applies: ({ tally }) => {
      if (tally.exchangesLate <= tally.established * LATE_EXCHANGES_MAX) return undefined;
      return {
        message: `${formatCount(tally.exchangesLate)} of ${formatCount(tally.established)} exchanges began 10 ms late or more: this machine cannot keep their rate; lower it, or stop what else runs here.`,
        evidence: { exchanges_late: tally.exchangesLate, established: tally.established },
      };
    },
  },
  {
    code: 'rate_not_reached',
    status: 'generator_limited',
    when: 'More than 1 % of the starts were missed, and half of the starts were later than half of the connections took.',
    remedy: 'Lower --rate, or use more cores or machines.',
    applies: rateNotReached,
  },
  {
    code: 'pacing_saturated',
    status: 'generator_limited',
    when: 'A pacing thread ran, or waited to run, for 90 % of the time; also with --rate max.',
    remedy: 'Add --workers, or use more cores or machines.',
    applies: pacingSaturated,
  },
  {
    code: 'cpu_throttled',
    status: 'generator_limited',
    when: 'The CPU quota of the control group of this process stopped it for 1 % of the time.',
    remedy: 'Raise the quota (cpu.max).',
    applies: cpuThrottled,
  },
  {
    code: 'run_queue_wait',
    status: 'generator_limited',
    when: 'A pacing thread was ready to run but had no core for 25 % of the time; or for longer than it ran, and that for 10 %, or for 2 % and a fifth of the time that connections took. No quota stopped it.',
    remedy: 'Stop what else runs here, or give conngen cores of its own (taskset, cpuset).',
    applies: runQueueWait,
  },
  {
    code: 'workers_uneven',
    status: 'generator_limited',
    when: 'A worker had no time left while another one needed less than half of that.',
    remedy: 'Look at what runs on its core (top -H).',
    applies: workersUneven,
  },
  {
    code: CORES_BUSY,
    status: 'generator_limited',
    when: 'More than 0.1 % of the attempts failed at a target with an address of this machine, and the cores were busy for 95 % of the time, everything that runs here taken together.',
    remedy: 'Use two machines, or stop what else runs here.',
    applies: coresBusyReason,
  },
  {
    code: 'conntrack_full',
    status: 'generator_limited',
    when: 'The connection tracking of this machine dropped packets.',
    remedy: 'Raise net.netfilter.nf_conntrack_max, or exempt the traffic (notrack).',
    applies: ({ kernel }) => {
      const drop = kernelValue(kernel, 'conntrack.drop') ?? 0;
      if (drop === 0) return undefined;
      const max = kernelValue(kernel, 'conntrack.max');
      const size = max === undefined ? '' : ` (${formatCount(max)} entries)`;
      return {
        message: `This machine's own connection tracking${size} dropped ${formatCount(drop)} packets: what timed out may never have left; raise net.netfilter.nf_conntrack_max, or exempt the traffic (notrack).`,
        evidence: { conntrack_drop: drop, ...(max === undefined ? {} : { conntrack_max: max }) },
      };
    },
  },
  ...PACKET_RULES,
];

const AGENTS = { agentsOf: ({ agents }: RoundFacts) => agents, noun: 'attempt' } as const;

/** The rules for a round of connections, in the order of reports. */
export const CLIENT_RULES: readonly Rule<RoundFacts>[] = [
  ...ofOneMachine(MACHINE_RULES, AGENTS),
  ...agentRules(AGENTS),
];

function threadsDied(died: number, threads: number, death: WorkerDeath | undefined): string {
  const cause = death === undefined ? '' : ` (${death.cause})`;
  return `${formatCount(died)} of ${formatCount(threads)} pacing threads died during the round${cause}`;
}

/** Starts came late while connections, once started, were done sooner than that: the time was lost on this side. */
function rateNotReached(facts: RoundFacts): Applied | undefined {
  const { tally, offeredRatePerSec } = facts;
  if (offeredRatePerSec === null || tally.scheduled === 0 || tally.ok === 0 || wasStopped(facts)) return undefined;
  const lag = tally.latency[SCHEDULE_LAG]!.summary();
  const total = tally.latency[TOTAL]!.summary();
  if (tally.started >= tally.scheduled * 0.99 || tally.ok < tally.started * 0.99) return undefined;
  if (lag.p50 <= total.p50 || lag.p50 <= LAG_FLOOR_NS) return undefined;
  return {
    message: `Half of the starts were more than ${formatLatency(lag.p50)} late, while half of the connections were done ${formatLatency(total.p50)} after their start: more time was lost on this machine, before the start, than after it; ${waysOut(facts, 'use more cores or machines')}.`,
    evidence: { lag_p50_ns: lag.p50, total_p50_ns: total.p50, started: tally.started, scheduled: tally.scheduled },
  };
}

interface Load {
  readonly worker: number;
  /** Shares of the time: on a core, and ready to run without one. */
  readonly cpu: number;
  readonly wait: number;
}

/** The load of each worker, as far as the kernel tells it, the highest first. */
function loadsOf(workers: readonly WorkerResult[]): Load[] {
  const loads = workers.flatMap(({ cpu_usec: cpu, run_queue_wait_usec: wait = 0, elapsed_usec: elapsed }, worker) =>
    cpu === undefined || elapsed === undefined || elapsed < ELAPSED_AT_LEAST_USEC
      ? []
      : [{ worker, cpu: cpu / elapsed, wait: wait / elapsed }],
  );
  return loads.sort((a, b) => b.cpu + b.wait - a.cpu - a.wait);
}

function loadEvidence({ worker, cpu, wait }: Load): Record<string, number> {
  const share = (value: number): number => Math.round(value * 1000) / 1000;
  return { worker, cpu_share: share(cpu), run_queue_wait_share: share(wait) };
}

function pacingSaturated(facts: RoundFacts): Applied | undefined {
  const { workers } = facts;
  const [load] = loadsOf(workers);
  // What waits for others as much as it works is the next rule's.
  if (load === undefined || load.cpu + load.wait < SATURATED_SHARE || load.wait > load.cpu / 2) return undefined;
  const share = formatShare(Math.min(1, load.cpu + load.wait), 1);
  return {
    message: `Pacing thread ${load.worker} had work for ${share} of the time, all that a core has: the rate is what this machine can do, not the target; ${waysOut(facts, 'add --workers', 'use more cores or machines')}.`,
    evidence: loadEvidence(load),
  };
}

function cpuThrottled(facts: RoundFacts): Applied | undefined {
  const { kernel, workers } = facts;
  const usec = kernelValue(kernel, 'cgroup.throttled_usec') ?? 0;
  const elapsedUsec = Math.max(0, ...workers.map(({ elapsed_usec: elapsed = 0 }) => elapsed));
  if (usec === 0 || usec < elapsedUsec * THROTTLED_SHARE) return undefined;
  const count = kernelValue(kernel, 'cgroup.throttled') ?? 0;
  return {
    message: `A CPU quota stopped this process's control group ${formatCount(count)} times, for ${formatLatency(usec * 1e3)} in all: what was due or came back then had to wait; ${waysOut(facts, 'raise the quota (cpu.max)')}.`,
    evidence: { throttled: count, throttled_usec: usec },
  };
}

function runQueueWait(facts: RoundFacts): Applied | undefined {
  // A thread that a quota stopped waits for a core too, but not because of another thread.
  if (cpuThrottled(facts) !== undefined) return undefined;
  const load = loadsOf(facts.workers).sort((a, b) => b.wait - a.wait)[0];
  if (load === undefined || !isWaitLong(load, facts)) return undefined;
  return {
    message: `Pacing thread ${load.worker} was ready to run but had no core for ${formatShare(load.wait, 1)} of the time (it ran for ${formatShare(load.cpu, 1)}): other work on this machine delayed it; stop what else runs here, or give conngen cores of its own (taskset, cpuset).`,
    evidence: loadEvidence(load),
  };
}

/** At low rates a thread runs so little that the usual work of any machine makes it wait for longer than it runs. */
function isWaitLong({ worker, cpu, wait }: Load, { tally, workers }: RoundFacts): boolean {
  if (wait >= WAIT_SHARE) return true;
  if (wait <= cpu || wait < WAIT_SHARE_BEYOND_RUN) return false;
  if (wait >= WAIT_SHARE_ALWAYS) return true;
  const { count, mean } = tally.latency[TOTAL]!.summary();
  const { run_queue_wait_usec: waitUsec = 0, started } = workers[worker]!;
  return count === 0 || waitUsec * 1e3 >= started * mean * WAIT_PART_OF_TOTAL;
}

function workersUneven({ workers }: RoundFacts): Applied | undefined {
  const loads = loadsOf(workers);
  const most = loads[0];
  const least = loads.at(-1);
  if (most === undefined || least === undefined || most.cpu + most.wait < SATURATED_SHARE) return undefined;
  if (least.cpu + least.wait >= (most.cpu + most.wait) * UNEVEN_PART) return undefined;
  return {
    message: `Worker ${most.worker} had no time left (${formatShare(Math.min(1, most.cpu + most.wait), 1)} of a core) while worker ${least.worker} needed ${formatShare(least.cpu + least.wait, 1)}: they share the schedule evenly, so something holds one of them up; look at what runs on its core (top -H).`,
    evidence: { ...loadEvidence(most), least_worker: least.worker, least_cpu_share: least.cpu },
  };
}
