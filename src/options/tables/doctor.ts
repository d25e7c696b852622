/** The options of `conngen doctor`: the plan of a client, which it examines and does not run. */
import type { OptionTable } from '../../units/option.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { without } from './common.ts';
import { FLEET_OPTIONS } from './fleet.ts';

const FLEET_NAMES = Object.keys(FLEET_OPTIONS) as (keyof typeof FLEET_OPTIONS)[];

/** Nothing runs that a live view could show, or that a fleet could do. */
const PLAN_OPTIONS = without(CLIENT_OPTIONS, ['ui', ...FLEET_NAMES]);

export const DOCTOR_OPTIONS = {
  ...PLAN_OPTIONS,
  quiet: { ...CLIENT_OPTIONS.quiet, help: 'leave out the checks that are ok' },
} as const satisfies OptionTable;
