/** How the thread that carries a load divides its processor time, seen from outside. */
import { readFileSync, readdirSync } from 'node:fs';

const SAMPLE_MS = 100;

interface Sample {
  readonly atMs: number;
  /** By thread: its time in user space and in the kernel, in ticks (proc(5), stat). */
  readonly threads: ReadonlyMap<string, readonly [number, number]>;
}

/**
 * BusiestThread samples the threads of a program while it runs. The compiler of V8 and the main thread have threads of their own: what they
 * take in a short run is not the cost of a connection.
 */
export class BusiestThread {
  readonly #root: number;
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  /** `root`: a process that starts the program, or the program. */
  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  #sample(): void {
    try {
      const pid = lastDescendant(this.#root);
      const ids = readdirSync(`/proc/${pid}/task`).filter((id) => id !== String(pid));
      const threads = new Map(ids.map((id) => [id, ticksOf(`/proc/${pid}/task/${id}/stat`)] as const));
      this.#samples.push({ atMs: performance.now(), threads });
    } catch {
      // The program has not begun, or a thread has just ended.
    }
  }

  /**
   * Ends the sampling. Returns which part of its processor time the busiest thread spent in user space in its last `seconds` of work;
   * undefined where nothing was seen.
   */
  stop(seconds: number): number | undefined {
    clearInterval(this.#timer);
    const totals = new Map<string, number>();
    for (const { threads } of this.#samples) for (const [id, [user, system]] of threads) totals.set(id, user + system);
    const [busiest] = [...totals].sort(([, a], [, b]) => b - a);
    if (busiest === undefined) return undefined;
    const [id, total] = busiest;
    const own = this.#samples.flatMap(({ atMs, threads }) => {
      const ticks = threads.get(id);
      return ticks === undefined ? [] : [{ atMs, user: ticks[0], system: ticks[1] }];
    });
    const last = own.find(({ user, system }) => user + system === total)!;
    const first = own.findLast(({ atMs }) => atMs <= last.atMs - seconds * 1000) ?? own[0]!;
    const elapsed = total - first.user - first.system;
    return elapsed > 0 ? (last.user - first.user) / elapsed : undefined;
  }
}

function ticksOf(file: string): readonly [number, number] {
  const stat = readFileSync(file, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [Number(fields[11]), Number(fields[12])];
}

/** The process at the end of a chain of processes that wait for each other: shell, timeout, program. */
function lastDescendant(root: number): number {
  for (let pid = root; ;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (children === '') return pid;
    pid = Number(children.split(' ')[0]);
  }
}
