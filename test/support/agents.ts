/** Agents of a fleet as a result has them, for tests of rules and views. */
import type { AgentRound, FleetUse } from '../../src/document/fleet.ts';

/** An agent with a third of a schedule of 3000 that went well, but for what is given. */
export function agentRound(name: string, more: Partial<AgentRound> = {}): AgentRound {
  return {
    name,
    share: 1 / 3,
    clock_error_ns: 40_000,
    clock_drift_ns: 2000,
    scheduled: 1000,
    started: 1000,
    missed: 0,
    reports_missing: 0,
    lag_p99_ns: 90_000,
    lost: null,
    verdict: { status: 'valid', reasons: [] },
    findings: [],
    ...more,
  };
}

/** The fleet of these agents. */
export function fleetUse(names: readonly string[]): FleetUse {
  const system = { kernel: '6.1.0', node: 'v20.20.2', cpus: 4, engine: 'uring', workers: 1 };
  const agents = names.map((name) => ({ name, share: 1 / names.length, system, notes: [] }));
  return { url: 'nats://10.0.0.1:4222', agents };
}
