/** `--csv`: a row for each second of a round. */
import { type ClockName, CLOCKS, type IntervalResult } from '../../document/client.ts';
import type { LatencySummary } from '../../document/common.ts';

/** What stands in a row beside the interval. */
export interface CsvPlace {
  readonly roundIndex: number;
  /** Null for `max`: then the cell is empty. */
  readonly offeredRatePerSec: number | null;
  /** Since the start of the run. */
  readonly startNs: number;
}

type Cell = string | number | null;

interface Column {
  readonly name: string;
  readonly cell: (interval: IntervalResult, place: CsvPlace) => Cell;
}

const FIGURES: readonly (keyof LatencySummary)[] = ['min', 'mean', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99_9', 'max'];

const COLUMNS: readonly Column[] = [
  { name: 'round', cell: (_, { roundIndex }) => roundIndex + 1 },
  { name: 'offered_rate_per_sec', cell: (_, { offeredRatePerSec }) => offeredRatePerSec },
  { name: 'elapsed_sec', cell: (_, { startNs }) => (startNs / 1e9).toFixed(3) },
  { name: 'start_sec', cell: (interval) => interval.start_sec },
  { name: 'length_sec', cell: (interval) => interval.length_sec },
  { name: 'scheduled', cell: (interval) => interval.scheduled },
  { name: 'started', cell: (interval) => interval.started },
  { name: 'missed', cell: (interval) => interval.missed },
  { name: 'established', cell: (interval) => interval.established },
  { name: 'ok', cell: (interval) => interval.ok },
  { name: 'failed', cell: (interval) => interval.failed },
  { name: 'in_flight', cell: (interval) => interval.in_flight },
  { name: 'held', cell: (interval) => interval.held },
  { name: 'sent_bytes', cell: (interval) => interval.bytes.sent },
  { name: 'received_bytes', cell: (interval) => interval.bytes.received },
  ...CLOCKS.flatMap(clockColumns),
  { name: 'empty_responses', cell: (interval) => interval.empty_responses ?? 0 },
];

function clockColumns(clock: ClockName): Column[] {
  return [
    { name: `${clock}_count`, cell: (interval) => interval.latency_ns[clock].count },
    ...FIGURES.map((figure) => ({
      name: `${clock}_${figure}_ns`,
      // Nothing was measured: an empty cell is no zero.
      cell: ({ latency_ns: latency }: IntervalResult) => (latency[clock].count === 0 ? null : latency[clock][figure]),
    })),
  ];
}

/** The names of the columns, with their units. No cell needs quotes (RFC 4180). */
export function csvHead(): string {
  return `${COLUMNS.map((column) => column.name).join(',')}\n`;
}

export function csvRow(interval: IntervalResult, place: CsvPlace): string {
  return `${COLUMNS.map((column) => column.cell(interval, place) ?? '').join(',')}\n`;
}
