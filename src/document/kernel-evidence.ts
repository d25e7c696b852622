import type { KernelCounter, KernelGroup } from './kernel-table.ts';
import type { KERNEL_GROUPS } from './kernel-table.ts';

/** How a core spent a round, in microseconds, to the tick of 10 ms. */
export interface CoreUse {
  readonly core: number;
  readonly user_usec: number;
  readonly system_usec: number;
  readonly irq_usec: number;
  readonly softirq_usec: number;
  readonly steal_usec: number;
  readonly idle_usec: number;
}

/** What an interval added, only what moved; a group's key with its group, `conntrack.drop`. */
export interface KernelInterval {
  readonly start_sec: number;
  readonly length_sec: number;
  readonly added: Readonly<Record<string, number>>;
}

/**
 * Differences from the first reading to the last; of fills the highest reading. A key is absent where this kernel or
 * container does not count it.
 */
export type KernelEvidence = Readonly<Partial<Record<KernelCounter, number>>> & {
  readonly [Group in KernelGroup]?: { readonly [Key in keyof (typeof KERNEL_GROUPS)[Group]]?: number };
} & { readonly cpu?: readonly CoreUse[]; readonly intervals?: readonly KernelInterval[] };
