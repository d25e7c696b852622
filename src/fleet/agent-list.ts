/** The list of the agents that are there: the document `conngen.fleet/1`. */
import type { FleetResult, ListedAgent } from '../document/fleet.ts';
import { machineSystem } from '../document/system.ts';
import { NS_PER_MS, NS_PER_SEC } from '../units/quantity.ts';
import { VERSION } from '../units/version.ts';
import type { Bus } from './bus/bus.ts';
import { SUBJECTS } from './protocol.ts';
import { rollCall, type Answered } from './roll-call.ts';

/** The number of round trips of which the smallest is shown. */
const TRIPS = 5;
const TRIP_MS = 500;

/** Asks which agents are there, and the round trip to each. `url` is what the result shows of the NATS server. */
export async function listAgents(bus: Bus, url: string): Promise<FleetResult> {
  const startedAt = new Date();
  const there = await rollCall(bus);
  const agents = await Promise.all(
    there.map(async (answered) => listedAgent(answered, await roundTripNs(bus, answered.name))),
  );
  return fleetResult(startedAt, url, agents);
}

/** Returns the document of a list of agents. */
export function fleetResult(startedAt: Date, url: string, agents: readonly ListedAgent[]): FleetResult {
  return {
    schema: 'conngen.fleet/1',
    conngen: VERSION,
    started_at: startedAt.toISOString(),
    system: machineSystem(),
    url,
    agents,
  };
}

/** Returns an agent as the list shows it. */
export function listedAgent({ name, conngen, protocol, description }: Answered, tripNs: number | null): ListedAgent {
  if (description === null) {
    return { name, conngen, protocol, state: 'incompatible', running: null, round_trip_ns: tripNs };
  }
  const { busy, system, engines, sources, limits, trusts } = description;
  return {
    ...{ name, conngen, protocol },
    state: busy === null ? 'free' : 'busy',
    running: busy === null ? null : { command: busy.command, controller: busy.controller, target: busy.target },
    cpus: system.cpus,
    ...{ engines, sources },
    targets: limits.targets,
    max_rate_per_sec: limits.maxRatePerSec,
    max_duration_sec: limits.maxDurationNs / NS_PER_SEC,
    trusts,
    round_trip_ns: tripNs,
  };
}

/** Returns the smallest of some round trips; null where the agent does not answer. */
async function roundTripNs(bus: Bus, agent: string): Promise<number | null> {
  let smallest: number | null = null;
  for (let trip = 0; trip < TRIPS; trip++) {
    const beganMs = performance.now();
    const answer = await bus.request(SUBJECTS.clock(agent), new Uint8Array(), TRIP_MS);
    if (answer === null) return smallest;
    const tookNs = Math.round((performance.now() - beganMs) * NS_PER_MS);
    smallest = Math.min(smallest ?? tookNs, tookNs);
  }
  return smallest;
}
