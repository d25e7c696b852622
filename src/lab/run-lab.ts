/** Runs a planned lab: its cells one after the other, and the directory that keeps what they gave. */
import type { Axis, Cell } from '../document/lab-description.ts';
import type { Launch } from './lab.ts';
import { inPlanOrder } from './cells.ts';
import { type CellResult, isDone, type LabResult } from '../document/lab.ts';
import { reasonOf } from '../run/output.ts';
import { RunError } from '../units/run-error.ts';
import { VERSION } from '../units/version.ts';
import { keepLab } from './directory.ts';
import type { PlannedLab } from './plan.ts';
import { runCells } from './run.ts';

export interface RunLabHooks {
  readonly launch: Launch;
  /** When it aborts, the cell under way is dropped and those that are done are reported. */
  readonly stop: AbortSignal;
  onCell?(cell: Cell): void;
  onResult?(result: CellResult): void;
  /** The directory could not be written. Unless `isFinal`, the next cell tries again. */
  onUnkept?(message: string, isFinal: boolean): void;
}

/** Rejects with `RunError` where the directory cannot be written before the first cell. */
export async function runLab(planned: PlannedLab, hooks: RunLabHooks): Promise<LabResult> {
  const kept = new KeptCells(planned, hooks.stop);
  await kept.keep(false).catch((error: unknown) => {
    throw new RunError('lab_unkept', unkept(planned, error), '', { cause: error });
  });
  const tryToKeep = (withPlots: boolean): Promise<void> =>
    kept.keep(withPlots).catch((error: unknown) => hooks.onUnkept?.(unkept(planned, error), withPlots));
  const { lab, times } = planned;
  await runCells(
    lab,
    kept.remaining(),
    { times, launch: hooks.launch, stop: hooks.stop },
    {
      onCell: (cell) => hooks.onCell?.(cell),
      onResult: async (result) => {
        hooks.onResult?.(result);
        kept.add(result);
        await tryToKeep(false);
      },
    },
  );
  await tryToKeep(true);
  return kept.result();
}

function unkept({ directory }: PlannedLab, error: unknown): string {
  return `${directory} could not be written: ${reasonOf(error)}`;
}

/** The results of a lab so far. */
class KeptCells {
  readonly #planned: PlannedLab;
  readonly #stop: AbortSignal;
  readonly #axes: readonly Axis[];
  #results: readonly CellResult[];

  constructor(planned: PlannedLab, stop: AbortSignal) {
    this.#planned = planned;
    this.#stop = stop;
    this.#axes = planned.lab.axes(planned.plan.quick);
    this.#results = planned.before?.cells ?? [];
  }

  add(result: CellResult): void {
    this.#results = [...this.#results, result];
  }

  /** Cells that failed before are tried again. */
  remaining(): Cell[] {
    const done = new Set(this.#results.filter(isDone).map(({ cell }) => cell));
    return this.#planned.cells.filter(({ name }) => !done.has(name));
  }

  result(): LabResult {
    const { lab, plan, system, startedAt } = this.#planned;
    const cells = inPlanOrder(plan, this.#results);
    const isInterrupted = this.#stop.aborted && cells.length < plan.cells.length;
    return {
      schema: 'conngen.lab/1',
      conngen: VERSION,
      lab: lab.name,
      title: lab.title,
      started_at: startedAt,
      system,
      plan,
      quantity: { name: lab.quantity.name, unit: lab.quantity.unit },
      ...(isInterrupted ? { interrupted: true } : {}),
      cells,
    };
  }

  keep(withPlots: boolean): Promise<void> {
    const { lab, directory } = this.#planned;
    return keepLab(directory, { lab, axes: this.#axes, result: this.result() }, withPlots);
  }
}
