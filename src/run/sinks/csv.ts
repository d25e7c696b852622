/** `--csv`: a row for each second of a round. */
import type { ClockName, IntervalResult, ProbeResult } from '../../document/client.ts';
import type { LatencySummary } from '../../document/common.ts';
import { CLOCKS } from '../../document/client.ts';
import type { RttInterval } from '../../document/rtt.ts';
import type { RunCommand, SecondEvent, Sink } from '../events.ts';
import { lineSink, type SinkSetup } from './sink.ts';

/** Opens a table. Its first line names the columns; the warm-up has no rows. */
export function openSink(setup: SinkSetup): Sink {
  let columns: readonly Column[] = [];
  let offeredRatePerSec: number | null = null;
  return lineSink(setup, (event) => {
    switch (event.type) {
      case 'run-started':
        columns = columnsOf(event.command);
        return `${columns.map(({ name }) => name).join(',')}\n`;
      case 'round-started':
        ({ offeredRatePerSec } = event);
        return '';
      case 'second': {
        if (event.warmup) return '';
        const row = { event, offeredRatePerSec };
        return `${columns.map(({ cell }) => cell(row) ?? '').join(',')}\n`;
      }
      default:
        return '';
    }
  });
}

/** What one row is made of. */
interface Row {
  readonly event: SecondEvent;
  /** Null for `max`: then the cell is empty. */
  readonly offeredRatePerSec: number | null;
}

/** A column of the table. No cell needs quotes (RFC 4180); null is an empty cell. */
interface Column {
  readonly name: string;
  readonly cell: (row: Row) => string | number | null;
}

const FIGURES: readonly (keyof LatencySummary)[] = ['min', 'mean', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99_9', 'max'];

const PLACE_COLUMNS: readonly Column[] = [
  { name: 'offered_rate_per_sec', cell: ({ offeredRatePerSec }) => offeredRatePerSec },
  { name: 'elapsed_sec', cell: ({ event }) => (event.startNs / 1e9).toFixed(3) },
  { name: 'start_sec', cell: ({ event }) => event.second },
  { name: 'length_sec', cell: ({ event }) => event.counts.length_sec },
];

/** A column of a command that opens connections. */
function load(name: string, figure: (interval: IntervalResult) => number | null): Column {
  return { name, cell: ({ event }) => (event.of === 'connections' ? figure(event.counts) : null) };
}

/** A column of `rtt`. */
function pings(name: Exclude<keyof RttInterval, symbol>): Column {
  return { name, cell: ({ event }) => (event.of === 'pings' ? (event.counts[name] as number) : null) };
}

/** The columns of one latency. What was not measured is an empty cell, which is no zero. */
function latencyColumns(name: string, summaryOf: (event: SecondEvent) => LatencySummary | undefined): Column[] {
  return [
    { name: `${name}_count`, cell: ({ event }) => summaryOf(event)?.count ?? null },
    ...FIGURES.map((figure): Column => {
      return {
        name: `${name}_${figure}_ns`,
        cell: ({ event }) => {
          const summary = summaryOf(event);
          return summary === undefined || summary.count === 0 ? null : summary[figure];
        },
      };
    }),
  ];
}

function clockColumns(clock: ClockName): Column[] {
  return latencyColumns(clock, ({ of, counts }) => (of === 'connections' ? counts.latency_ns[clock] : undefined));
}

function probeOf(event: SecondEvent): ProbeResult | undefined {
  return event.of === 'connections' ? event.counts.probe : undefined;
}

/** Always there, so that every file of a command has the same columns; empty without `--probe`. */
const PROBE_COLUMNS: readonly Column[] = [
  { name: 'probe_sent', cell: ({ event }) => probeOf(event)?.sent ?? null },
  { name: 'probe_received', cell: ({ event }) => probeOf(event)?.received ?? null },
  { name: 'probe_lost', cell: ({ event }) => probeOf(event)?.lost ?? null },
  ...latencyColumns('probe_rtt', (event) => probeOf(event)?.rtt_ns),
];

const LOAD_COLUMNS: readonly Column[] = [
  ...PLACE_COLUMNS,
  load('scheduled', ({ scheduled }) => scheduled),
  load('started', ({ started }) => started),
  load('missed', ({ missed }) => missed),
  load('established', ({ established }) => established),
  load('ok', ({ ok }) => ok),
  load('failed', ({ failed }) => failed),
  load('in_flight', ({ in_flight: inFlight }) => inFlight),
  load('held', ({ held }) => held),
  load('sent_bytes', ({ bytes }) => bytes.sent),
  load('received_bytes', ({ bytes }) => bytes.received),
  ...CLOCKS.flatMap(clockColumns),
  load('empty_responses', ({ empty_responses: emptyResponses }) => emptyResponses ?? 0),
  ...PROBE_COLUMNS,
];

const PING_COLUMNS: readonly Column[] = [
  ...PLACE_COLUMNS,
  ...(
    [
      'scheduled',
      'sent',
      'received',
      'lost',
      'missed',
      'aborted',
      'out_of_order',
      'late',
      'duplicates',
      'in_flight',
    ] as const
  ).map(pings),
  ...(['rtt', 'corrected_rtt', 'schedule_lag'] as const).flatMap((clock) =>
    latencyColumns(clock, ({ of, counts }) => (of === 'pings' ? counts[`${clock}_ns`] : undefined)),
  ),
];

/** The columns of a command's table, in their order. */
export function columnsOf(command: RunCommand): readonly Column[] {
  if (command === 'rtt') return [{ name: 'round', cell: ({ event }) => event.round + 1 }, ...PING_COLUMNS];
  if (command === 'client') return [{ name: 'round', cell: ({ event }) => event.round + 1 }, ...LOAD_COLUMNS];
  return [{ name: 'trial', cell: ({ event }) => (event.trial ?? 0) + 1 }, ...LOAD_COLUMNS];
}
