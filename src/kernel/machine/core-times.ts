/** How the cores of this machine spend their time, from /proc/stat. */
import { readProc } from '../proc.ts';

/** USER_HZ, the unit of /proc/stat: 100 on every machine that Linux gives user space (proc(5)). */
const TICK_USEC = 10_000;
/** How a core spent its time since boot, in microseconds, to the tick of 10 ms. Time of guests is within `user`. */
export interface CoreTimes {
  readonly user: number;
  readonly system: number;
  readonly irq: number;
  readonly softirq: number;
  readonly steal: number;
  /** Idle time, the wait for disks included. */
  readonly idle: number;
}

/** The times of each core, by its number. */
export type Cores = ReadonlyMap<number, CoreTimes>;

/** Over less time than this the ticks of 10 ms say too little. */
const USEC_MIN = 250_000;

/** Reads the times of all cores: one file, some 0.1 ms. Empty where the kernel or container does not show it. */
export function readCores(): Cores {
  return parseCores(readProc('/proc/stat') ?? '');
}

/**
 * Returns the share of the time between two readings in which the `allowed` cores (all where it is undefined), taken together, were not
 * idle. Time that the host of a virtual machine took away counts as busy. Undefined where the readings are less than 0.25 s apart, or say nothing of these cores.
 */
export function busyShareBetween(from: Cores, to: Cores, allowed?: ReadonlySet<number>): number | undefined {
  let busyUsec = 0;
  let allUsec = 0;
  let cores = 0;
  for (const [core, before] of from) {
    const after = to.get(core);
    if (after === undefined || allowed?.has(core) === false) continue;
    // Idle time is estimated and can go back by a tick.
    const spent = (kind: keyof CoreTimes): number => Math.max(0, after[kind] - before[kind]);
    const busy = spent('user') + spent('system') + spent('irq') + spent('softirq') + spent('steal');
    busyUsec += busy;
    allUsec += busy + spent('idle');
    cores++;
  }
  return cores === 0 || allUsec < cores * USEC_MIN ? undefined : busyUsec / allUsec;
}

/** The lines `cpu0 user nice system idle iowait irq softirq steal guest guest_nice` of /proc/stat. */
export function parseCores(text: string): Cores {
  const cores = new Map<number, CoreTimes>();
  for (const [, core, rest] of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const [user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0] = rest!
      .trim()
      .split(/\s+/)
      .map(Number);
    if (user === undefined || nice === undefined || system === undefined || idle === undefined) continue;
    cores.set(Number(core), {
      user: (user + nice) * TICK_USEC,
      system: system * TICK_USEC,
      irq: irq * TICK_USEC,
      softirq: softirq * TICK_USEC,
      steal: steal * TICK_USEC,
      idle: (idle + iowait) * TICK_USEC,
    });
  }
  return cores;
}
