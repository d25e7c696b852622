/**
 * The way of every command that makes a document: read the options, plan, check, log, run, deliver, exit. A command is a
 * `Command`: the parts in which it differs from the others.
 */
import { withoutFollowOn } from '../options/follow-on.ts';
import type { RawInput, ReadInput } from '../options/read.ts';
import type { Machine, Planned } from '../plan/demand/machine.ts';
import type { LiveSink, RunContext, RunEvent, Sink } from '../run/events.ts';
import { openMetrics, type MetricsInput, type OpenedMetrics } from '../run/metrics/open.ts';
import type { LivePlan } from '../view/live/tui/plan.ts';
import { allSinks } from '../run/sinks/all.ts';
import { openSinks } from '../run/sinks/table.ts';
import { InputError } from '../units/input-error.ts';
import type { Given, Problem } from '../units/problem.ts';
import { render } from '../view/renderers.ts';
import { PLAIN_LOOK, type Look } from '../view/look.ts';
import type { Document } from '../document/read.ts';
import type { Handler } from './command-row.ts';
import { deliver } from './deliver.ts';
import { checkFiles, STDOUT, type FileInput } from './file-checks.ts';
import { thisMachine } from './machine.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from './process/exit-codes.ts';
import { printProblems, type Io } from './process/io.ts';
import { uiOf, uiProblems, type Ui } from './process/ui.ts';
import type { UiChoice } from '../options/tables/ui.ts';
import { logSink } from './process/log-sink.ts';
import { lineLog, openLog, type Log } from './process/log.ts';
import { answeringSignals, type StopRequest } from './process/signals.ts';

/** The options that every such command has, and those that name a file. */
export interface CommonInput extends FileInput, MetricsInput {
  readonly quiet: Given<boolean>;
  readonly ui?: Given<UiChoice> | undefined;
}

/** What the run of a command is given beside its plan. */
export interface CommandContext<Input> extends Required<RunContext> {
  readonly input: Input;
  readonly machine: Machine;
  readonly raw: RawInput;
}

/** What a plan has passed before it runs. */
export interface Start<Input, Plan> {
  readonly input: Input;
  readonly plan: Plan;
  readonly machine: Machine;
}

export interface Command<Input extends CommonInput, Plan, Result extends Document> {
  /** What a first signal is answered with: `SIGINT: ending early, …`. Without it the command is given up a second after. */
  readonly endingEarly?: string;
  /** The log writes plain lines: loading the logger would take longer than the command. */
  readonly hasPlainLog?: true;
  /** With `--json -` stdout carries a JSON document a line: events, and the result as the last of them. */
  readonly hasJsonLines?: true;
  read(raw: RawInput): ReadInput<Input>;
  plan(input: Input, machine: Machine): Promise<Planned<Plan>>;
  /** Problems that only the input shows, not the plan. */
  check?(input: Input): readonly Problem[];
  /** The text that answers in place of a run, such as a list; null where the command is to run. */
  preview?(input: Input, plan: Plan): string | null;
  /** What deserves a warning before the run. */
  warnings?(start: Start<Input, Plan>): Promise<readonly string[]> | readonly string[];
  /** What shows the run on stderr in lines; not asked for with `--quiet`. */
  live?(start: Start<Input, Plan>, io: Io): LiveSink;
  /** What the view on the whole terminal has to know of the plan. */
  livePlan?(start: Start<Input, Plan>): LivePlan;
  /** What else listens to the run, beside the log, the live view and the sinks that the options name. */
  sinks?(start: Start<Input, Plan>, io: Io, log: Log): readonly Sink[];
  /** The command runs nothing: the sinks that its options name are checked with its plan and not opened. */
  readonly opensNoSinks?: true;
  /** Rejects with `RunError` where it cannot run. */
  run(plan: Plan, context: CommandContext<Input>): Promise<Result>;
  /** How the document is to look, where its kind leaves a choice. */
  look?(input: Input, plan: Plan): Partial<Look>;
  /** The exit code of a run that was not interrupted and whose result was delivered. */
  exitCodeOf(result: Result): number;
}

export function handlerOf<Input extends CommonInput, Plan, Result extends Document>(
  command: Command<Input, Plan, Result>,
): Handler {
  return (raw, io) => answeringSignals(io, (stop) => planAndRun(command, raw, io, stop));
}

