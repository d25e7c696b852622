/** What this machine's kernel counted over a round: readings in, differences out. */
import { addedTo, readKernel } from '../kernel/kernel-counters.ts';
import type { KernelReading } from '../kernel/kernel-counters.ts';
import { KERNEL_COUNTERS, KERNEL_GROUPS, KERNEL_ROWS, isOfMachine } from '../document/kernel-table.ts';
import type { KernelRow } from '../document/kernel-table.ts';
import type { CoreUse, KernelEvidence } from '../document/kernel-evidence.ts';
import { CounterIntervals } from './counter-intervals.ts';

/** What one reading shows since the one before, by the paths of results: `listen_drops`, `sockets.time_wait`. */
export interface KernelSample {
  /** What was added, only counters that moved. */
  readonly added: Readonly<Record<string, number>>;
  /** How full tables and queues are now. */
  readonly fills: Readonly<Record<string, number>>;
}

export interface KernelWatchOptions {
  /** Whether what each second added is kept, which an open-ended run has no room for. */
  readonly keepsIntervals: boolean;
  /**
   * Whether the connections are the kernel's sockets. False where they are not: then only what it counts of the machine is told. True if
   * left out.
   */
  readonly hasSockets?: boolean;
  readonly read?: () => KernelReading;
}

/** Reads the kernel's counters when asked. Only for threads that do not pace. */
export class KernelWatch {
  readonly #read: () => KernelReading;
  readonly #keepsIntervals: boolean;
  readonly #isTold: (path: string) => boolean;
  #first: KernelReading | undefined;
  #last: KernelReading | undefined;
  readonly #peaks = new Map<string, number>();
  #intervals = new CounterIntervals(0);

  constructor({ keepsIntervals, hasSockets = true, read = readKernel }: KernelWatchOptions) {
    this.#read = read;
    this.#keepsIntervals = keepsIntervals;
    this.#isTold = hasSockets ? () => true : isOfMachine;
  }

  /** The first reading: what was before does not count. Returns the files that could not be read. */
  begin(nowNs: number): readonly string[] {
    this.#first = this.#read();
    this.#last = this.#first;
    this.#peaks.clear();
    this.#notePeaks(this.#first);
    this.#intervals = new CounterIntervals(nowNs);
    return this.#first.missing;
  }

  /** One more reading, once a second. Returns what it shows; null before the first reading. */
  sample(nowNs: number): KernelSample | null {
    if (this.#last === undefined) return null;
    const reading = this.#read();
    const fills = this.#notePeaks(reading);
    const added = moved(this.#last, reading, this.#isTold);
    if (this.#keepsIntervals) this.#intervals.add(added, nowNs);
    this.#last = reading;
    return { added, fills };
  }

  /** The last reading, and what it all comes to. Undefined if there was no first, or nothing to read. */
  end(nowNs: number): KernelEvidence | undefined {
    this.sample(nowNs);
    if (this.#first === undefined || this.#last === undefined) return undefined;
    const first = this.#first;
    const last = this.#last;
    const valueOf = (path: string, row: KernelRow): number | undefined => {
      if (!this.#isTold(path)) return undefined;
      return row.kind === 'peak' ? this.#peaks.get(row.columns.join()) : added(row, first, last);
    };
    const groups = Object.entries(KERNEL_GROUPS).map(
      ([name, rows]) => [name, present(rows, (key, row) => valueOf(`${name}.${key}`, row))] as const,
    );
    const cpu = coreUse(first, last);
    const evidence: KernelEvidence = {
      ...present(KERNEL_COUNTERS, valueOf),
      ...Object.fromEntries(groups.filter(([, values]) => Object.keys(values).length > 0)),
      ...(cpu.length > 0 ? { cpu } : {}),
    };
    if (Object.keys(evidence).length === 0) return undefined;
    if (!this.#keepsIntervals) return evidence;
    return { ...evidence, intervals: this.#intervals.finish() };
  }

  /** Returns the fills of the reading. */
  #notePeaks(reading: KernelReading): Record<string, number> {
    const fills: Record<string, number> = {};
    for (const [path, { kind, columns }] of KERNEL_ROWS) {
      if (kind !== 'peak' || !this.#isTold(path)) continue;
      const values = columns.flatMap((column) => reading.columns.get(column) ?? []);
      if (values.length === 0) continue;
      const key = columns.join();
      const fill = sumOf(values);
      fills[path] = fill;
      this.#peaks.set(key, Math.max(this.#peaks.get(key) ?? 0, fill));
    }
    return fills;
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** What was added to each counter that moved. */
function moved(from: KernelReading, to: KernelReading, isTold: (path: string) => boolean): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [path, row] of KERNEL_ROWS) {
    const count = row.kind === 'peak' || !isTold(path) ? undefined : added(row, from, to);
    if (count !== undefined && count > 0) counts[path] = count;
  }
  return counts;
}

function added(row: KernelRow, from: KernelReading, to: KernelReading): number | undefined {
  const values = row.columns.flatMap((column) => addedTo(column, from, to) ?? []);
  return values.length === 0 ? undefined : sumOf(values);
}

function present(
  rows: Readonly<Record<string, KernelRow>>,
  valueOf: (key: string, row: KernelRow) => number | undefined,
): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [key, row] of Object.entries(rows)) {
    const value = valueOf(key, row);
    if (value !== undefined) values[key] = value;
  }
  return values;
}

function coreUse(first: KernelReading, last: KernelReading): CoreUse[] {
  const cores: CoreUse[] = [];
  for (const [core, before] of first.cores) {
    const after = last.cores.get(core);
    if (after === undefined) continue;
    // Idle time is estimated and can go back by a tick.
    const spent = (kind: keyof typeof before): number => Math.max(0, after[kind] - before[kind]);
    cores.push({
      core,
      user_usec: spent('user'),
      system_usec: spent('system'),
      irq_usec: spent('irq'),
      softirq_usec: spent('softirq'),
      steal_usec: spent('steal'),
      idle_usec: spent('idle'),
    });
  }
  return cores;
}
