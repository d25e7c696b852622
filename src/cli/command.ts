/**
 * The way of every command that makes a document: read the options, plan, check, log, run, deliver, exit. A command is a
 * `Command`: the parts in which it differs from the others.
 */
import type { RawInput, ReadInput } from '../options/read.ts';
import type { Machine, Planned } from '../plan/client-plan.ts';
import type { RunEvent, Sink } from '../run/events.ts';
import type { Given, Problem } from '../units/problem.ts';
import { render } from '../view/renderers.ts';
import { PLAIN_LOOK, type Look } from '../view/look.ts';
import type { Document } from '../document/read.ts';
import { deliver } from './deliver.ts';
import { checkFiles, STDOUT, type FileInput } from './file-checks.ts';
import { thisMachine } from './machine.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from './process/exit-codes.ts';
import { printProblems, type Io } from './process/io.ts';
import { lineLog, openLog, type Log } from './process/log.ts';
import { answeringSignals, type StopRequest } from './process/signals.ts';

/** The options that every such command has, and those that name a file. */
export interface CommonInput extends FileInput {
  readonly quiet: Given<boolean>;
}

/** What a run shows and writes while it goes on. */
export interface Watcher {
  /** Takes a line off the terminal that would be in the way of the next one. */
  clear?(): void;
  /** Ends the files of the run. `isReported`: there is a result. Resolves to whether all of them are whole; what is not is in the log. */
  close?(isReported: boolean): Promise<boolean>;
}

/** A listener of a run's events that may have a line on the terminal. */
export interface CommandSink extends Sink {
  /** Takes the line off the terminal that would be in the way of the next one. */
  clear?(): void;
}

/** What a run is given beside its plan. */
export interface RunContext<Input, Watch> {
  readonly input: Input;
  readonly machine: Machine;
  readonly raw: RawInput;
  readonly io: Io;
  readonly log: Log;
  /** Tells an event to the log and to every sink. */
  readonly emit: (event: RunEvent) => void;
  /** Aborts when the run is to end early and report. */
  readonly stop: AbortSignal;
  /** Null where `--quiet` leaves it out, or the command has none. */
  readonly watch: Watch | null;
  /** Logs an error that does not end the run; the exit code is 1. */
  readonly fail: (message: string) => void;
}

/** What a plan has passed before it runs. */
export interface Start<Input, Plan> {
  readonly input: Input;
  readonly plan: Plan;
  readonly machine: Machine;
}

export interface Command<Input extends CommonInput, Plan, Result extends Document, Watch extends Watcher = Watcher> {
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
  /** Opens what shows and writes the run. */
  watch?(start: Start<Input, Plan>, io: Io, log: Log): Promise<Watch> | Watch | null;
  /** Opens what listens to the events of the run. It is closed when the run is over. */
  sinks?(start: Start<Input, Plan>, io: Io, log: Log): Promise<readonly CommandSink[]> | readonly CommandSink[];
  /** Rejects with `RunError` where it cannot run. */
  run(plan: Plan, context: RunContext<Input, Watch>): Promise<Result>;
  /** How the document is to look, where its kind leaves a choice. */
  look?(input: Input, plan: Plan): Partial<Look>;
  /** The exit code of a run that was not interrupted and whose result was delivered. */
  exitCodeOf(result: Result): number;
}

/** Runs a command line and returns the exit code. Does not reject. */
export type Handler = (raw: RawInput, io: Io) => Promise<number>;

export function handlerOf<Input extends CommonInput, Plan, Result extends Document, Watch extends Watcher>(
  command: Command<Input, Plan, Result, Watch>,
): Handler {
  return (raw, io) => answeringSignals(io, (stop) => planAndRun(command, raw, io, stop));
}

