/** What a command does where `--fleet` is given: it plans for agents, and its rounds run there. Without it nothing of a fleet is loaded. */
import type { OpenSession } from '../client/run.ts';
import type { OpenPingSession } from '../ping/run.ts';
import type { FleetInput } from '../plan/fleet/fleet-choice.ts';
import type { Machine, Planned } from '../plan/demand/machine.ts';
import { fleetProblems } from '../plan/fleet/fleet-choice.ts';
import { fleetRefusals, type RefusableInput } from '../plan/fleet/fleet-refusals.ts';
import type { Problem } from '../units/problem.ts';
import type { EngineChoice } from '../plan/engines.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { FleetChanges, FleetPlanning } from './fleet-run.ts';

/** Everything wrong with the options of a fleet, and with what a fleet cannot have. */
export function fleetChecks(input: FleetInput & RefusableInput): Problem[] {
  return [...fleetProblems(input), ...fleetRefusals(input)];
}

/** Returns how a command plans: as `plan` does for this machine, or for the agents of a fleet. `place` puts what a fleet says into the plan. */
export function planner<Input, Plan>(
  plan: (input: Input, machine: Machine) => Promise<Planned<Plan>>,
  place: FleetPlanning<Plan>,
): (input: Input & FleetInput, machine: Machine) => Promise<Planned<Plan>> {
  return async (input, machine) => {
    if (input.fleet === undefined) return plan(input, machine);
    const { planForFleet } = await import('./fleet-run.ts');
    return planForFleet(input, plan, place);
  };
}

/** The plan of a client with what a fleet says. */
export function placeInClient(plan: ClientPlan, { fleet, engine }: FleetChanges): ClientPlan {
  return { ...plan, fleet, engine: engine as EngineChoice };
}

/** Returns what opens the sessions of a command on the fleet of its input; undefined where this machine runs it. */
export async function fleetSessions(
  input: FleetInput,
  called: 'client' | 'search' | 'saturate',
): Promise<OpenSession | undefined> {
  if (input.fleet === undefined) return undefined;
  const { loadSessions } = await import('./fleet-run.ts');
  return loadSessions(input, called);
}

/** The same for `rtt`. */
export async function fleetPingSessions(input: FleetInput): Promise<OpenPingSession | undefined> {
  if (input.fleet === undefined) return undefined;
  const { pingSessions } = await import('./fleet-run.ts');
  return pingSessions(input);
}
