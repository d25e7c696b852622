import { errnoName } from '../errno.ts';
import { loadLibc } from '../libc.ts';
import { readProc } from '../proc.ts';

/** The cores that this process may run on, as the kernel lists them (`0-1`); undefined where it does not say. */
export function allowedCpuList(): string | undefined {
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(readProc('/proc/self/status') ?? '')?.[1];
}

/** The numbers of the cores that this process may run on; undefined where the kernel does not say. */
export function allowedCpus(): ReadonlySet<number> | undefined {
  const list = allowedCpuList();
  if (list === undefined) return undefined;
  const cpus = new Set<number>();
  for (const [, first, last = first] of list.matchAll(/(\d+)(?:-(\d+))?/g))
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.add(cpu);
  return cpus;
}

/** Keeps the calling thread on one core (sched_setaffinity(2)). Returns the name of the error where the kernel refuses, else null. */
export function pinThread(cpu: number): string | null {
  const libc = loadLibc();
  const mask = libc.alloc(Math.ceil((cpu + 1) / 64) * 8);
  mask.bytes[cpu >> 3] = 1 << (cpu & 7);
  return libc.sched_setaffinity(0, mask.bytes.length, mask.address) < 0 ? errnoName(libc.errno()) : null;
}