async function planAndRun<Input extends CommonInput, Plan, Result extends Document>(
  command: Command<Input, Plan, Result>,
  raw: RawInput,
  io: Io,
  stop: StopRequest,
): Promise<number> {
  const read = command.read(raw);
  // A plan keeps its source ports away from ports that are listened on, so those of metrics are taken before it.
  const metrics = await openMetrics(read.input);
  try {
    return await planAndRunWith(metrics, command, read, { raw, io, stop });
  } finally {
    await metrics.close();
  }
}

/** What a command line is given beside its options. */
interface Around {
  readonly raw: RawInput;
  readonly io: Io;
  readonly stop: StopRequest;
}

async function planAndRunWith<Input extends CommonInput, Plan, Result extends Document>(
  metrics: OpenedMetrics,
  command: Command<Input, Plan, Result>,
  { input, problems, warnings }: ReadInput<Input>,
  { raw, io, stop }: Around,
): Promise<number> {
  const machine = thisMachine();
  const [planned, fileProblems] = await Promise.all([command.plan(input, machine), checkFiles(input)]);
  const allProblems = [
    ...problems,
    ...withoutFollowOn('problems' in planned ? planned.problems : [], problems),
    ...fileProblems,
    ...metrics.problems,
    ...withoutFollowOn(command.check?.(input) ?? [], problems),
    ...(command.livePlan === undefined ? [] : uiProblems(input, io.terminal)),
  ];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const { plan, notices } = planned;
  const preview = command.preview?.(input, plan) ?? null;
  if (preview !== null) {
    await io.print(preview);
    return EXIT_DONE;
  }
  const start = { input, plan, machine };
  try {
    return await runAndDeliver(command, start, [...warnings, ...notices], { raw, io, stop, metrics });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    printProblems(io, error.problems, raw.command);
    return stop.exitCode() ?? EXIT_USAGE;
  }
}

async function liveOf<Input extends CommonInput, Plan, Result extends Document>(
  command: Command<Input, Plan, Result>,
  start: Start<Input, Plan>,
  io: Io,
  ui: Ui,
): Promise<LiveSink | null> {
  if (ui === 'none') return null;
  if (ui === 'line' || io.terminal === undefined || command.livePlan === undefined) {
    return command.live?.(start, io) ?? null;
  }
  // Loaded here: few commands end on a terminal.
  const { Tui } = await import('../view/live/tui/tui.ts');
  const style = { columns: io.style.columns, colours: io.colourLogs };
  return new Tui(io.terminal.open(style), command.livePlan(start));
}

async function runAndDeliver<Input extends CommonInput, Plan, Result extends Document>(
  command: Command<Input, Plan, Result>,
  start: Start<Input, Plan>,
  warnings: readonly string[],
  { raw, io, stop, metrics }: Around & { readonly metrics: OpenedMetrics },
): Promise<number> {
  const { input, plan, machine } = start;
  const ui = uiOf(input, io.terminal);
  let live: LiveSink | null = null;
  const log = command.hasPlainLog
    ? lineLog(io)
    : await openLog(io, { quiet: ui === 'none', beforeLine: () => live?.clear() });
  for (const warning of [...warnings, ...((await command.warnings?.(start)) ?? [])]) log.warn(warning);
  const { endingEarly } = command;
  if (endingEarly !== undefined) stop.onFirst((name) => log.info(`${name}: ${endingEarly}`));
  const tell = (message: string): void => log.error(message);
  const files = command.opensNoSinks === true ? [] : await openSinks(input, { tell, print: io.print });
  const metricSinks = command.opensNoSinks === true ? [] : metrics.sinks(log);
  const own = command.sinks?.(start, io, log) ?? [];
  // The last of all: from here on the terminal is given back whatever happens.
  live = await liveOf(command, start, io, ui);
  const listeners = allSinks([logSink(log), ...own, ...files, ...metricSinks, ...(live === null ? [] : [live])], tell);
  const emit = (event: RunEvent): void => listeners.on(event);
  try {
    const context = { input, machine, raw, stop: stop.signal, emit };
    const result = await command.run(plan, context).catch(async (error: unknown) => {
      await listeners.close(false);
      throw error;
    });
    const isWhole = await listeners.close(true);
    const look = { ...PLAIN_LOOK, style: io.style, ...command.look?.(input, plan) };
    const isDelivered = await deliver(io, log, input, (format) =>
      format === 'json' && command.hasJsonLines === true && input.json?.value === STDOUT
        ? Promise.resolve(`${JSON.stringify(result)}\n`)
        : render(result, format, look),
    );
    return stop.exitCode() ?? (isWhole && isDelivered ? command.exitCodeOf(result) : EXIT_FAILED);
  } finally {
    live?.clear();
  }
}
