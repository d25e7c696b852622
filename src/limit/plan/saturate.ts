/** From what the user gave to the checked plan of `saturate`, or to everything that is wrong with it. */
import type { SaturateConfig } from '../../document/config.ts';
import { unmeasured, type Criterion } from '../../judge/criterion.ts';
import type { Machine, Planned } from '../../plan/demand/machine.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import { NS_PER_SEC, formatDuration } from '../../units/quantity.ts';
import { LATENCIES_MIN } from '../../judge/floor.ts';
import { timedOffer } from '../decide/quantity.ts';
import type { SaturateOptions } from '../decide/saturate.ts';
import { checkRates, limitConfig, planClient, portNotices, type LimitInput } from './common.ts';
import { checkMaxTime } from '../time-limit.ts';

export interface SaturateInput extends LimitInput {
  readonly start: Given<number>;
  readonly factor: Given<number>;
  readonly slowdown: Given<number>;
  readonly compare: Given<'base' | 'previous'>;
  readonly goal: Given<Criterion>;
}

export interface SaturatePlan extends SaturateOptions {
  readonly client: ClientPlan;
  readonly goal: Criterion;
  readonly maxTimeNs: number;
}

export async function saturatePlan(input: SaturateInput, machine: Machine): Promise<Planned<SaturatePlan>> {
  const client = await planClient(input, machine);
  const problems: Problem[] = 'problems' in client ? [...client.problems] : [];
  checkRates(input.start, input['max-rate'], problems);
  problems.push(...unmeasured([input.goal], input));
  const attempts = (input.start.value * input.duration.value) / NS_PER_SEC;
  if (attempts < LATENCIES_MIN) {
    const neededNs = Math.ceil(LATENCIES_MIN / input.start.value) * NS_PER_SEC;
    const expected = `at least ${LATENCIES_MIN} connections in a step, or its p90 is chance (--duration ${formatDuration(neededNs)} would do)`;
    problems.push(problemOf(input.start, expected));
  }
  if ('plan' in client) {
    checkMaxTime(
      input['max-time'],
      client.plan,
      timedOffer(input.start.value, input.duration.value),
      '--duration',
      problems,
    );
  }
  if (problems.length > 0 || 'problems' in client) return { problems };
  const plan: SaturatePlan = {
    client: client.plan,
    startPerSec: input.start.value,
    factor: input.factor.value,
    slowdown: input.slowdown.value,
    compare: input.compare.value,
    maxPerSec: input['max-rate'].value,
    goal: input.goal.value,
    maxTimeNs: input['max-time'].value,
  };
  return {
    plan,
    notices: [...client.notices, ...portNotices(client.plan, input['max-rate'].value, input['max-time'].value)],
  };
}

/** Returns the `config` of a result: every option as it took effect. */
export function saturateConfig(plan: SaturatePlan): SaturateConfig {
  return {
    ...limitConfig(plan.client),
    start_per_sec: plan.startPerSec,
    factor: plan.factor,
    slowdown: plan.slowdown,
    compare: plan.compare,
    max_rate_per_sec: plan.maxPerSec,
    goal: plan.goal.expression,
    max_time_sec: plan.maxTimeNs / NS_PER_SEC,
  };
}
