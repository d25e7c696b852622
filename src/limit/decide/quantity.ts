/** What a search varies, and what a trial of it is. Pure. */
import { NS_PER_SEC } from '../../units/quantity.ts';
import type { Bounds } from './bounds.ts';
import type { Quantity } from '../../plan/load/limit-quantity.ts';

/** What is searched for, between which bounds, and what stays the same. */
export interface SearchRange extends Bounds {
  readonly quantity: Quantity;
  /** How many connections a trial in stages has, where that is not what is searched for. Null: trials last for a time. */
  readonly connections: number | null;
  /** Attempts per second of a trial in stages, and exchanges too, where these are not what is searched for. */
  readonly attemptPerSec: number;
}

/** What a trial offers. */
export interface TrialOffer {
  readonly ratePerSec: number;
  readonly durationNs: number;
  /** How many connections a trial in stages has. Null: as many as its time allows, each independent of the others. */
  readonly connections: number | null;
  /** Exchanges begun a second, and connections closed, in a trial in stages. */
  readonly exchangePerSec: number | null;
  /** Its rate is what is searched: what this machine cannot start in time is better missed than started in a burst. */
  readonly isEven: boolean;
}

/** The trial of a load. `durationNs` where it takes a time. */
export function offerOf(measure: SearchRange, load: number, durationNs: number): TrialOffer {
  const { quantity, attemptPerSec } = measure;
  if (quantity === 'rate' && measure.connections === null) {
    return timedOffer(load, durationNs);
  }
  const connections = quantity === 'connections' ? load : (measure.connections ?? 0);
  const ratePerSec = quantity === 'rate' ? load : attemptPerSec;
  return {
    ratePerSec,
    durationNs: (connections * NS_PER_SEC) / ratePerSec,
    connections,
    exchangePerSec: quantity === 'teardown' ? load : attemptPerSec,
    isEven: quantity === 'rate',
  };
}

/** A trial that takes a time. */
export function timedOffer(ratePerSec: number, durationNs: number): TrialOffer {
  return { ratePerSec, durationNs, connections: null, exchangePerSec: null, isEven: true };
}

/** How long a trial takes at least, all its stages together. */
export function trialNs({ durationNs, connections, exchangePerSec }: TrialOffer): number {
  if (connections === null || exchangePerSec === null) return durationNs;
  return durationNs + (2 * connections * NS_PER_SEC) / exchangePerSec;
}
