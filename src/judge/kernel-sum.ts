/** What several kernels counted, added up. */
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import { KERNEL_COUNTERS, KERNEL_GROUPS, KERNEL_ROWS } from '../document/kernel-table.ts';

/** A quota stops one control group: times of several do not add up to one. */
const NOT_ADDED: readonly string[] = ['cgroup'] satisfies readonly (keyof typeof KERNEL_GROUPS)[];

/** Where something was counted. */
interface Place {
  /** Kernels with one network namespace: `Description.host`. */
  readonly host: string;
  /** Kernels, whatever the namespace: `Description.machine`. */
  readonly machine: string;
}

/** What was counted, and where. */
export type Placed<Counted> = Place & { readonly counted: Counted };

/**
 * Returns the sums of the counters over kernels; of fills the sums of the highest readings. What the kernel counts for a network namespace
 * is taken once for each `host`, what it counts for the machine once for each `machine`, from the first that counted it. Processors, CPU
 * quotas and intervals are left out: they are those of one machine. Undefined where there is nothing to add.
 */
export function sumKernelEvidence(kernels: readonly Placed<KernelEvidence>[]): KernelEvidence | undefined {
  const groups = Object.entries(KERNEL_GROUPS)
    .filter(([group]) => !NOT_ADDED.includes(group))
    .map(([group, rows]) => {
      const parts = kernels.map((each) => ({ ...each, counted: groupOf(each.counted, group) }));
      return [group, sums(parts, Object.keys(rows), `${group}.`)] as const;
    });
  const all = {
    ...sums(kernels, Object.keys(KERNEL_COUNTERS), ''),
    ...Object.fromEntries(groups.filter(([, values]) => Object.keys(values).length > 0)),
  };
  return Object.keys(all).length === 0 ? undefined : all;
}

/** Returns the sums of counters by their path, as `sumKernelEvidence` adds them up. */
export function sumCounters(parts: readonly Placed<Readonly<Record<string, number>>>[]): Record<string, number> {
  return sums(parts, [...new Set(parts.flatMap(({ counted }) => Object.keys(counted)))], '');
}

function groupOf(kernel: KernelEvidence, group: string): object {
  return (kernel as Readonly<Record<string, object | undefined>>)[group] ?? {};
}

/** A key that no kernel counts is left out. */
function sums(parts: readonly Placed<object>[], keys: readonly string[], prefix: string): Record<string, number> {
  const all: Record<string, number> = {};
  for (const key of keys) {
    const scope = KERNEL_ROWS.get(prefix + key)?.isOfWholeMachine === true ? 'machine' : 'host';
    const counted = new Set<string>();
    for (const part of parts) {
      const value = (part.counted as Readonly<Record<string, unknown>>)[key];
      if (typeof value !== 'number' || counted.has(part[scope])) continue;
      counted.add(part[scope]);
      all[key] = (all[key] ?? 0) + value;
    }
  }
  return all;
}
