/**
 * Cores of this machine that had no time left. One rule for `client`, `search` and `saturate`: the generator's own delays are measured
 * (schedule lag, waits for a core, quotas) and have rules of their own. Beyond them, busy cores matter to a target that shares them.
 */
import { formatCount, formatLatency, formatShare } from '../units/format.ts';
import type { Finding } from '../document/common.ts';
import type { RoundFacts } from './facts.ts';
import type { Applied } from './verdict.ts';

/** The code of the reason and of the finding. */
export const CORES_BUSY = 'cores_busy';

/** The share of the time from which cores have no time left. */
const BUSY_SHARE = 0.95;
/** The share of attempts that may fail: the loss that a search allows where no goal is given. */
const FAILED_SHARE = 0.001;
/** The part of a latency up to which the delays of this machine do not decide whether it is too long. */
const OWN_DELAY_PART = 0.2;

/** What goals a round missed. `time`: of latencies, or other figures to which delays of this machine add. */
export type Missed = 'none' | 'counts' | 'time';

/** Where the target is, and how late this machine was beside how long connections took. */
interface Surroundings {
  readonly isLocal: boolean;
  readonly lagP99Ns: number;
  readonly totalP99Ns: number;
}

/**
 * Whether what a round missed may be the doing of this machine, given that its cores were busy. A target with an address of this machine
 * shares the cores. Of another target, a loss is no delay of this machine, and a latency only where this machine was late itself.
 */
export function mayBeOurs(missed: Missed, { isLocal, lagP99Ns, totalP99Ns }: Surroundings): boolean {
  if (missed === 'none') return false;
  return isLocal || (missed === 'time' && lagP99Ns > totalP99Ns * OWN_DELAY_PART);
}

/** The reason of a verdict: attempts failed at a target that shares the busy cores. */
export function coresBusyReason(facts: RoundFacts): Applied | undefined {
  const { coresBusy, target } = facts;
  if (!areBusy(coresBusy) || !hasFailures(facts) || !target.isLocal) return undefined;
  return { message: sharedCores(coresBusy), evidence: { busy_share: roundedShare(coresBusy) } };
}

/** The finding: the cores were busy, which is no reason of the verdict, and attempts failed or a goal may be missed. */
export function coresBusyFinding(facts: RoundFacts): Finding | undefined {
  const { coresBusy, target, isTrial, tally } = facts;
  if (!areBusy(coresBusy) || coresBusyReason(facts) !== undefined) return undefined;
  if (!isTrial && !hasFailures(facts)) return undefined;
  const evidence = { busy_share: roundedShare(coresBusy) };
  if (target.isLocal) return { code: CORES_BUSY, message: sharedCores(coresBusy), evidence };
  const lag = tally.latencySummaries().schedule_lag;
  const late = lag.count === 0 ? '' : `, 99 % of them within ${formatLatency(lag.p99)} of their time`;
  return {
    code: CORES_BUSY,
    message: `The cores of this machine were busy for ${formatShare(coresBusy, 1)} of the time, everything that runs here taken together. conngen started ${formatCount(tally.started)} of ${formatCount(tally.scheduled)} connections${late}. If ${target.label}, or a device on the way, runs on this machine too (container, virtual machine, network namespace), it had to wait for a core as well.`,
    evidence,
  };
}

function areBusy(share: number | undefined): share is number {
  return share !== undefined && share >= BUSY_SHARE;
}

function hasFailures({ tally }: RoundFacts): boolean {
  return tally.failed > tally.started * FAILED_SHARE;
}

function sharedCores(share: number): string {
  return `The cores of this machine, which the target shares, had no time left (busy for ${formatShare(share, 1)} of the time): what failed or came late is not the target's alone. Use two machines, or stop what else runs here.`;
}

function roundedShare(share: number): number {
  return Math.round(share * 1000) / 1000;
}
