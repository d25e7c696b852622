/** What this machine's kernel counted during a round: the `kernel` block of results. */
import type { KERNEL_COUNTERS, KERNEL_GROUPS } from './kernel-table.ts';

/** How one processor spent a round, in microseconds, to the tick of 10 ms. */
export interface CoreUse {
  /** The number of the processor. */
  readonly core: number;
  /** Microseconds in user mode. */
  readonly user_usec: number;
  /** Microseconds in the kernel. */
  readonly system_usec: number;
  /** Microseconds in interrupts. */
  readonly irq_usec: number;
  /** Microseconds on packets and timers (softirq). */
  readonly softirq_usec: number;
  /** Microseconds taken away by the host of a virtual machine (steal). */
  readonly steal_usec: number;
  /** Microseconds idle, or waiting for disks. */
  readonly idle_usec: number;
}

/** What an interval of a round added to the counters. */
export interface KernelInterval {
  /** When the interval begins, in seconds since the first reading. */
  readonly start_sec: number;
  /** How long the interval is, in seconds. */
  readonly length_sec: number;
  /** What was added, only counters that moved. A counter of a group is named with its group: `conntrack.drop`. */
  readonly added: Readonly<Record<string, number>>;
}

/** The counters outside of the groups, each a difference over the round. */
type Counters = { readonly [Key in keyof typeof KERNEL_COUNTERS]?: number };

/** The groups of counters. */
type Groups = {
  readonly [Group in keyof typeof KERNEL_GROUPS]?: { readonly [Key in keyof (typeof KERNEL_GROUPS)[Group]]?: number };
};

/**
 * What this machine's kernel counted: differences from the first reading of a round to the last; of fills (`conntrack.count`,
 * `sockets`) the highest reading. A key is absent where this kernel or container does not count it.
 */
export interface KernelEvidence extends Counters, Groups {
  /** How each processor spent the round. */
  readonly cpu?: readonly CoreUse[];
  /** What each interval of the round added. Only there in the result of a client. */
  readonly intervals?: readonly KernelInterval[];
}
