/** `conngen lab`: plan a matrix, run its cells, keep every one. */
import { arch, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Lab, Launch } from '../../lab/lab.ts';
import type { Axis, Cell } from '../../document/lab-description.ts';
import { inPlanOrder, isDone, type CellResult, type LabResult, type LabSystem } from '../../document/lab.ts';
import { plannedCellSec, runCells } from '../../lab/run.ts';
import { labMarkdown } from '../../view/markdown/lab.ts';
import { LabProgress } from '../../view/live/lab-progress.ts';
import { labListText, labText } from '../../view/text/lab.ts';
import { reasonOf } from '../../run/output.ts';
import { VERSION } from '../../units/version.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { checkFiles, type FileInput } from '../file-checks.ts';
import { printProblems, type Io } from '../process/io.ts';
import { deliver } from '../deliver.ts';
import { keepLab } from '../../lab/directory.ts';
import { planLab, type PlannedLab } from '../../lab/plan.ts';
import { openLog, type Log } from '../process/log.ts';
import { ENV_PREFIX, LAB_OPTIONS, TABLES } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { answeringSignals, type StopRequest } from '../process/signals.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/conngen.js', import.meta.url));

/** Returns the exit code: 1 where a cell failed, 130 or 143 after a signal; cells that were done are kept. */
export function labCommand(raw: RawInput, io: Io): Promise<number> {
  return answeringSignals(io, (stop) => planAndRun(raw, io, stop));
}

async function planAndRun(raw: RawInput, io: Io, stop: StopRequest): Promise<number> {
  const { input, problems, warnings } = readOptions(LAB_OPTIONS, raw, Object.values(TABLES));
  const [planned, fileProblems] = await Promise.all([
    planLab(input, thisSystem(), VERSION, new Date()),
    checkFiles(input),
  ]);
  // What was typed and could not be read is no option that was left out.
  const typed = new Set(problems.map(({ option }) => option));
  const further = 'problems' in planned ? planned.problems.filter(({ option }) => !typed.has(option)) : [];
  const allProblems = [...problems, ...further, ...fileProblems];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const { lab, cells, times } = planned;
  if (input.list.value) {
    await io.print(labListText(lab, cells, plannedCellSec(lab, times)));
    return EXIT_DONE;
  }
  const progress = input.quiet.value ? null : progressOf(io, planned);
  const log = await openLog(io, { quiet: input.quiet.value, beforeLine: () => progress?.clear() });
  for (const warning of warnings) log.warn(warning);
  const run = new LabRun(planned, { log, progress, stop, launch: launchOf(raw.env) });
  return run.runAndReport(io, input);
}

function progressOf(io: Io, { lab, cells, times, before }: PlannedLab): LabProgress {
  const done = before?.cells.filter(isDone).length ?? 0;
  return new LabProgress(io.stderr, {
    lab,
    total: cells.length,
    before: done,
    plannedCellSec: plannedCellSec(lab, times),
  });
}

/** Options in the environment are for this command, not for those that it starts. */
function launchOf(env: RawInput['env']): Launch {
  return {
    command: process.execPath,
    args: [...process.execArgv, LAUNCHER],
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(ENV_PREFIX))),
  };
}

function thisSystem(): LabSystem {
  const cores = cpus();
  return {
    kernel: release(),
    node: process.versions.node,
    cpus: cores.length,
    cpu_model: cores[0]?.model.trim() ?? arch(),
  };
}

interface Surroundings {
  readonly log: Log;
  readonly progress: LabProgress | null;
  readonly stop: StopRequest;
  readonly launch: Launch;
}

/** One run of a planned lab, and the results that it keeps. */
class LabRun {
  readonly #lab: Lab;
  readonly #axes: readonly Axis[];
  readonly #planned: PlannedLab;
  readonly #around: Surroundings;
  #results: readonly CellResult[];
  #isKept = true;

  constructor(planned: PlannedLab, around: Surroundings) {
    this.#planned = planned;
    this.#lab = planned.lab;
    this.#axes = planned.lab.axes(planned.plan.quick);
    this.#around = around;
    this.#results = planned.before?.cells ?? [];
  }

  async runAndReport(io: Io, files: FileInput): Promise<number> {
    const { log, progress, stop, launch } = this.#around;
    const { directory, times } = this.#planned;
    stop.onFirst((name) => log.info(`${name}: ending early, the cells that are done are kept; once more ends at once`));
    if (!(await this.#keep(false))) return EXIT_FAILED;
    await runCells(
      this.#lab,
      this.#remaining(),
      { times, launch, stop: stop.signal },
      {
        onCell: (cell) => progress?.start(cell),
        onResult: async (result) => {
          progress?.end(result);
          this.#results = [...this.#results, result];
          await this.#keep(false);
        },
      },
    );
    progress?.clear();
    await this.#keep(true);
    const result = this.#result();
    const delivered = await deliver(io, log, files, {
      json: JSON.stringify(result, null, 2),
      text: labText(this.#lab, result, directory, io.style),
      markdown: () => labMarkdown(this.#lab, result, directory),
    });
    const isComplete = result.cells.every(isDone);
    return stop.exitCode() ?? (isComplete && delivered && this.#isKept ? EXIT_DONE : EXIT_FAILED);
  }

  /** Cells that failed before are tried again. */
  #remaining(): Cell[] {
    const done = new Set(this.#results.filter(isDone).map(({ cell }) => cell));
    return this.#planned.cells.filter(({ name }) => !done.has(name));
  }

  #result(): LabResult {
    const { plan, system, startedAt } = this.#planned;
    const cells = inPlanOrder(plan, this.#results);
    const isInterrupted = this.#around.stop.exitCode() !== null && cells.length < plan.cells.length;
    return {
      schema: 'conngen.lab/1',
      conngen: VERSION,
      lab: this.#lab.name,
      title: this.#lab.title,
      started_at: startedAt,
      system,
      plan,
      quantity: { name: this.#lab.quantity.name, unit: this.#lab.quantity.unit },
      ...(isInterrupted ? { interrupted: true } : {}),
      cells,
    };
  }

  /** Whether it could be written. What cannot be written now may be so after the next cell: the lab goes on. */
  async #keep(withPlots: boolean): Promise<boolean> {
    const { directory } = this.#planned;
    try {
      await keepLab(directory, { lab: this.#lab, axes: this.#axes, result: this.#result() }, withPlots);
      this.#isKept = true;
    } catch (error) {
      this.#around.log.error(`${directory} could not be written: ${reasonOf(error)}`);
      this.#isKept = false;
    }
    return this.#isKept;
  }
}
