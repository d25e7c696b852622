/** Addresses as an engine has them that answers for them itself: runs of numbers, the kernel's own ones apart. */
import type { Family } from './address.ts';
import { runOf, toNumber, toText, type SourceRuns } from './sources.ts';

/** Addresses in a row, as numbers: of IPv4 `high` is 0 and `low` below 2^32. A run never crosses a border of 2^64. */
export interface AddressRun {
  readonly family: Family;
  /** The upper 64 bits, for IPv6. */
  readonly high: bigint;
  readonly low: bigint;
  readonly count: number;
  /** The kernel has these addresses too: it answers ARP for them, and only our ports of them are ours. */
  readonly isKernels: boolean;
}

/** How many runs an engine can tell apart: what its program in the kernel has room for. */
export const ADDRESS_RUNS_MAX = 1024;

const BITS = 64n;
const BORDER = 1n << BITS;

/** The runs of `sources` in their order, split where the kernel's own addresses begin and end, and at borders of 2^64. */
export function addressRuns(sources: SourceRuns, kernels: readonly string[]): AddressRun[] {
  const own = kernels.flatMap((address) => toNumber(address.replace(/%.*$/, '')) ?? []);
  return sources.flatMap((spec) => {
    const { family, first, count } = runOf(spec);
    const end = first + BigInt(count);
    const ownHere = own.filter((each) => each.family === family && each.value >= first && each.value < end);
    return cut(family, first, end, new Set(ownHere.map(({ value }) => value)));
  });
}

/** The addresses from `first` to before `end` as runs, those of the kernel in runs of their own. */
function cut(family: Family, first: bigint, end: bigint, kernels: ReadonlySet<bigint>): AddressRun[] {
  const borders = [...kernels]
    .flatMap((value) => [value, value + 1n])
    .filter((at) => kernels.has(at) !== kernels.has(at - 1n));
  const ends = [...borders, (first / BORDER + 1n) * BORDER, end].filter((at) => at > first && at <= end);
  let from = first;
  return [...new Set(ends)]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((to) => {
      const start = from;
      from = to;
      const count = Number(to - start);
      return { family, high: start >> BITS, low: start % BORDER, count, isKernels: kernels.has(start) };
    });
}

/** An address of a run as a literal; the first one if nothing else is said. */
export function addressIn({ family, high, low }: AddressRun, index = 0): string {
  return toText(family, (high << BITS) + low + BigInt(index));
}

export function countAddresses(runs: readonly AddressRun[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}
