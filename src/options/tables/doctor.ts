/** The options of `conngen doctor`: the plan of a client, which it examines and does not run. */
import type { OptionTable } from '../../units/option.ts';
import { CLIENT_OPTIONS } from './client.ts';

/** Nothing runs that a live view could show. */
const { ui: _, ...PLAN_OPTIONS } = CLIENT_OPTIONS;

export const DOCTOR_OPTIONS = {
  ...PLAN_OPTIONS,
  quiet: { ...CLIENT_OPTIONS.quiet, help: 'leave out the checks that are ok' },
} as const satisfies OptionTable;
