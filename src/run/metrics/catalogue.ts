/** Every metric that a run has while it goes on, for `--metrics-listen`, `--otlp` and the reference page. */
import type { RunCommand } from '../events.ts';

/** A counter only grows over a run; a gauge is a state; a histogram has every value since the run began. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** The unit of a metric, which ends its name. */
export type MetricUnit = 'seconds' | 'bytes';

export interface MetricSpec {
  readonly kind: MetricKind;
  readonly unit?: MetricUnit;
  readonly labels?: readonly string[];
  /** The commands that have it. */
  readonly of: readonly RunCommand[];
  /** A sentence, without a full stop. */
  readonly help: string;
}

const LOAD = ['client', 'search', 'saturate'] as const;
const ROUNDS = [...LOAD, 'rtt'] as const;
const ALL = [...ROUNDS, 'server'] as const;
const PINGS = ['rtt'] as const;
const SERVER = ['server'] as const;

/** By their names without the prefix, the unit and the suffix of counters. The order is that of what is exposed. */
export const METRICS = {
  build_info: {
    kind: 'gauge',
    labels: ['version', 'engine', 'command'],
    of: ALL,
    help: 'Always 1; the labels say which conngen runs what',
  },
  run_start_time: { kind: 'gauge', unit: 'seconds', of: ALL, help: 'When the run began, in Unix time' },
  expected_end_time: {
    kind: 'gauge',
    unit: 'seconds',
    of: ROUNDS,
    help: 'When the run is expected to end at the latest, in Unix time, as of the last trial or round',
  },
  round: { kind: 'gauge', of: ROUNDS, help: 'The round that is run, from 1; always 1 in search and saturate' },
  trial: { kind: 'gauge', of: ['search', 'saturate'], help: 'The trial or step that is run, from 1' },
  warmup: {
    kind: 'gauge',
    of: ROUNDS,
    help: '1 while a warm-up runs, whose seconds no counter and no histogram has; otherwise 0',
  },
  offered_rate: { kind: 'gauge', of: ROUNDS, help: 'What the round offers per second; there is none with --rate max' },

  connections_scheduled: { kind: 'counter', of: LOAD, help: 'Attempts that were due' },
  connections_started: { kind: 'counter', of: LOAD, help: 'Attempts that were started' },
  connections_missed: { kind: 'counter', of: LOAD, help: 'Attempts that were due and were not started' },
  connections_established: { kind: 'counter', of: LOAD, help: 'Connections that were established' },
  connections_finished: {
    kind: 'counter',
    labels: ['outcome', 'owner'],
    of: LOAD,
    help: 'Attempts that ended, by outcome and by the side that caused it: target, network, generator, unattributed, or none of a success',
  },
  connections_in_flight: { kind: 'gauge', of: LOAD, help: 'Connections open at the end of the last second' },
  connections_held: { kind: 'gauge', of: LOAD, help: 'The part of them that is kept open after its exchange' },
  empty_responses: { kind: 'counter', of: LOAD, help: 'Exchanges that ended without a byte of answer' },

  pings_scheduled: { kind: 'counter', of: PINGS, help: 'Pings that were due' },
  pings_sent: { kind: 'counter', of: PINGS, help: 'Pings that were sent' },
  pings_received: { kind: 'counter', of: PINGS, help: 'Pings that came back in time' },
  pings_lost: { kind: 'counter', of: PINGS, help: 'Pings that did not come back in time' },
  pings_missed: { kind: 'counter', of: PINGS, help: 'Pings that were due and not sent' },
  pings_aborted: { kind: 'counter', of: PINGS, help: 'Pings under way when a signal ended the run' },
  pings_out_of_order: { kind: 'counter', of: PINGS, help: 'Replies that came after the reply to a later ping' },
  pings_late: { kind: 'counter', of: PINGS, help: 'Replies that came after the timeout; counted as lost too' },
  pings_duplicate: { kind: 'counter', of: PINGS, help: 'Replies that came once more' },
  pings_in_flight: { kind: 'gauge', of: PINGS, help: 'Pings under way at the end of the last second' },
  probe_pings_sent: { kind: 'counter', of: LOAD, help: 'Pings of --probe that were sent' },
  probe_pings_received: { kind: 'counter', of: LOAD, help: 'Pings of --probe that came back in time' },
  probe_pings_lost: { kind: 'counter', of: LOAD, help: 'Pings of --probe that did not come back in time' },

  server_accepted: {
    kind: 'counter',
    labels: ['listener'],
    of: SERVER,
    help: 'Connections accepted, by listening thread',
  },
  server_completed: {
    kind: 'counter',
    labels: ['listener'],
    of: SERVER,
    help: 'Connections closed in the way that the mode intends, by listening thread',
  },
  server_rejected: {
    kind: 'counter',
    labels: ['listener'],
    of: SERVER,
    help: 'Connections closed on arrival because of --max-connections, by listening thread',
  },
  server_idle_closed: { kind: 'counter', of: SERVER, help: 'Connections closed because they were idle' },
  server_aborted: { kind: 'counter', of: SERVER, help: 'Connections still open when the drain at the end ran out' },
  server_errors: { kind: 'counter', labels: ['error'], of: SERVER, help: 'Errors by class' },
  server_open: { kind: 'gauge', of: SERVER, help: 'Connections open at the end of the last second' },
  server_datagrams_received: { kind: 'counter', of: SERVER, help: 'Datagrams received' },
  server_datagrams_sent: { kind: 'counter', of: SERVER, help: 'Datagrams sent back' },
  server_datagrams_dropped: {
    kind: 'counter',
    labels: ['reason'],
    of: SERVER,
    help: 'Datagrams received and not answered',
  },

  sent: { kind: 'counter', unit: 'bytes', of: [...LOAD, 'server'], help: 'Bytes of payload handed to the kernel' },
  received: { kind: 'counter', unit: 'bytes', of: [...LOAD, 'server'], help: 'Bytes of payload received' },

  schedule_lag: {
    kind: 'histogram',
    unit: 'seconds',
    of: ROUNDS,
    help: 'From the moment a start was due to the start',
  },
  connect: { kind: 'histogram', unit: 'seconds', of: LOAD, help: 'From the SYN to the established connection' },
  first_byte: {
    kind: 'histogram',
    unit: 'seconds',
    of: LOAD,
    help: 'From the start to the first byte of the response',
  },
  total: {
    kind: 'histogram',
    unit: 'seconds',
    of: LOAD,
    help: 'From the start to the end of the exchange, of attempts that were ok or timed out',
  },
  corrected_total: {
    kind: 'histogram',
    unit: 'seconds',
    of: LOAD,
    help: 'From the moment the attempt was due to the end of the exchange, of the same attempts as total',
  },
  rtt: { kind: 'histogram', unit: 'seconds', of: PINGS, help: 'From the send of a ping to its reply' },
  corrected_rtt: {
    kind: 'histogram',
    unit: 'seconds',
    of: PINGS,
    help: 'From the moment a ping was due to its reply',
  },
  probe: { kind: 'histogram', unit: 'seconds', of: LOAD, help: 'Round trips of --probe' },

  rounds: { kind: 'counter', labels: ['status'], of: ROUNDS, help: 'Rounds and trials that ended, by their verdict' },
  verdict: {
    kind: 'gauge',
    labels: ['status', 'reason'],
    of: ROUNDS,
    help: 'Rounds and trials that ended with this verdict, for each code among its reasons; the reason is none where it has none',
  },
  search_lower: {
    kind: 'gauge',
    labels: ['goal', 'quantity', 'payload'],
    of: ['search'],
    help: 'The highest load that met the goal so far, below every load that did not',
  },
  search_upper: {
    kind: 'gauge',
    labels: ['goal', 'quantity', 'payload'],
    of: ['search'],
    help: 'The lowest load that did not meet the goal so far',
  },

  process_cpu: { kind: 'counter', unit: 'seconds', of: LOAD, help: 'Processor time of this process while it measures' },
  thread_cpu: {
    kind: 'counter',
    unit: 'seconds',
    labels: ['thread'],
    of: LOAD,
    help: 'Time of a load thread on a core while it measures',
  },
  thread_run_queue_wait: {
    kind: 'counter',
    unit: 'seconds',
    labels: ['thread'],
    of: LOAD,
    help: 'Time of a load thread ready to run while no core was free',
  },
  kernel_events: {
    kind: 'counter',
    labels: ['counter'],
    of: LOAD,
    help: "What this machine's kernel counted, by the names in results: retransmits, listen_drops",
  },
  packet_events: {
    kind: 'counter',
    labels: ['counter'],
    of: [...LOAD, 'server'],
    help: 'What the packet engine counted, by the names in results: sent, retransmits.syn, ring.rx_dropped',
  },
  kernel_fill: {
    kind: 'gauge',
    labels: ['table'],
    of: LOAD,
    help: "How full this machine's tables are, by the names in results: sockets.time_wait",
  },

  agents: {
    kind: 'gauge',
    labels: ['state'],
    of: ROUNDS,
    help: 'With --fleet: agents by what they are doing: ready, running, ended, lost',
  },
  agent_schedule_lag_p99: {
    kind: 'gauge',
    unit: 'seconds',
    labels: ['agent'],
    of: ROUNDS,
    help: "With --fleet: the p99 of an agent's schedule lag in the round so far; of the first 100 agents",
  },
  agent_clock_error: {
    kind: 'gauge',
    unit: 'seconds',
    labels: ['agent'],
    of: ROUNDS,
    help: "With --fleet: how far an agent's clock may be from the controller's; of the first 100 agents",
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** The spec of a metric, as one type. */
export function metricOf(name: MetricName): MetricSpec {
  return METRICS[name];
}

/** The name of a metric with its unit, which is the name of its family in OpenMetrics. */
export function familyName(name: MetricName): string {
  const { unit } = metricOf(name);
  return unit === undefined ? `conngen_${name}` : `conngen_${name}_${unit}`;
}

/** The name that a query has: that of the family, and of a counter with a suffix. */
export function queryName(name: MetricName): string {
  return metricOf(name).kind === 'counter' ? `${familyName(name)}_total` : familyName(name);
}
