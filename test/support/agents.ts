/** Agents of a fleet as a result has them, for tests of rules and views. */
import type { AgentRound, FleetUse } from '../../src/document/fleet.ts';
import type { AgentTold } from '../../src/run/events.ts';
import type { Bus } from '../../src/fleet/bus/bus.ts';
import { PROTOCOL, SUBJECTS, type Description } from '../../src/fleet/protocol.ts';

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
  const agents = names.map((name) => ({ name, share: 1 / names.length, address: '10.0.9.9', system, notes: [] }));
  return { run: 'c1a0', url: 'nats://10.0.0.1:4222', agents };
}

/** What an agent says of itself, free and of this protocol but for what is given. */
export function description(name: string, more: Partial<Description> = {}): Description {
  return {
    protocol: PROTOCOL,
    conngen: '0.1.0',
    name,
    instance: `instance of ${name}`,
    system: { kernel: '6.1.0', node: 'v20.20.2', cpus: 4 },
    engines: ['uring', 'epoll', 'node'],
    sources: [],
    interface: null,
    machine: 'machine',
    host: 'host',
    seenFrom: '10.0.0.2',
    limits: { targets: ['10.0.0.0/8:80'], maxRatePerSec: null, maxDurationNs: 3600e9 },
    trusts: [],
    busy: null,
    ...more,
  };
}

/** An agent that says who it is, and gives signs of life. Returns what ends it. */
export function speakFor(bus: Bus, describe: () => object, name: string): () => void {
  const bytes = (): Uint8Array => Buffer.from(JSON.stringify(describe()));
  const ends = [
    bus.subscribe(SUBJECTS.who, ({ respond }) => respond?.(bytes())),
    bus.subscribe(SUBJECTS.clock(name), ({ respond }) => respond?.(Buffer.from(String(process.hrtime.bigint())))),
  ];
  const timer = setInterval(() => bus.publish(SUBJECTS.alive(name), bytes()), 100);
  return () => {
    clearInterval(timer);
    for (const end of ends) end();
  };
}

/** What a controller tells of an agent that runs and is in time. */
export function agentTold(agent: string, more: Partial<AgentTold> = {}): AgentTold {
  return {
    type: 'agent',
    round: 0,
    agent,
    share: 1 / 3,
    state: 'running',
    why: null,
    second: 4,
    scheduled: 5000,
    started: 5000,
    missed: 0,
    lagP99Ns: 90_000,
    clockErrorNs: 40_000,
    ...more,
  };
}
