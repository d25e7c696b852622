/** Whether the source ports that earlier trials left in TIME_WAIT leave enough for the next one. */

export interface PortBudget {
  /** Over all source addresses. */
  readonly ports: number;
  /** The time until a port can be used again. */
  readonly reuseDelayNs: number;
}

/** A trial that is over. */
export interface PortUse {
  readonly started: number;
  readonly endNs: number;
}

/** How many ports a trial needs at a time. In a trial that is longer than their rest, ports are used again. */
export function portsNeeded(ratePerSec: number, durationNs: number, { reuseDelayNs }: PortBudget): number {
  return Math.ceil((ratePerSec * Math.min(durationNs, reuseDelayNs)) / 1e9);
}

/**
 * How long to wait, from `nowNs`, until `needed` ports are free. 0 also where there are not as many at all: waiting would not
 * help, and the trial will say what is missing.
 */
export function waitForPortsNs(budget: PortBudget, uses: readonly PortUse[], needed: number, nowNs: number): number {
  if (needed > budget.ports) return 0;
  const resting = uses.filter(({ endNs }) => endNs + budget.reuseDelayNs > nowNs).sort((a, b) => a.endNs - b.endNs);
  let taken = resting.reduce((sum, { started }) => sum + Math.min(started, budget.ports), 0);
  let waitNs = 0;
  for (const { started, endNs } of resting) {
    if (taken + needed <= budget.ports) break;
    taken -= Math.min(started, budget.ports);
    waitNs = endNs + budget.reuseDelayNs - nowNs;
  }
  return waitNs;
}
