/** What is told of the kernel's counters: values by their paths, and sentences. Reads nothing itself, so that reports load no reader. */
import { KERNEL_ROWS, isShown, type KernelContext } from '../document/kernel-table.ts';
import type { CoreUse, KernelEvidence } from '../document/kernel-evidence.ts';
import { CORES_BUSY } from './busy-cores.ts';
import { formatShare } from '../units/format.ts';

/** What a value of the evidence is, by its path: `listen_drops`, `conntrack.drop`. */
export function kernelValue(evidence: KernelEvidence | undefined, path: string): number | undefined {
  let node: unknown = evidence;
  for (const key of path.split('.')) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  return typeof node === 'number' ? node : undefined;
}

/** What the reasons of a verdict and the findings say of the kernel, by their code: the path of the row that says the same. */
const TOLD_BY_CODE: Readonly<Record<string, string>> = {
  conntrack_full: 'conntrack.drop',
  cpu_throttled: 'cgroup.throttled',
  listen_queue_overflow: 'listen_overflows',
};

/** One plain sentence for each value that matters; most often there is none. What is `told` by reasons of a verdict or by findings is not told again. */
export function kernelSentences(
  evidence: KernelEvidence,
  attempts: number,
  durationSec: number,
  told: readonly { readonly code: string }[] = [],
): string[] {
  const toldPaths = new Set(told.map(({ code }) => TOLD_BY_CODE[code]));
  const isBusyTold = told.some(({ code }) => code === CORES_BUSY);
  const context: KernelContext = { attempts, durationSec, value: (path) => kernelValue(evidence, path) };
  const sentences: string[] = [];
  for (const [path, row] of KERNEL_ROWS) {
    const value = context.value(path);
    if (toldPaths.has(path) || row.says === undefined || value === undefined) continue;
    if (isShown(value, row, context)) sentences.push(row.says(value, context));
  }
  return [...sentences, ...(evidence.cpu ?? []).flatMap((core) => coreSentence(core, isBusyTold) ?? [])];
}

const BUSY_SHARE = 0.95;
const SOFTIRQ_SHARE = 0.5;
const STEAL_SHARE = 0.05;

function coreSentence(use: CoreUse, isBusyTold: boolean): string | undefined {
  const { core, softirq_usec: softirq, steal_usec: steal, idle_usec: idle } = use;
  const total = use.user_usec + use.system_usec + use.irq_usec + softirq + steal + idle;
  // Half a second of ticks says something.
  if (total < 500_000) return undefined;
  if (steal > total * STEAL_SHARE) {
    return `Core ${core} of this machine was taken away for ${formatShare(steal, total)} of the time by the host it runs on (steal): what is measured here is measured with gaps.`;
  }
  if (softirq > total * SOFTIRQ_SHARE) {
    return `Core ${core} of this machine spent ${formatShare(softirq, total)} of the time on packets (softirq): spread them over more cores (RSS, RPS, more source addresses).`;
  }
  if (!isBusyTold && total - idle > total * BUSY_SHARE) {
    return `Core ${core} of this machine was busy for ${formatShare(total - idle, total)} of the time, everything that runs here taken together: what needed it had to wait.`;
  }
  return undefined;
}
