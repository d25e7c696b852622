/** How evenly a server sees the connections of several sessions that are one schedule, as the agents of a fleet are. */
import { clientPlan } from '../src/plan/client-plan.ts';
import { divideShares } from '../src/plan/fleet/share.ts';
import type { ClientPlan } from '../src/plan/plan.ts';
import { openSession } from '../src/client/run.ts';
import { CLIENT_OPTIONS } from '../src/options/tables/client.ts';
import { readOptions } from '../src/options/read.ts';
import { thisMachine } from '../src/cli/machine.ts';
import { monotonicNs } from '../src/runtime/clock.ts';
import { formatProblem } from '../src/units/problem.ts';
import { Arrivals } from './arrivals.ts';
import { startFleet } from './fleet-agents.ts';
import { roundOf } from './open-loop.ts';
import { conngen, startServer } from './process.ts';
import { indexOfDispersion } from './statistics.ts';

const BIN_MS = 10;
const WARMUP_MS = 1000;
/** From the last answer that a session is ready to the base. */
const LEAD_NS = 100_000_000n;

export interface FleetEvennessRow {
  readonly name: string;
  /** Of the parts of the schedule. */
  readonly weights: string;
  readonly ratePerSec: number;
  readonly started: number;
  readonly missed: number;
  /** Of starts in 10 ms, over all sessions. 0 is a perfect clock, 1 is chance. */
  readonly dispersion: number;
  /** Of each part. */
  readonly lagP99Usec: string;
}

async function planOf(
  port: number,
  ratePerSec: number,
  seconds: number,
  weights: readonly number[],
): Promise<ClientPlan[]> {
  const values = {
    target: `127.0.0.1:${port}`,
    rate: String(ratePerSec),
    duration: `${seconds}s`,
    warmup: `${WARMUP_MS}ms`,
    finish: 'connect',
  };
  const flags = new Map(Object.entries(values).map(([name, value]) => [name, [value]]));
  const { input, problems } = readOptions(CLIENT_OPTIONS, { command: 'conngen client', flags, extra: [], env: {} });
  const machine = thisMachine();
  const plans = await Promise.all(
    divideShares(weights).map((share, index) => clientPlan(input, machine, true, share, { index, of: weights.length })),
  );
  return plans.map((planned) => {
    if ('plan' in planned) return planned.plan;
    throw new Error([...problems, ...planned.problems].map(formatProblem).join('\n'));
  });
}

/** How arrivals are spread over 10 ms, without the warm-up and the last of them. */
function dispersionOf(timesMs: readonly number[], seconds: number): number {
  const bins = new Array<number>((seconds * 1000) / BIN_MS - 1).fill(0);
  for (const timeMs of timesMs) {
    const bin = Math.floor((timeMs - WARMUP_MS) / BIN_MS);
    if (bin >= 0 && bin < bins.length) bins[bin]! += 1;
  }
  return indexOfDispersion(bins);
}

/** Runs sessions in this process that begin together, against `conngen server`. */
export async function measureFleetEvenness(
  weights: readonly number[],
  ratePerSec: number,
  seconds: number,
): Promise<FleetEvennessRow> {
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  const arrivals = new Arrivals(server.port, (seconds + 2) * ratePerSec);
  try {
    const plans = await planOf(server.port, ratePerSec, seconds, weights);
    let begin: (baseNs: bigint) => void;
    const base = new Promise<bigint>((resolve) => (begin = resolve));
    let waiting = 0;
    const beginAt = (): Promise<bigint> => {
      if (++waiting === plans.length) begin(monotonicNs() + LEAD_NS);
      return base;
    };
    const leader = { beginAt, onBank: () => undefined, afterStage: () => base };
    const sessions = await Promise.all(plans.map((plan) => openSession(plan, { leader })));
    const rounds = await Promise.all(sessions.map((session) => session.round({ round: 0 }, ratePerSec)));
    await Promise.all(sessions.map((session) => session.close()));
    const sum = (count: (round: (typeof rounds)[number]) => number): number =>
      rounds.reduce((total, round) => total + count(round), 0);
    return {
      name: plans.length === 1 ? 'one session' : 'sessions of one process',
      weights: weights.join(':'),
      ratePerSec,
      started: sum(({ attempts }) => attempts.started),
      missed: sum(({ attempts }) => attempts.missed),
      dispersion: dispersionOf(arrivals.timesMs(), seconds),
      lagP99Usec: rounds.map((round) => (round.latency_ns.schedule_lag.p99 / 1e3).toFixed(0)).join(', '),
    };
  } finally {
    arrivals.close();
    await server.stop();
  }
}

/** Runs three agents that are processes of their own, on one schedule, through a NATS server. */
export async function measureAgentsEvenness(ratePerSec: number, seconds: number): Promise<FleetEvennessRow> {
  const server = await startServer((port) =>
    conngen('server', '--host', '127.0.0.1', '--port', String(port), '--listeners', '1'),
  );
  const fleet = await startFleet(3);
  // The agents connect once each before the round.
  const arrivals = new Arrivals(server.port, (seconds + 2) * ratePerSec);
  try {
    const command = conngen('client', `127.0.0.1:${server.port}`, '--fleet', fleet.url, '--agents', fleet.names);
    const load = ['--rate', String(ratePerSec), '--finish', 'connect', '--warmup', `${WARMUP_MS}ms`];
    const { attempts, agents = [] } = await roundOf(command, seconds, ...load);
    const timesMs = arrivals.timesMs();
    const beginMs = timesMs[agents.length] ?? 0;
    return {
      name: `agents (clocks ± ${Math.max(...agents.map((each) => (each.clock_error_ns ?? 0) / 1e3)).toFixed(0)} µs)`,
      weights: agents.map(() => 1).join(':'),
      ratePerSec,
      started: attempts.started,
      missed: attempts.missed,
      dispersion: dispersionOf(
        timesMs.slice(agents.length).map((timeMs) => timeMs - beginMs),
        seconds,
      ),
      lagP99Usec: agents.map((each) => (each.lag_p99_ns / 1e3).toFixed(0)).join(', '),
    };
  } finally {
    arrivals.close();
    await fleet.stop();
    await server.stop();
  }
}
