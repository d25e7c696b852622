/** What several kernels counted, added up. */
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import { KERNEL_COUNTERS, KERNEL_GROUPS } from '../document/kernel-table.ts';

/** A quota stops one control group: times of several do not add up to one. */
const NOT_ADDED: readonly string[] = ['cgroup'] satisfies readonly (keyof typeof KERNEL_GROUPS)[];

/**
 * Returns the sums of the counters over kernels, one evidence for each kernel; of fills the sums of the highest readings. Processors,
 * CPU quotas and intervals are left out: they are those of one machine. Undefined where there is nothing to add.
 */
export function sumKernelEvidence(kernels: readonly KernelEvidence[]): KernelEvidence | undefined {
  const groups = Object.entries(KERNEL_GROUPS)
    .filter(([group]) => !NOT_ADDED.includes(group))
    .map(
      ([group, rows]) =>
        [
          group,
          sums(
            kernels.map((kernel) => groupOf(kernel, group)),
            Object.keys(rows),
          ),
        ] as const,
    );
  const all = {
    ...sums(kernels, Object.keys(KERNEL_COUNTERS)),
    ...Object.fromEntries(groups.filter(([, values]) => Object.keys(values).length > 0)),
  };
  return Object.keys(all).length === 0 ? undefined : all;
}

function groupOf(kernel: KernelEvidence, group: string): object {
  return (kernel as Readonly<Record<string, object | undefined>>)[group] ?? {};
}

/** A key that no kernel counts is left out. */
function sums(parts: readonly object[], keys: readonly string[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const part of parts as readonly Readonly<Record<string, unknown>>[]) {
    for (const key of keys) {
      const value = part[key];
      if (typeof value === 'number') all[key] = (all[key] ?? 0) + value;
    }
  }
  return all;
}
