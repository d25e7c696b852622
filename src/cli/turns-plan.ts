/** Plans the runs of `conngen compare --run`: both files of options are read and planned before the first run. */
import { readFile } from 'node:fs/promises';
import { figuresOf } from '../compare/figures.ts';
import { configObjections } from '../compare/likeness.ts';
import type { ChangeCriterion } from '../judge/change-criterion.ts';
import type { TurnCommand } from '../options/tables/compare.ts';
import { withoutFollowOn } from '../options/follow-on.ts';
import type { RawInput } from '../options/read.ts';
import type { Machine } from '../plan/demand/machine.ts';
import { roundsLeftNs, type RoundTimes } from '../plan/load/round-time.ts';
import { codeOf, problemOf, type Given, type Problem } from '../units/problem.ts';
import type { Document } from '../document/read.ts';
import type { Command, CommonInput } from './command.ts';

/** One side, planned. */
export interface PlannedSide {
  readonly config: object;
  /** How long a run takes; null where that cannot be told, an upper bound of searches and saturations. */
  readonly expectedNs: number | null;
}

/** Plans the run that a file of options describes. */
type PlanSide = (raw: RawInput, machine: Machine) => Promise<PlannedSide | { readonly problems: readonly Problem[] }>;

const PLANNERS: Readonly<Record<TurnCommand, () => Promise<PlanSide>>> = {
  client: async () => {
    const [{ CLIENT }, { clientConfig }] = await Promise.all([
      import('./commands/client.ts'),
      import('../plan/client-plan.ts'),
    ]);
    return planner(CLIENT, clientConfig, (plan) => roundsLeftNs(plan, 0));
  },
  rtt: async () => {
    const [{ RTT }, { rttConfig }] = await Promise.all([import('./commands/rtt.ts'), import('../plan/ping-plan.ts')]);
    return planner(RTT, rttConfig, (plan) => roundsLeftNs(plan satisfies RoundTimes, 0));
  },
  search: async () => {
    const [{ SEARCH }, { searchConfig }] = await Promise.all([
      import('./commands/search.ts'),
      import('../limit/plan/search.ts'),
    ]);
    return planner(SEARCH, searchConfig, ({ maxTimeNs }) => maxTimeNs);
  },
  saturate: async () => {
    const [{ SATURATE }, { saturateConfig }] = await Promise.all([
      import('./commands/saturate.ts'),
      import('../limit/plan/saturate.ts'),
    ]);
    return planner(SATURATE, saturateConfig, ({ maxTimeNs }) => maxTimeNs);
  },
};

function planner<Input extends CommonInput, Plan, Result extends Document>(
  command: Command<Input, Plan, Result>,
  configOf: (plan: Plan) => object,
  expectedNsOf: (plan: Plan) => number | null,
): PlanSide {
  return async (raw, machine) => {
    const { input, problems } = command.read(raw);
    const planned = await command.plan(input, machine);
    const found = [...('problems' in planned ? planned.problems : []), ...(command.check?.(input) ?? [])];
    const all = [...problems, ...withoutFollowOn(found, problems)];
    if (all.length > 0 || 'problems' in planned) return { problems: all };
    return { config: configOf(planned.plan), expectedNs: expectedNsOf(planned.plan) };
  };
}

/** Returns both sides planned, or every problem with them; where the sides differ in what is measured, unless `isForced`. */
export async function planSides(
  command: TurnCommand,
  files: readonly [base: string, next: string],
  { isForced, machine }: { readonly isForced: boolean; readonly machine: Machine },
): Promise<readonly [PlannedSide, PlannedSide] | { readonly problems: readonly Problem[] }> {
  const plan = await PLANNERS[command]();
  const problems: Problem[] = [];
  const sides: PlannedSide[] = [];
  for (const file of new Set(files)) {
    const planned = await planFile(plan, command, file, machine);
    if ('problems' in planned) problems.push(...planned.problems);
    else sides.push(planned);
  }
  if (problems.length > 0) return { problems };
  const [base, next = base] = sides as [PlannedSide, PlannedSide?];
  const unlike = configObjections({ file: files[0], ...base }, { file: files[1], ...next }, isForced);
  return unlike.length > 0 ? { problems: unlike } : [base, next];
}

async function planFile(plan: PlanSide, command: TurnCommand, file: string, machine: Machine): ReturnType<PlanSide> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const expected = `a file of options, as --config has them, that can be read (${codeOf(error)})`;
    return { problems: [{ option: 'file', got: file, expected }] };
  }
  const flags = new Map([['config', [file]]]);
  return plan({ command: `conngen ${command}`, flags, extra: [], env: {}, config: { ok: true, value: text } }, machine);
}

/** Figures that runs of the command do not have: known before the first run, not after the last. */
export function figureProblems(input: {
  readonly command: Given<TurnCommand>;
  readonly figure: readonly Given<string>[];
  readonly 'fail-if': readonly Given<ChangeCriterion>[];
}): Problem[] {
  const command = input.command.value;
  const names = figureNames(command);
  const expected = `a figure of conngen ${command}: ${names.join(', ')}`;
  return [
    ...input.figure.filter(({ value }) => !names.includes(value)),
    ...input['fail-if'].filter(({ value }) => !names.includes(value.figure)),
  ].map((given) => problemOf(given, expected));
}

function figureNames(command: TurnCommand): string[] {
  if (command === 'search') return ['answer'];
  if (command === 'saturate') return ['sustained'];
  return figuresOf(command).map(({ name }) => name);
}