async function planAndRun<Input extends CommonInput, Plan, Result extends Document, Watch extends Watcher>(
  command: Command<Input, Plan, Result, Watch>,
  raw: RawInput,
  io: Io,
  stop: StopRequest,
): Promise<number> {
  const machine = thisMachine();
  const { input, problems, warnings } = command.read(raw);
  const [planned, fileProblems] = await Promise.all([command.plan(input, machine), checkFiles(input)]);
  const allProblems = [
    ...problems,
    ...('problems' in planned ? notUnread(planned.problems, problems) : []),
    ...fileProblems,
    ...(command.check?.(input) ?? []),
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
  return runAndDeliver(command, { input, plan, machine }, [...warnings, ...notices], { raw, io, stop });
}

/** Without options that are missing only because what was typed for them could not be read. */
function notUnread(found: readonly Problem[], unread: readonly Problem[]): Problem[] {
  return found.filter(({ option, got }) => got !== null || !unread.some((each) => each.option === option));
}

async function runAndDeliver<Input extends CommonInput, Plan, Result extends Document, Watch extends Watcher>(
  command: Command<Input, Plan, Result, Watch>,
  start: Start<Input, Plan>,
  warnings: readonly string[],
  { raw, io, stop }: { readonly raw: RawInput; readonly io: Io; readonly stop: StopRequest },
): Promise<number> {
  const { input, plan, machine } = start;
  let watch: Watch | null = null;
  let sinks: readonly CommandSink[] = [];
  const clear = (): void => {
    watch?.clear?.();
    for (const sink of sinks) sink.clear?.();
  };
  const log = command.hasPlainLog ? lineLog(io) : await openLog(io, { quiet: input.quiet.value, beforeLine: clear });
  for (const warning of [...warnings, ...((await command.warnings?.(start)) ?? [])]) log.warn(warning);
  watch = (await command.watch?.(start, io, log)) ?? null;
  sinks = (await command.sinks?.(start, io, log)) ?? [];
  const emit = (event: RunEvent): void => {
    logEvent(log, event);
    for (const sink of sinks) sink.on(event);
  };
  const close = async (hasResult: boolean): Promise<boolean> => {
    const closed = await Promise.all([watch?.close?.(hasResult), ...sinks.map((sink) => sink.close(hasResult))]);
    return !closed.includes(false);
  };
  const { endingEarly } = command;
  if (endingEarly !== undefined) stop.onFirst((name) => log.info(`${name}: ${endingEarly}`));
  let isWhole = true;
  const fail = (message: string): void => {
    log.error(message);
    isWhole = false;
  };
  try {
    const context = { input, machine, raw, io, log, emit, stop: stop.signal, watch, fail };
    const result = await command.run(plan, context).catch(async (error: unknown) => {
      await close(false);
      throw error;
    });
    clear();
    if (!(await close(true))) isWhole = false;
    const look = { ...PLAIN_LOOK, style: io.style, ...command.look?.(input, plan) };
    const isDelivered = await deliver(io, log, input, (format) =>
      format === 'json' && command.hasJsonLines === true && input.json?.value === STDOUT
        ? Promise.resolve(`${JSON.stringify(result)}\n`)
        : render(result, format, look),
    );
    return stop.exitCode() ?? (isWhole && isDelivered ? command.exitCodeOf(result) : EXIT_FAILED);
  } finally {
    clear();
  }
}

/** Writes what an event says to the person at the terminal. */
function logEvent(log: Log, event: RunEvent): void {
  if (event.type === 'run-started') for (const note of event.notes) log.info(note);
  if (event.type === 'notice') log[event.level === 'info' ? 'info' : 'warn'](event.text);
}

/** What the hooks of every run have in common: its remarks go to the log. */
export function logHooks({ log, stop }: Pick<RunContext<unknown, unknown>, 'log' | 'stop'>): {
  readonly stop: AbortSignal;
  onStart(info: { readonly notes: readonly string[] }): void;
  onNotice(message: string): void;
} {
  return {
    stop,
    onStart: ({ notes }) => {
      for (const note of notes) log.info(note);
    },
    onNotice: (message) => log.warn(message),
  };
}
