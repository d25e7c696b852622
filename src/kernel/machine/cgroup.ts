/** What this process's control groups leave it of the processors and the memory, and how often they stopped it (cgroups(7), sched-bwc). */
import { dirname, join } from 'node:path';
import { readProc, type ReadFile } from '../proc.ts';

export interface CpuQuota {
  /** Processor seconds a second. */
  readonly cores: number;
  /** The file that says so. */
  readonly path: string;
}

/** The tightest quota on the way up from this process; null where there is none, undefined where it cannot be told. */
export function readCpuQuota(read: ReadFile = readProc): CpuQuota | null | undefined {
  const quotas = readCpuQuotas(read);
  return quotas === undefined ? undefined : (quotas.sort((a, b) => a.cores - b.cores)[0] ?? null);
}

/** What quotas did to the processes of a group since it was made. */
export interface CpuThrottling {
  /** Periods in which the group was stopped. */
  readonly count: number;
  /** How long the group was throttled, its cores added up. */
  readonly usec: number;
}

/** Throttling by all quotas on the way up from this process, added up; undefined where there is no quota, or no count. */
export function readCpuThrottling(read: ReadFile = readProc): CpuThrottling | undefined {
  const counted = (readCpuQuotas(read) ?? []).flatMap(({ path }) => throttlingOf(dirname(path), read) ?? []);
  if (counted.length === 0) return undefined;
  const total = (pick: (each: CpuThrottling) => number): number => counted.reduce((sum, each) => sum + pick(each), 0);
  return { count: total(({ count }) => count), usec: total(({ usec }) => usec) };
}

/** Version 2 has `throttled_usec`, version 1 `throttled_time` in ns. */
function throttlingOf(directory: string, read: ReadFile): CpuThrottling | undefined {
  const text = read(join(directory, 'cpu.stat')) ?? '';
  const numberOf = (name: string): number | undefined => {
    const digits = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const ns = numberOf('throttled_time');
  const usec = numberOf('throttled_usec') ?? (ns === undefined ? undefined : Math.round(ns / 1e3));
  const count = numberOf('nr_throttled');
  return usec === undefined || count === undefined ? undefined : { count, usec };
}

/**
 * The least memory that a control group on the way up from this process, or the machine, has: the kernel kills what takes more.
 * `machineBytes` is the machine's.
 */
export function memoryLimitBytes(machineBytes: number, read: ReadFile = readProc): number {
  const limits = limitsUpwards('memory', memoryLimitV2, memoryLimitV1, read) ?? [];
  return Math.min(machineBytes, ...limits);
}

/** `max`, or bytes. */
function memoryLimitV2(directory: string, read: ReadFile): number | null {
  return bytesOf(read(join(directory, 'memory.max')));
}

/** Without a limit it is the largest number of whole pages, which exceeds any machine's memory. */
function memoryLimitV1(directory: string, read: ReadFile): number | null {
  return bytesOf(read(join(directory, 'memory.limit_in_bytes')));
}

function bytesOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

/** Every quota on the way up from this process; undefined where it cannot be told. */
function readCpuQuotas(read: ReadFile): CpuQuota[] | undefined {
  return limitsUpwards('cpu', quotaV2, quotaV1, read);
}

/** Every limit of a controller on the way up from this process, by version of its hierarchy; undefined where it cannot be told. */
function limitsUpwards<Limit>(
  controller: string,
  limitV2: ReadLimit<Limit>,
  limitV1: ReadLimit<Limit>,
  read: ReadFile,
): Limit[] | undefined {
  const groups = read('/proc/self/cgroup');
  const mounts = read('/proc/self/mountinfo');
  if (groups === undefined || mounts === undefined) return undefined;
  return groups.split('\n').flatMap((line) => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isV2 = line.startsWith('0::');
    if (!isV2 && !controllers.split(',').includes(controller)) return [];
    const mount = findMount(mounts, isV2 ? 'cgroup2' : 'cgroup', isV2 ? null : controller);
    return mount === undefined ? [] : groupsUpwards(mount, path, isV2 ? limitV2 : limitV1, read);
  });
}

interface Mount {
  readonly point: string;
  /** Which group is at the mount point. */
  readonly root: string;
}

/** In mountinfo (proc(5)): the group at the root, the mount point, then after a dash the type and the controllers. */
function findMount(mounts: string, type: string, controller: string | null): Mount | undefined {
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [foundType, , options = ''] = after.split(' ');
    if (foundType !== type || root === undefined || point === undefined) continue;
    if (controller === null || options.split(',').includes(controller)) return { root, point };
  }
  return undefined;
}

type ReadLimit<Limit> = (directory: string, read: ReadFile) => Limit | null;

function groupsUpwards<Limit>(mount: Mount, path: string, limitOf: ReadLimit<Limit>, read: ReadFile): Limit[] {
  const inside = path.startsWith(mount.root) ? path.slice(mount.root.length) : '';
  const limits: Limit[] = [];
  for (let directory = join(mount.point, inside); ; directory = dirname(directory)) {
    const limit = limitOf(directory, read);
    if (limit !== null) limits.push(limit);
    if (directory.length <= mount.point.length) return limits;
  }
}

/** `max 100000` or `50000 100000`: microseconds in a period. */
function quotaV2(directory: string, read: ReadFile): CpuQuota | null {
  const path = join(directory, 'cpu.max');
  const [quota, period] = (read(path) ?? '').split(' ').map(Number);
  return quotaFrom(quota, period, path);
}

/** -1 is no quota. */
function quotaV1(directory: string, read: ReadFile): CpuQuota | null {
  const path = join(directory, 'cpu.cfs_quota_us');
  return quotaFrom(Number(read(path) ?? '-1'), Number(read(join(directory, 'cpu.cfs_period_us')) ?? '0'), path);
}

function quotaFrom(quota: number | undefined, period: number | undefined, path: string): CpuQuota | null {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return null;
  return { cores: quota / period, path };
}
