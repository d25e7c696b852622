/** `conngen doctor`: the plan of a client, examined instead of run. */
import type { Asked } from '../../doctor/situation.ts';
import { affordableInFlight, clientPlan, type ClientInput, type Machine } from '../../plan/client-plan.ts';
import { printable } from '../../units/printable.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { doctorMarkdown } from '../../view/markdown/doctor.ts';
import { checkLine, doctorText } from '../../view/text/doctor.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { checkFiles } from '../file-checks.ts';
import { printProblems, type Io } from '../process/io.ts';
import { deliver } from '../deliver.ts';
import type { Log } from '../process/log.ts';
import { thisMachine } from '../machine.ts';
import { DOCTOR_OPTIONS, TABLES } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { answeringSignals } from '../process/signals.ts';

/** Returns the exit code: 1 where a problem makes the plan impossible, or where the result could not be written. */
export function doctorCommand(raw: RawInput, io: Io): Promise<number> {
  return answeringSignals(io, () => planAndExamine(raw, io));
}

/** As many as nobody needs: what does not fit becomes a finding, not a refusal. */
const NO_LIMIT = 2 ** 40;

async function planAndExamine(raw: RawInput, io: Io): Promise<number> {
  const { input, problems, warnings } = readOptions(DOCTOR_OPTIONS, raw, Object.values(TABLES));
  const machine = thisMachine();
  const [planned, fileProblems] = await Promise.all([
    clientPlan(input, { ...machine, fdLimit: NO_LIMIT, missingSources: async () => Promise.resolve([]) }),
    checkFiles(input),
  ]);
  const log = stderrLog(io);
  for (const warning of warnings) log.warn(warning);
  const allProblems = [...problems, ...('problems' in planned ? planned.problems : []), ...fileProblems];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command);
    return EXIT_USAGE;
  }
  for (const warning of [...planned.notices]) log.warn(warning);
  // Loaded here: what refuses its input needs no engine.
  const { runDoctor } = await import('../../doctor/examine.ts');
  const result = await runDoctor(planned.plan, askedOf(input, machine));
  const shown = { leavesOutOk: input.quiet.value };
  const delivered = await deliver(io, log, input, {
    json: JSON.stringify(result, null, 2),
    text: doctorText(result, shown, io.style),
    markdown: () => doctorMarkdown(result, shown),
  });
  return delivered && result.status !== 'problem' ? EXIT_DONE : EXIT_FAILED;
}

/** What the checks want to know beside the plan. */
function askedOf(input: ClientInput, machine: Machine): Asked {
  return {
    affordable: affordableInFlight(input, machine),
    maxInFlightGiven: input['max-in-flight']?.value ?? null,
  };
}

/** What is certain to stop a client's plan, a line each, by the cheap part of the examination. */
export async function startWarnings(input: ClientInput, plan: ClientPlan, machine: Machine): Promise<string[]> {
  const { findProblems } = await import('../../doctor/examine.ts');
  return findProblems(plan, askedOf(input, machine)).map(checkLine);
}

/** One line at once: loading a logger takes longer than the examination. */
function stderrLog(io: Io): Log {
  const write = (level: string) => (message: string) => void io.stderr.write(`${level}: ${printable(message)}\n`);
  return { info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
}
