/** `conngen doctor`: the plan of a client, examined instead of run. */
import type { DoctorResult } from '../../document/doctor.ts';
import { DOCTOR_OPTIONS } from '../../options/tables/doctor.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { clientPlan } from '../../plan/client-plan.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { handlerOf, type Command } from '../command.ts';
import { EXIT_DONE, EXIT_FAILED } from '../process/exit-codes.ts';

const read = (raw: RawInput) => readOptions(DOCTOR_OPTIONS, raw);
type DoctorInput = ReturnType<typeof read>['input'];

/** More open files than any plan needs: what does not fit becomes a finding, not a refusal. */
const NO_LIMIT = 2 ** 40;

export const DOCTOR: Command<DoctorInput, ClientPlan, DoctorResult> = {
  hasPlainLog: true,
  opensNoSinks: true,
  read,
  plan: (input, machine) =>
    clientPlan(input, { ...machine, fdLimit: NO_LIMIT, missingSources: () => Promise.resolve([]) }),
  run: async (plan, { input, machine }) => {
    // Loaded here: what refuses its input needs no engine.
    const { runDoctor } = await import('../../doctor/examine.ts');
    const { askedOf } = await import('../../doctor/client-start.ts');
    return runDoctor(plan, askedOf(input, plan, machine));
  },
  look: (input) => ({ leavesOutOk: input.quiet.value }),
  exitCodeOf: ({ status }) => (status === 'problem' ? EXIT_FAILED : EXIT_DONE),
};

/** Returns the exit code: 1 where a problem makes the plan impossible, or where the result could not be written. */
export const doctorCommand = handlerOf(DOCTOR);
