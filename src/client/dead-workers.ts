/** The part of a round that fell to workers that died: what they had counted, what they had open, and what was due on them after that. */
import type { LoadRound } from '../count/load.ts';
import type { WorkerDeath } from '../judge/facts.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { scheduleOf } from '../schedule/round-schedule.ts';
import { Turns } from '../schedule/turns.ts';
import type { WorkerPool } from './worker-pool.ts';
import type { RoundOrder } from './worker-protocol.ts';

/** What is missed is counted in steps of a second, or of several where there would be more steps than these. */
const STEPS_MAX = 600;

/** A round whose workers have all ended it or died. Times are on the run's clock. */
export interface EndedRound {
  readonly pool: Pick<WorkerPool, 'failures' | 'readers'>;
  readonly merger: LoadRound;
  readonly plan: Pick<ClientPlan, 'workers' | 'share'>;
  readonly order: RoundOrder;
  readonly runBaseNs: bigint;
  readonly measureNs: number;
  /** The end of the measured part, or an earlier stop. */
  readonly endNs: number;
}

/**
 * Takes over what workers that died had counted, and ends what they had open. What was due on them until the end of the round and was not
 * started counts as missed, in the seconds in which it was due. Returns undefined where none died.
 */
export function salvageDead(round: EndedRound, cause: string | undefined): WorkerDeath | undefined {
  const { pool, merger, order, runBaseNs, measureNs } = round;
  let missed = 0;
  for (const { worker, diedNs } of pool.failures) {
    const atNs = Number(diedNs - runBaseNs);
    // One that died before the round began has no bank in it.
    if (atNs >= order.baseNs)
      pool.readers[worker]!.salvage(atNs, (bank) => {
        merger.add(bank, worker);
      });
    const measuredNs = Math.max(atNs, measureNs);
    merger.abandon(worker, measuredNs);
    missed += missRest(round, worker, measuredNs);
  }
  const [failure] = pool.failures;
  return failure === undefined ? undefined : { cause: cause ?? failure.message, missed };
}

/** Counts as missed what was due on a worker and is in no bank. Returns how much that is. */
function missRest(round: EndedRound, worker: number, fromNs: number): number {
  const { merger, measureNs, endNs } = round;
  const dueUntil = dueOn(round, worker);
  const stepSec = Math.max(1, Math.ceil((endNs - fromNs) / 1e9 / STEPS_MAX));
  let total = 0;
  let startNs = fromNs;
  do {
    const nextNs = measureNs + (Math.floor((startNs - measureNs) / 1e9) + stepSec) * 1e9;
    const untilNs = Math.max(startNs, Math.min(nextNs, endNs));
    const { started, missed } = merger.workers[worker]!;
    const count = Math.max(0, dueUntil(Math.min(untilNs, endNs)) - started - missed);
    if (count > 0) merger.miss(worker, count, startNs, untilNs);
    total += count;
    startNs = untilNs;
  } while (startNs < endNs);
  return total;
}

/** Returns how many measured attempts were due on a worker before a time; none where the round has no schedule. */
function dueOn({ plan, order }: EndedRound, worker: number): (ns: number) => number {
  const schedule = scheduleOf(order);
  if (schedule === null) return () => 0;
  const turns = new Turns({ worker, workers: plan.workers, ...plan.share });
  const unmeasuredNs = order.rampUpNs + order.warmupNs;
  const first = schedule.countBefore(unmeasuredNs);
  const end = order.count === null ? schedule.countBefore(unmeasuredNs + order.durationNs) : first + order.count;
  return (ns) => {
    const due = Math.min(end, schedule.countBefore(Math.max(0, ns - order.baseNs)));
    return Math.max(0, turns.countBelow(due) - turns.countBelow(first));
  };
}
