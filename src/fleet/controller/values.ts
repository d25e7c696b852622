/** The options of a run as its agents are told them: by name, as texts, as `--config` has them. */
import { formatFinish } from '../../plan/exchange/finish.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import type { OptionTable } from '../../units/option.ts';
import { isExplicit, type Given } from '../../units/problem.ts';
import { orderedOptions } from '../trust/plan-options.ts';

export type Values = Readonly<Record<string, string | readonly string[]>>;

/** What was read of options, by name. */
type Input = Readonly<Record<string, unknown>>;

/** Returns the options that agents are told: those that were given, and those whose default is not that of the agents' `table`. */
export function valuesOf(input: object, table: OptionTable): Values {
  const values: Record<string, string | readonly string[]> = {};
  for (const name of orderedOptions(table)) {
    const spec = table[name]!;
    const given = [(input as Input)[name] ?? []].flat().filter(isGiven);
    if (given.length === 0) continue;
    const texts = given.map(({ text }) => text);
    if (!given.some(isExplicit) && texts.join(',') === spec.default) continue;
    values[name] = spec.repeatable === true ? texts : texts[0]!;
  }
  return values;
}

/** The same for trials, whose plan differs from what was typed: several payloads are a session each, and stages have connections. */
export function trialValues(input: object, plan: ClientPlan, table: OptionTable): Values {
  const {
    payload: _,
    rate: _rate,
    ramp: _ramp,
    steps: _steps,
    count: _count,
    ...values
  } = valuesOf(input, table) as Record<string, Values[string]>;
  if (plan.payload.length === 0) delete values['payload-size'];
  return {
    ...values,
    finish: formatFinish(plan.finish),
    ...(plan.payloadFile === null || plan.payload.length === 0 ? {} : { payload: plan.payloadFile }),
    ...(plan.isInStages ? { 'max-in-flight': String(plan.maxInFlight) } : {}),
  };
}

function isGiven(value: unknown): value is Given<unknown> {
  return typeof value === 'object' && value !== null && 'text' in value && 'origin' in value;
}
