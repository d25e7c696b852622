/** What is certain to stop a client's plan, told at its start: the cheap part of the examination. */
import { affordableInFlight, type ClientInput } from '../plan/client-plan.ts';
import { type Machine } from '../plan/demand/machine.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { Check } from '../document/doctor.ts';
import { findProblems } from './examine.ts';
import type { Asked } from './situation.ts';

/** The checks that found a problem. */
export function clientStartProblems(input: ClientInput, plan: ClientPlan, machine: Machine): Check[] {
  return findProblems(plan, askedOf(input, plan, machine));
}

/** What the checks want to know beside the plan. */
export function askedOf(input: ClientInput, { maxInFlight }: ClientPlan, machine: Machine): Asked {
  return {
    affordable: affordableInFlight(input, machine),
    maxInFlightGiven: input['max-in-flight'] === undefined ? null : maxInFlight,
  };
}
