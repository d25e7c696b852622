/** `conngen lab`: plan a matrix, run its cells, keep every one. */
import { isDone, type LabResult } from '../../document/lab.ts';
import { labSystem } from '../../document/system.ts';
import { planLab, type LabInput, type PlannedLab } from '../../lab/plan.ts';
import { plannedCellSec } from '../../lab/run.ts';
import { withoutOptions } from '../../options/names.ts';
import { LAB_OPTIONS } from '../../options/tables/lab.ts';
import { readOptions } from '../../options/read.ts';
import { launchOf } from '../../runtime/launch.ts';
import { VERSION } from '../../units/version.ts';
import { LabProgress } from '../../view/live/lab-progress.ts';
import { labListText } from '../../view/text/lab.ts';
import { labLivePlan } from '../live-plan.ts';
import { handlerOf, type Command } from '../command.ts';
import { EXIT_DONE, EXIT_FAILED } from '../process/exit-codes.ts';
import type { Io } from '../process/io.ts';

const LAB: Command<LabInput, PlannedLab, LabResult> = {
  endingEarly: 'ending early, the cells that are done are kept; a second signal ends it immediately',
  read: (raw) => readOptions(LAB_OPTIONS, raw),
  plan: async (input) => {
    const planned = await planLab(input, labSystem(), VERSION, new Date());
    return 'problems' in planned ? planned : { plan: planned, notices: [] };
  },
  preview: (input, { lab, cells, times }) =>
    input.list.value ? labListText(lab, cells, plannedCellSec(lab, times)) : null,
  live: ({ plan }, io) => progressOf(io, plan),
  livePlan: labLivePlan,
  run: async (plan, { raw, emit, stop }) => {
    const { runLab } = await import('../../lab/run-lab.ts');
    return runLab(plan, { launch: launchOf(withoutOptions(raw.env)), emit, stop });
  },
  look: (_input, { directory }) => ({ directory }),
  exitCodeOf: ({ cells }) => (cells.every(isDone) ? EXIT_DONE : EXIT_FAILED),
};

/** Returns the exit code: 1 where a cell failed, 130 or 143 after a signal; cells that were done are kept. */
export const labCommand = handlerOf(LAB);

function progressOf(io: Io, { lab, cells, before }: PlannedLab): LabProgress {
  const done = before?.cells.filter(isDone).length ?? 0;
  return new LabProgress(io.stderr, { lab, total: cells.length, before: done });
}
