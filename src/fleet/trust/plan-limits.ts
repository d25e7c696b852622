/** What an agent lets an order do, whichever key has signed it: targets, rates, times. The agent checks it before anything is sent. */
import {
  LOOPBACK_TARGETS,
  allowsTarget,
  formatAllowedTarget,
  optionToAllow,
  type AllowedTarget,
} from '../../plan/address/allowed-targets.ts';
import type { PlanLimits, Refusal } from '../protocol.ts';
import { formatHostPort } from '../../plan/address/address.ts';
import { peakPerSec, roundDurationNs } from '../../plan/load/offer.ts';
import type { RoundRate } from '../../plan/plan.ts';
import { roundsLeftNs, type RoundTimes } from '../../plan/load/round-time.ts';
import { partOf, type Share } from '../../plan/fleet/share.ts';
import { formatPerSec } from '../../units/format.ts';
import { NS_PER_MS, formatDuration } from '../../units/quantity.ts';

/** The limits of an agent, parsed. */
export interface OwnLimits {
  readonly targets: readonly AllowedTarget[];
  /** Null: as many as the machine can. */
  readonly maxRatePerSec: number | null;
  readonly maxDurationNs: number;
}

/** What of a plan is held against the limits. */
export interface LimitedPlan extends RoundTimes {
  readonly host: string;
  readonly target: { readonly address: string; readonly port: number };
  readonly probeRatePerSec?: number | null;
}

/** How an order adds to its plan. */
export interface Ordered {
  readonly share: Share;
  /** Where trials find the rates: the highest. Null where the plan says them. */
  readonly trialsUpToPerSec: number | null;
}

/** The most rounds of a plan. */
export const ROUNDS_MAX = 1000;

/** Returns the limits as an agent tells them. */
export function describeLimits({ targets, maxRatePerSec, maxDurationNs }: OwnLimits): PlanLimits {
  return { targets: targets.map(formatAllowedTarget), maxRatePerSec, maxDurationNs };
}

/** Holds a plan against the limits of an agent. Returns why the agent does not run it; null where it may. */
export function refusePlan(plan: LimitedPlan, limits: OwnLimits, { share, trialsUpToPerSec }: Ordered): Refusal | null {
  const rates = trialsUpToPerSec === null ? plan.rates : [trialsUpToPerSec];
  if (rates.length > ROUNDS_MAX)
    return over(`the plan has ${rates.length} rounds, and an agent runs at most ${ROUNDS_MAX}`, 'fewer rounds');
  // Trials end when they end: their time is held against the limit round by round.
  const durationNs = trialsUpToPerSec === null ? roundsLeftNs(plan, 0) : null;
  return (
    refuseTarget(plan, limits) ??
    firstOf(rates, (rate) => refuseRate(rate, share, plan.probeRatePerSec ?? 0, limits)) ??
    (durationNs !== null && durationNs > limits.maxDurationNs
      ? over(`the plan takes ${seconds(durationNs)}, and ${mostTime(limits)}`, SHORTER)
      : null)
  );
}

/** The time and the rates of a run, round by round: an order may say others than the plan has. */
export class RunLimits {
  /** Until when the run may go on, on the clock of `nowNs`. */
  readonly endNs: bigint;
  readonly #plan: LimitedPlan;
  readonly #limits: OwnLimits;
  readonly #share: Share;
  readonly #nowNs: () => bigint;

  /** The run begins now. `nowNs`: the time on a monotonic clock. */
  constructor(plan: LimitedPlan, limits: OwnLimits, share: Share, nowNs: () => bigint) {
    this.#plan = plan;
    this.#limits = limits;
    this.#share = share;
    this.#nowNs = nowNs;
    this.endNs = nowNs() + BigInt(Math.ceil(limits.maxDurationNs));
  }

  /** Returns why the agent does not run a round; null where it may. Null fields are as the plan says. */
  refuseRound(rate: RoundRate, durationNs: number | null, exchangePerSec: number | null): Refusal | null {
    const { rampUpNs = 0, warmupNs, rampDownNs = 0, holdNs = 0, count = null } = this.#plan;
    const refused =
      refuseRate(rate, this.#share, this.#plan.probeRatePerSec ?? 0, this.#limits) ??
      (exchangePerSec === null ? null : refuseRate(exchangePerSec, this.#share, 0, this.#limits));
    if (refused !== null) return refused;
    const isOpenEnded = durationNs === null && count !== null && rate === 'max';
    const ownNs = isOpenEnded ? 0 : (durationNs ?? roundDurationNs({ count, durationNs: this.#plan.durationNs }, rate));
    const needsNs = rampUpNs + warmupNs + ownNs + rampDownNs + holdNs;
    const leftNs = Math.max(0, Number(this.endNs - this.#nowNs()));
    if (needsNs <= leftNs) return null;
    return over(
      `the next round takes ${seconds(needsNs)}, ${seconds(leftNs)} of the run are left, and ${mostTime(this.#limits)}`,
      SHORTER,
    );
  }
}

function refuseTarget({ host, target }: LimitedPlan, { targets }: OwnLimits): Refusal | null {
  const { address, port } = target;
  if (allowsTarget(targets, address, port)) return null;
  const place = formatHostPort(host, port);
  const resolved = host === address ? place : `${place} is ${formatHostPort(address, port)} here, which`;
  const listed = targets.map(formatAllowedTarget).join(' ');
  const only = targets === LOOPBACK_TARGETS ? 'itself alone' : listed;
  return {
    code: 'not_allowed',
    message: `${resolved} is no target of this agent: it may aim at ${only}`,
    hint: `to allow it, start the agent with ${optionToAllow(address, port)}`,
  };
}

function refuseRate(rate: RoundRate, share: Share, besidePerSec: number, limits: OwnLimits): Refusal | null {
  const { maxRatePerSec } = limits;
  if (maxRatePerSec === null) return null;
  const most = `this agent starts at most ${formatPerSec(maxRatePerSec)} (its --max-rate)`;
  const peak = peakPerSec(rate);
  if (peak === null) return over(`the plan has --rate max, and ${most}`, LOWER_RATE);
  const ownPerSec = (peak + besidePerSec) * partOf(share);
  // A rate and a share are not exact in binary.
  if (ownPerSec <= maxRatePerSec * (1 + 1e-9)) return null;
  const probe = besidePerSec === 0 ? '' : ', its probe included';
  return over(`the share of this agent is ${formatPerSec(ownPerSec)}${probe}, and ${most}`, LOWER_RATE);
}

function mostTime({ maxDurationNs }: OwnLimits): string {
  return `this agent runs for at most ${formatDuration(maxDurationNs)} (its --max-duration)`;
}

function seconds(durationNs: number): string {
  return formatDuration(Math.ceil(durationNs / NS_PER_MS) * NS_PER_MS);
}

const LOWER_RATE = 'a lower rate, a smaller --share, or a higher --max-rate of the agent';
const SHORTER = 'a shorter run, or a longer --max-duration of the agent';

function over(message: string, hint: string): Refusal {
  return { code: 'over_limit', message, hint };
}

function firstOf<T>(list: readonly T[], refuse: (each: T) => Refusal | null): Refusal | null {
  for (const each of list) {
    const refused = refuse(each);
    if (refused !== null) return refused;
  }
  return null;
}
