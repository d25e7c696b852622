/** Clock, clock rate and kind of machine, by /sys and /proc. */
import { readProc, type ReadFile } from '../proc.ts';

export interface ClockSource {
  readonly current: string;
  readonly available: readonly string[];
}

/** What the kernel keeps time with; undefined where it does not say. */
export function readClockSource(read: ReadFile = readProc): ClockSource | undefined {
  const folder = '/sys/devices/system/clocksource/clocksource0';
  const current = read(`${folder}/current_clocksource`)?.trim();
  if (current === undefined || current === '') return undefined;
  return { current, available: (read(`${folder}/available_clocksource`) ?? '').split(/\s+/).filter(Boolean) };
}

/** The frequency governors in use, each once; undefined where the kernel sets no frequencies (as in most virtual machines). */
export function readGovernors(read: ReadFile = readProc): string[] | undefined {
  const governors = cpusOnline(read)
    .map((cpu) => read(`/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_governor`)?.trim())
    .filter((governor) => governor !== undefined);
  return governors.length === 0 ? undefined : [...new Set(governors)].sort();
}

/** `0-3,8` as numbers. */
function cpusOnline(read: ReadFile): number[] {
  const parts = (read('/sys/devices/system/cpu/online') ?? '0').split(',');
  return parts.flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  });
}

/** Files whose presence names the container engine. */
const CONTAINER_FILES: readonly (readonly [string, string])[] = [
  ['/.dockerenv', 'docker'],
  ['/run/.containerenv', 'podman'],
];

/** The kind of container this process is in, `null` where nothing says that it is in one. */
export function readContainer(read: ReadFile = readProc): string | null {
  const named = read('/run/systemd/container')?.trim();
  if (named !== undefined && named !== '') return named;
  for (const [path, name] of CONTAINER_FILES) if (read(path) !== undefined) return name;
  return /(docker|kubepods|containerd|libpod|lxc)/.exec(read('/proc/1/cgroup') ?? '')?.[1] ?? null;
}

/** The maker of the virtual machine we are in, null where the processor says it is none, undefined where it cannot be told. */
export function readVirtualMachine(read: ReadFile = readProc): string | null | undefined {
  const xen = read('/sys/hypervisor/type')?.trim();
  if (xen !== undefined && xen !== '') return xen;
  const cpuinfo = read('/proc/cpuinfo');
  const onArm = read('/proc/device-tree/hypervisor/compatible');
  const hasFlag = /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo ?? '');
  if (onArm === undefined && !hasFlag) {
    // Only x86 has the flag: elsewhere its absence says nothing.
    return /^flags\s*:/m.test(cpuinfo ?? '') ? null : undefined;
  }
  const maker = [read('/sys/class/dmi/id/sys_vendor'), read('/sys/class/dmi/id/product_name')]
    .map((text) => text?.trim() ?? '')
    .filter((text) => text !== '');
  return maker.length > 0 ? maker.join(' ') : 'maker unknown';
}

/** Whether no user can write sysctls here, root included: containers mount /proc/sys read-only. */
export function isSysctlReadOnly(read: ReadFile = readProc): boolean {
  const mount = (read('/proc/self/mountinfo') ?? '').split('\n').find((line) => line.split(' ')[4] === '/proc/sys');
  return mount !== undefined && (mount.split(' ')[5] ?? '').split(',').includes('ro');
}

/** Packets that were dropped because a core's queue was full, since boot: the second column of /proc/net/softnet_stat. */
export function readBacklogDrops(read: ReadFile = readProc): number | undefined {
  const text = read('/proc/net/softnet_stat');
  if (text === undefined || text === '') return undefined;
  return text.split('\n').reduce((sum, line) => sum + Number.parseInt(line.split(' ')[1] ?? '0', 16), 0);
}

/** Open files of all processes: the first number of /proc/sys/fs/file-nr. */
export function readFilesInUse(read: ReadFile = readProc): number | undefined {
  const inUse = /^\d+/.exec(read('/proc/sys/fs/file-nr') ?? '')?.[0];
  return inUse === undefined ? undefined : Number(inUse);
}
