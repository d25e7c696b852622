/** Cores as people and the kernel list them: `0`, `0-3`, `0,2,4-6` (cpuset(7), list format). */
import { accept, refuse, type Parsed } from '../../units/problem.ts';

const MOST = 4096;

/** Parses a list of cores, and keeps its order. */
export function parseCpuList(text: string): Parsed<readonly number[]> {
  const expected = 'the numbers of cores, such as 0, 0-3 or 0,2';
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    const match = /^\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*$/.exec(part);
    if (match === null) return refuse(expected);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last >= MOST) return refuse(expected);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return accept(cpus);
}
