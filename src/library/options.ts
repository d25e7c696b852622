/** The options of the library: the names of `--config`, with values as text or as numbers in the option's unit. */
import type { Command, CommandContext, CommonInput } from '../cli/command.ts';
import { thisMachine } from '../cli/machine.ts';
import { FORMAT_NAMES, type FormatName } from '../document/formats.ts';
import type { Document } from '../document/read.ts';
import { withoutFollowOn } from '../options/follow-on.ts';
import { shownOf, shownValue, type RawInput } from '../options/read.ts';
import { METRIC_OPTIONS } from '../options/tables/metrics.ts';
import type { OptionTable } from '../units/option.ts';
import type { RunContext } from '../run/events.ts';
import { SINK_NAMES, type SinkName } from '../run/sinks/table.ts';
import { formatProblem, type Problem } from '../units/problem.ts';

/** What a program gives as a value: text as on the command line, a number in the option's unit, true or false for a switch. */
export type OptionValue = string | number | boolean;

type Underscored<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}_${Underscored<Tail>}`
  : Name;

/** What a program does itself with the result and the intervals. */
type OutputName = FormatName | SinkName | keyof typeof METRIC_OPTIONS | 'config' | 'quiet' | 'ui';

/** The options of a command, by their names with `-` or `_`. A list is for options that may be repeated. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Name in Exclude<keyof Table & string, OutputName> as Name | Underscored<Name>]?:
    | (Table[Name] extends { readonly repeatable: true } ? OptionValue | readonly OptionValue[] : OptionValue)
    | undefined;
};

/** What the command line would refuse. Nothing was started. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  readonly code = 'options_refused';
  /** Every problem, each with the option, the value that was given, and what was expected. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

const OUTPUT_NAMES: readonly string[] = [
  ...FORMAT_NAMES,
  ...SINK_NAMES,
  ...Object.keys(METRIC_OPTIONS),
  'config',
  'quiet',
  'ui',
];

/** A command that was planned and may be run. */
export interface Planned<Result> {
  /** What is odd and no problem, a sentence each. */
  readonly notices: readonly string[];
  readonly run: (context: Required<RunContext>) => Promise<Result>;
}

/** Checks the options of a command as the command line does. Rejects with `OptionsError`. */
export async function planCommand<Input extends CommonInput, Plan, Result extends Document>(
  name: string,
  command: Command<Input, Plan, Result>,
  options: object,
): Promise<Planned<Result>> {
  const { values, problems: refused } = valuesOf(name, options);
  const raw: RawInput = { command: `${name}()`, flags: new Map(), extra: [], env: {}, values };
  const machine = thisMachine();
  const { input, problems, warnings } = command.read(raw);
  const planned = await command.plan(input, machine);
  const all = [
    ...refused,
    ...problems,
    ...withoutFollowOn('problems' in planned ? planned.problems : [], problems),
    ...withoutFollowOn(command.check?.(input) ?? [], problems),
  ];
  if (all.length > 0 || 'problems' in planned) throw new OptionsError(all);
  const { plan, notices } = planned;
  const more = (await command.warnings?.({ input, plan, machine })) ?? [];
  return {
    notices: [...warnings, ...notices, ...more],
    run: (context) => command.run(plan, { input, machine, raw, ...context } satisfies CommandContext<Input>),
  };
}

function valuesOf(name: string, options: object): { values: object; problems: Problem[] } {
  // A program in JavaScript can give anything.
  if (!isPlainObject(options)) {
    const expected = "an object whose keys are names of options, such as { rate: '5k' }";
    return { values: {}, problems: [{ option: 'options', got: shownOf(options), expected }] };
  }
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    if (OUTPUT_NAMES.includes(key.replaceAll('_', '-'))) {
      const expected = `an option of ${name}(): files, messages and the result are up to the program`;
      problems.push({ option: key, got: shownValue(value, shownBy(key.replaceAll('_', '-'))), expected });
    } else values[key] = value;
  }
  return { values, problems };
}

/** What a message may show of a value of the option. */
function shownBy(name: string): (text: string) => string {
  const table: OptionTable = METRIC_OPTIONS;
  return table[name]?.masked ?? ((text) => text);
}

/** Not a list, a Map or the like, whose entries are no options. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
