import type { BpfProgram, Register } from '../../../kernel/xdp/bpf-program.ts';
import type { AddressRun } from '../../seam/link.ts';

/** Runs that are no neighbours, of one family: the search among more would be too long a program. */
export const ADDRESS_RUNS_MAX = 1024;

/** The registers of the search. The address is in `high` and `low`, or for IPv4 in `low` alone; the others are overwritten. */
export interface SearchRegisters {
  readonly high: Register;
  readonly low: Register;
  readonly scratch: Register;
  readonly spare: Register;
}

/** Runs in order, those that touch or overlap joined to one. */
export function joinRuns(runs: readonly AddressRun[]): AddressRun[] {
  const sorted = [...runs].sort((a, b) => Number(a.high - b.high) || Number(a.low - b.low));
  const joined: AddressRun[] = [];
  for (const run of sorted) {
    const last = joined.at(-1);
    const touches =
      last?.high === run.high && last.isKernels === run.isKernels && run.low <= last.low + BigInt(last.count);
    if (last === undefined || !touches) joined.push(run);
    else {
      const count = Math.max(last.count, Number(run.low - last.low) + run.count);
      joined[joined.length - 1] = { ...last, count };
    }
  }
  return joined;
}

/**
 * Writes what is at the labels `ours4` and `ours6`: a binary search that jumps to `take` where the address is in a run of ours, to `kernel` where
 * the kernel has the run too, and to `pass` where it is in none.
 */
export function emitRunSearch(program: BpfProgram, runs: readonly AddressRun[], registers: SearchRegisters): void {
  for (const family of [4, 6] as const) {
    const own = joinRuns(runs.filter((run) => run.family === family));
    if (own.length === 0) continue;
    program.label(`ours${family}`);
    new RunSearch(program, registers, own).write(0, own.length);
  }
}

class RunSearch {
  readonly #program: BpfProgram;
  readonly #registers: SearchRegisters;
  readonly #runs: readonly AddressRun[];

  constructor(program: BpfProgram, registers: SearchRegisters, runs: readonly AddressRun[]) {
    this.#program = program;
    this.#registers = registers;
    this.#runs = runs;
  }

  /** The search among the runs from `first` to before `end`. */
  write(first: number, end: number): void {
    if (end - first === 1) {
      this.#decide(this.#runs[first]!);
      return;
    }
    const middle = (first + end) >>> 1;
    const upper = `run ${this.#runs[middle]!.family} ${middle}`;
    this.#jumpIfFrom(this.#runs[middle]!, upper);
    this.write(first, middle);
    this.#program.label(upper);
    this.write(middle, end);
  }

  /** Jumps where the address is at the beginning of the run or above. */
  #jumpIfFrom(run: AddressRun, label: string): void {
    const p = this.#program;
    const { high, low, scratch } = this.#registers;
    if (run.family === 4) {
      p.jumpIf32(low, '>=', Number(run.low), label);
      return;
    }
    const lower = `below ${label}`;
    p.loadImmediate64(scratch, run.high);
    p.jumpIf(high, '>', scratch, label);
    p.jumpIf(high, '<', scratch, lower);
    p.loadImmediate64(scratch, run.low);
    p.jumpIf(low, '>=', scratch, label);
    p.label(lower);
  }

  #decide(run: AddressRun): void {
    const p = this.#program;
    const { high, low, scratch, spare } = this.#registers;
    p.move(scratch, low);
    if (run.family === 4) p.subtract32(scratch, Number(run.low));
    else {
      p.loadImmediate64(spare, run.high);
      p.jumpIf(high, '!=', spare, 'pass');
      p.loadImmediate64(spare, run.low);
      p.subtract(scratch, spare);
    }
    // What is below the run is far above its count, for the difference is unsigned.
    p.loadImmediate64(spare, BigInt(run.count));
    p.jumpIf(scratch, '>=', spare, 'pass');
    p.jump(run.isKernels ? 'kernel' : 'take');
  }
}
