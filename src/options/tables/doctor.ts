/** The options of `conngen doctor`: the plan of a client, which it examines and does not run. */
import type { OptionTable } from '../../units/option.ts';
import { CLIENT_OPTIONS } from './client.ts';

export const DOCTOR_OPTIONS = {
  ...CLIENT_OPTIONS,
  quiet: { ...CLIENT_OPTIONS.quiet, help: 'leave out the checks that are ok' },
} as const satisfies OptionTable;
