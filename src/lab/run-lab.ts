/** Runs a planned lab: its cells one after the other, and the directory that keeps what they gave. */
import type { Axis, Cell } from '../document/lab-description.ts';
import type { Launch } from '../runtime/launch.ts';
import { inPlanOrder } from './cells.ts';
import { type CellResult, isDone, type LabResult } from '../document/lab.ts';
import { estimateOf } from '../run/estimate.ts';
import type { RunContext } from '../run/events.ts';
import { reasonOf } from '../run/output.ts';
import { OWN_ERROR_CODES } from '../units/error-codes.ts';
import { RunError } from '../units/run-error.ts';
import { NS_PER_MS, NS_PER_SEC } from '../units/quantity.ts';
import { VERSION } from '../units/version.ts';
import { keepLab } from './directory.ts';
import type { PlannedLab } from './plan.ts';
import { plannedCellSec, runCells } from './run.ts';
import { timeLeftSec } from './time-left.ts';

/** What the run of a lab is given beside its plan. When `stop` aborts, the cell under way is dropped. */
export interface LabContext extends RunContext {
  readonly launch: Launch;
  readonly stop: AbortSignal;
}

/** Runs what is left of a lab. Rejects with `RunError` where the directory cannot be written before the first cell. */
export async function runLab(planned: PlannedLab, { launch, emit, stop }: LabContext): Promise<LabResult> {
  const kept = new KeptCells(planned, stop);
  await kept.keep(false).catch((error: unknown) => {
    throw new RunError('lab_unkept', unkept(planned, error), OWN_ERROR_CODES.lab_unkept.remedy, { cause: error });
  });
  // What cannot be written now may be so after the next cell, but for the last time.
  const tryToKeep = (isLast: boolean): Promise<void> =>
    kept.keep(isLast).catch((error: unknown) => {
      emit?.({ type: 'notice', level: isLast ? 'failure' : 'error', text: unkept(planned, error) });
    });
  const { lab, times } = planned;
  const cells = kept.remaining();
  const target = lab.name;
  emit?.({
    type: 'run-started',
    command: 'lab',
    startedAt: new Date(),
    target,
    engine: null,
    notes: [],
    rounds: cells.length,
  });
  const tookSec: number[] = [];
  const begin = performance.now();
  const tellTime = (): void => {
    const leftSec = timeLeftSec({ plannedCellSec: plannedCellSec(lab, times), total: cells.length, tookSec });
    emit?.(estimateOf({ elapsedNs: (performance.now() - begin) * NS_PER_MS, leftNs: leftSec * NS_PER_SEC }));
  };
  tellTime();
  await runCells(
    lab,
    cells,
    { times, launch, stop },
    {
      onCell: ({ name }, index) => emit?.({ type: 'cell-started', index, cell: name }),
      onResult: async (result, index) => {
        kept.add(result);
        tookSec.push(result.took_sec);
        tellTime();
        emit?.({ type: 'cell-ended', index, result });
        await tryToKeep(false);
      },
    },
  );
  await tryToKeep(true);
  const result = kept.result();
  emit?.({ type: 'run-ended', result });
  return result;
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
