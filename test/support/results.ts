/** Results as runs give them, for tests of what is made of them. */
import type { ClientConfig, RttConfig, ServerConfig } from '../../src/document/config.ts';
import {
  type ClientResult,
  type ClockName,
  CLOCKS,
  type IntervalResult,
  type RoundResult,
} from '../../src/document/client.ts';
import type { LatencySummary } from '../../src/document/common.ts';
import type { ServerResult } from '../../src/document/server.ts';
import { type OutcomeName, OUTCOMES } from '../../src/document/outcome.ts';

export function latency(medianNs: number, count = 100): LatencySummary {
  if (count === 0) return { count: 0, min: 0, mean: 0, p50: 0, p75: 0, p90: 0, p95: 0, p99: 0, p99_9: 0, max: 0 };
  return {
    count,
    min: medianNs / 2,
    mean: medianNs,
    p50: medianNs,
    p75: medianNs * 1.2,
    p90: medianNs * 2,
    p95: medianNs * 4,
    p99: medianNs * 10,
    p99_9: medianNs * 40,
    max: medianNs * 100,
  };
}

function latencies(summary: LatencySummary): Record<ClockName, LatencySummary> {
  return Object.fromEntries(CLOCKS.map((clock) => [clock, summary])) as Record<ClockName, LatencySummary>;
}

export function outcomes(some: Partial<Record<OutcomeName, number>>): Record<OutcomeName, number> {
  return { ...(Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as Record<OutcomeName, number>), ...some };
}

export function roundResult(changes: Partial<RoundResult> = {}): RoundResult {
  return {
    offered_rate_per_sec: 25_000,
    duration_sec: 10,
    attempts: { scheduled: 250_000, started: 250_000, missed: 0, in_flight_max: 212 },
    outcomes: outcomes({ ok: 250_000 }),
    owners: { generator: 0, network: 0, target: 0, unattributed: 0 },
    errno: {},
    rate_per_sec: { started: 25_000, established: 25_000, completed: 25_000 },
    latency_ns: latencies(latency(31_200)),
    bytes: { sent: 16_000_000, received: 16_000_000 },
    cpu: { user_usec: 2_000_000, system_usec: 6_000_000, usec_per_connection: 32 },
    workers: [{ started: 250_000, missed: 0 }],
    intervals: [],
    verdict: { status: 'valid', reasons: [] },
    findings: [],
    ...changes,
  };
}

export function clientConfig(changes: Partial<ClientConfig> = {}): ClientConfig {
  return {
    host: '127.0.0.1',
    address: '127.0.0.1',
    port: 2345,
    rates_per_sec: [25_000],
    duration_sec: 10,
    warmup_sec: 0,
    cooldown_sec: 0,
    ramp_up_sec: 0,
    ramp_down_sec: 0,
    payload_file: null,
    payload_bytes: 64,
    finish: 'echo',
    close: 'fin',
    hold_sec: 0,
    timeout_sec: 5,
    sink: 'null',
    sink_strategy: 'direct',
    max_memory_bytes: null,
    spill_directory: null,
    max_body_bytes: null,
    first_byte_timeout_sec: null,
    verify: null,
    min_response_bytes: 0,
    sources: [],
    source_ports: '10000-32767',
    max_in_flight: 1000,
    workers: 1,
    probe_rate_per_sec: null,
    engine: 'auto',
    ...changes,
  };
}

export function rttConfig(changes: Partial<RttConfig> = {}): RttConfig {
  return {
    host: '::1',
    address: '::1',
    port: 2345,
    protocol: 'udp',
    rates_per_sec: [1000],
    duration_sec: 1,
    warmup_sec: 0,
    cooldown_sec: 0,
    size_bytes: 64,
    connections: 1,
    pipeline: [1],
    think_sec: 0,
    timeout_sec: 1,
    sources: [],
    cpu: null,
    busy_tasks: 0,
    samples: 0,
    engine: 'auto',
    ...changes,
  };
}

export function serverConfig(changes: Partial<ServerConfig> = {}): ServerConfig {
  return {
    host: null,
    port: 2345,
    protocol: 'tcp',
    listeners: 2,
    cpus: [],
    backlog: 4096,
    mode: 'echo',
    response_file: null,
    response_bytes: 0,
    respond_on: 'eof',
    datagram_rate_per_sec: 1000,
    idle_timeout_sec: 60,
    max_connections: 10_000,
    work: 'none',
    work_strategy: 'direct',
    busy_tasks: 0,
    engine: 'auto',
    ...changes,
  };
}

export function clientResult(changes: Partial<ClientResult> = {}): ClientResult {
  return {
    schema: 'conngen.client/1',
    conngen: '0.1.0',
    started_at: '2026-01-01T00:00:00.000Z',
    system: { kernel: '6.18', node: 'v20', cpus: 2, engine: 'epoll', workers: 1 },
    config: clientConfig(),
    rounds: [roundResult()],
    ...changes,
  };
}

export function refusedRound(): RoundResult {
  return roundResult({
    outcomes: outcomes({ refused: 250_000 }),
    errno: { ECONNREFUSED: 250_000 },
    latency_ns: { ...latencies(latency(0, 0)), schedule_lag: latency(100_000) },
    verdict: {
      status: 'invalid',
      reasons: [
        {
          code: 'nothing_established',
          message: `No connection was established: ${'check the target and '.repeat(8)}go on.`,
        },
      ],
    },
  });
}

export function interval(changes: Partial<IntervalResult> = {}): IntervalResult {
  return {
    start_sec: 0,
    length_sec: 1,
    scheduled: 1000,
    started: 1000,
    missed: 0,
    established: 1000,
    ok: 1000,
    failed: 0,
    in_flight: 3,
    held: 0,
    bytes: { sent: 0, received: 0 },
    latency_ns: latencies(latency(104_000)),
    ...changes,
  };
}

export function serverResult(changes: Partial<ServerResult> = {}): ServerResult {
  return {
    schema: 'conngen.server/1',
    conngen: '0.1.0',
    started_at: '2026-01-01T00:00:00.000Z',
    duration_sec: 12.5,
    system: { kernel: '6.18', node: 'v20', cpus: 2, engine: 'epoll' },
    config: serverConfig(),
    accepted: 5000,
    accepting: { duration_sec: 2, rate_per_sec: 2500 },
    completed: 4990,
    rejected: 7,
    idle_closed: 3,
    aborted: 0,
    listeners: [
      { accepted: 2600, completed: 2595, rejected: 7 },
      { accepted: 2400, completed: 2395, rejected: 0 },
    ],
    bytes: { received: 320_000, sent: 320_000 },
    errors: { accept_EMFILE: 2, reset: 0 },
    cpu: { user_usec: 1000, system_usec: 1000, usec_per_connection: 27.3 },
    findings: [],
    ...changes,
  };
}
