/** What the processes of this machine use of its processors, from /proc. */
import { readdirSync } from 'node:fs';
import { readProc, type ReadFile } from '../proc.ts';

/** USER_HZ, the unit of times in /proc, is 100 on every architecture that Node runs on. */
const USEC_PER_TICK = 10_000;

/** The processor time of one process since its start. */
export interface ProcessTime {
  readonly pid: number;
  readonly name: string;
  readonly usec: number;
}

/** Every process whose figures this one may read, by its number. Takes about 20 µs for each. */
export function readProcesses(
  list: () => readonly string[] = listProc,
  read: ReadFile = readProc,
): ReadonlyMap<number, ProcessTime> {
  const processes = new Map<number, ProcessTime>();
  for (const entry of list()) {
    if (!/^\d+$/.test(entry)) continue;
    const found = parseStat(read(`/proc/${entry}/stat`) ?? '');
    if (found !== null) processes.set(found.pid, found);
  }
  return processes;
}

function listProc(): readonly string[] {
  try {
    return readdirSync('/proc');
  } catch {
    return [];
  }
}

/** proc_pid_stat(5). A name may hold spaces and parentheses: it ends at the last one. */
function parseStat(stat: string): ProcessTime | null {
  const opens = stat.indexOf('(');
  const closes = stat.lastIndexOf(')');
  if (opens < 1 || closes < opens) return null;
  const fields = stat.slice(closes + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  if (!Number.isFinite(user + system)) return null;
  return {
    pid: Number.parseInt(stat, 10),
    name: stat.slice(opens + 1, closes),
    usec: (user + system) * USEC_PER_TICK,
  };
}

/** What each process used between two readings, the most first; processes that used nothing, and `self`, are left out. */
export function usedBetween(
  before: ReadonlyMap<number, ProcessTime>,
  after: ReadonlyMap<number, ProcessTime>,
  self = process.pid,
): ProcessTime[] {
  return [...after.values()]
    .map((each) => ({ ...each, usec: each.usec - (before.get(each.pid)?.usec ?? 0) }))
    .filter(({ pid, usec }) => usec > 0 && pid !== self)
    .sort((a, b) => b.usec - a.usec);
}
