import { formatLatency, formatShare } from '../units/format.ts';

interface CpuTime {
  readonly user_usec: number;
  readonly system_usec: number;
}

/**
 * How much of the time was user and how much system, where that can be told. The kernel only samples it, at its ticks; what starts
 * on a schedule falls in step with them and is then seen always in the one or always in the other. The sum is exact.
 */
export function cpuSplit({ user_usec: user, system_usec: system }: CpuTime, offeredPerSec: number | null): string {
  const total = user + system;
  if (offeredPerSec !== null || total === 0) return '';
  return ` (${formatShare(user, total)} of it user, ${formatShare(system, total)} system)`;
}

/** The processor time for each connection or ping, as in results: 0 where it is not known. */
export function cpuPerEach(usec: number): string {
  return usec === 0 ? '-' : formatLatency(usec * 1e3);
}
