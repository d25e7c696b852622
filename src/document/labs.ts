/** The labs there are, as data: what each measures, its figures and its plots. Options, help and renderers need no lab to run. */
import { formatLatency, formatPerSec, threeDigits } from '../units/format.ts';
import type { LabDescription } from './lab-description.ts';

/** What a packet may take on weak hardware, so that gigabit speeds hold. */
export const BUDGET_NS = 4000;

export const RTT_LAB: LabDescription = {
  name: 'rtt',
  title:
    'round trips of 64 bytes on one held connection, by engine, rate and tasks that wake every millisecond on the loop that pings',
  quantity: { name: 'round_trip_ns', label: 'round trip', unit: 'ns' },
  figures: [
    { name: 'offered_per_sec', label: 'offered', format: formatPerSec },
    { name: 'achieved_per_sec', label: 'achieved', format: formatPerSec },
    { name: 'lost_percent', label: 'lost', format: (percent) => `${threeDigits(percent)} %` },
    { name: 'missed', label: 'missed', format: String },
    { name: 'all_p50_ns', label: 'p50 of all', format: formatLatency },
    { name: 'all_p99_ns', label: 'p99 of all', format: formatLatency },
    { name: 'corrected_p50_ns', label: 'corrected p50', format: formatLatency },
    { name: 'busy_skipped_percent', label: 'ticks skipped', format: (percent) => `${threeDigits(percent)} %` },
    { name: 'cpu_usec_per_ping', label: 'cpu a ping', format: (usec) => formatLatency(usec * 1e3) },
  ],
  plots: [
    { kind: 'median', x: 'rate', lines: 'engine' },
    { kind: 'series', lines: 'engine' },
    { kind: 'ecdf', lines: 'engine' },
    { kind: 'density', lines: 'engine' },
  ],
};

export const BLOCKING_LAB: LabDescription = {
  name: 'blocking',
  title: 'connections whose response waits for blocking work, by the threads that do it',
  quantity: { name: 'ns_per_batch', label: 'time of a batch of connections', unit: 'ns' },
  figures: [
    { name: 'connections_per_sec', label: 'connections', format: formatPerSec },
    { name: 'deviation_percent', label: 'deviation', format: (percent) => `${threeDigits(percent)} %` },
    { name: 'total_p50_ns', label: 'p50 of one', format: (ns) => `${threeDigits(ns / 1e6)} ms` },
    { name: 'total_p99_ns', label: 'p99 of one', format: (ns) => `${threeDigits(ns / 1e6)} ms` },
    { name: 'server_cpu_usec', label: 'server cpu of one', format: (usec) => formatLatency(usec * 1e3) },
    { name: 'waited', label: 'waited', format: String },
    { name: 'queue_full', label: 'queue full', format: String },
    { name: 'caller_runs', label: 'run by the caller', format: String },
    { name: 'failures', label: 'failed', format: String },
  ],
  plots: [
    { kind: 'median', x: 'strategy', lines: 'work' },
    { kind: 'series', lines: 'strategy' },
    { kind: 'ecdf', lines: 'strategy' },
    { kind: 'density', lines: 'strategy' },
  ],
};

export const BODIES_LAB: LabDescription = {
  name: 'bodies',
  title: '16 concurrent responses of 8 MiB, each verified, by where they are kept and which threads keep them',
  quantity: { name: 'bytes_per_sec', label: 'responses kept', unit: 'B/s' },
  figures: [
    { name: 'responses', label: 'responses', format: String },
    { name: 'deviation_percent', label: 'deviation', format: (percent) => `${threeDigits(percent)} %` },
    { name: 'total_p50_ns', label: 'p50 of one', format: (ns) => `${threeDigits(ns / 1e6)} ms` },
    { name: 'total_p99_ns', label: 'p99 of one', format: (ns) => `${threeDigits(ns / 1e6)} ms` },
    { name: 'cpu_usec', label: 'cpu of one', format: (usec) => `${threeDigits(usec / 1e3)} ms` },
    { name: 'waited', label: 'waited', format: String },
    { name: 'queue_full', label: 'queue full', format: String },
    { name: 'caller_runs', label: 'run by the caller', format: String },
    { name: 'failures', label: 'failed', format: String },
  ],
  plots: [
    { kind: 'median', x: 'sink', lines: 'strategy' },
    { kind: 'series', lines: 'strategy' },
    { kind: 'ecdf', lines: 'strategy' },
    { kind: 'density', lines: 'strategy' },
  ],
};

export const ABSTRACTION_LAB: LabDescription = {
  name: 'abstraction',
  title: 'call trees 5 deep whose leaf is ready immediately, by how each layer hands its result up',
  quantity: {
    name: 'ns_per_operation',
    label: 'time per operation',
    unit: 'ns',
    reference: { value: BUDGET_NS, label: 'budget: 4 µs' },
  },
  figures: [
    { name: 'budget_percent', label: 'of 4 µs', format: (percent) => `${threeDigits(percent)} %` },
    { name: 'operations_per_sec', label: 'nothing else', format: formatPerSec },
    { name: 'connections_per_sec', label: 'on top of 4 µs', format: formatPerSec },
  ],
  plots: [
    { kind: 'median', x: 'style', lines: 'variants' },
    { kind: 'series', lines: 'style' },
    { kind: 'ecdf', lines: 'style' },
    { kind: 'density', lines: 'style' },
  ],
};

/** In the order that help lists them. */
export const LAB_DESCRIPTIONS: readonly LabDescription[] = [RTT_LAB, BLOCKING_LAB, BODIES_LAB, ABSTRACTION_LAB];

/** The result of a lab, in its directory. */
export const RESULT_FILE = 'lab.json';
/** The cells of a lab as a table, in its directory. */
export const CELLS_FILE = 'cells.csv';
/** The files that the directory of a lab always has. Plots are named by the lab and end in `.svg`. */
export const LAB_FILES: readonly string[] = [RESULT_FILE, CELLS_FILE];
