/** `conngen compare`: the runs of two sides, from files or taken in turns. */
import type { CompareSettings, NamedResult } from '../../compare/compare.ts';
import type { CompareResult } from '../../document/compare.ts';
import { withoutOptions } from '../../options/names.ts';
import { readOptions, type RawInput, type ReadInput } from '../../options/read.ts';
import { COMPARE_OPTIONS } from '../../options/tables/compare.ts';
import type { Machine, Planned } from '../../plan/demand/machine.ts';
import { STDIN } from '../../plan/exchange/payload.ts';
import { inspectOutput } from '../../run/output.ts';
import { launchOf } from '../../runtime/launch.ts';
import type { TurnsPlan } from '../../turns/take.ts';
import type { InputOf } from '../../units/option.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../../units/problem.ts';
import { aboutTime } from '../../view/live/time-left.ts';
import { handlerOf, type Command, type CommandContext } from '../command.ts';
import { EXIT_DONE, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import { readResult } from '../result-file.ts';

/** The options, and how many of the files stood behind `--`; null without a `--`. */
export interface CompareInput extends InputOf<typeof COMPARE_OPTIONS> {
  readonly behind: number | null;
}

/** A comparison of files is made while it is planned: what cannot be compared is wrong input. */
type ComparePlan = { readonly result: CompareResult } | { readonly turns: TurnsPlan };

const COMPARE: Command<CompareInput, ComparePlan, CompareResult> = {
  endingEarly: 'ending early, what was taken until now is compared; a second signal ends it immediately',
  hasPlainLog: true,
  read,
  plan: (input, machine) => (input.run.value ? planTurns(input, machine) : planFiles(input)),
  run: async (plan, context) => ('result' in plan ? plan.result : takeAndCompare(plan.turns, context)),
  exitCodeOf: ({ thresholds_met: met }) => (met === false ? EXIT_THRESHOLD : EXIT_DONE),
};

/** Returns the exit code: 2 where the files cannot be compared, 99 where a threshold was not met. */
export const compareCommand = handlerOf(COMPARE);

function read(raw: RawInput): ReadInput<CompareInput> {
  const { input, problems, warnings } = readOptions(COMPARE_OPTIONS, raw);
  return { input: { ...input, behind: raw.behind ?? null }, problems, warnings };
}

/** Reads the files and compares them. Every problem is in the list. */
async function planFiles(input: CompareInput): Promise<Planned<ComparePlan>> {
  const problems = checkFilesOf(input);
  if (problems.length > 0) return { problems };
  const from = newSideFrom(input);
  const results: NamedResult[] = [];
  // One after the other: two large files need not be in memory twice each.
  for (const given of input.file) {
    const found = await readResult(given);
    if ('document' in found) results.push({ file: given.value, document: found.document });
    else problems.push(found.problem);
  }
  if (problems.length > 0) return { problems };
  // Loaded here: what refuses its input needs no arithmetic.
  const { compareResults } = await import('../../compare/compare.ts');
  const compared = compareResults(results.slice(0, from), results.slice(from), settingsOf(input));
  if ('problems' in compared) return compared;
  return { plan: { result: compared.result }, notices: [] };
}

function settingsOf(input: CompareInput): CompareSettings {
  return {
    margin: input.margin.value,
    confidence: input.confidence.value,
    tested: input.figure.map(({ value }) => value),
    criteria: input['fail-if'].map(({ value }) => value),
    isForced: input.force.value,
  };
}

/** Where the new side begins among the files. */
function newSideFrom({ file: files, behind }: CompareInput): number {
  return behind === null || behind === 0 ? 1 : files.length - behind;
}

function checkFilesOf(input: CompareInput): Problem[] {
  const { file: files, behind } = input;
  const problems: Problem[] = unusedWithoutRun(input);
  for (const again of files.filter(({ value }) => value === STDIN).slice(1)) {
    problems.push(problemOf(again, 'stdin once'));
  }
  const again = files.find(({ text }) => text === '--');
  if (again !== undefined) {
    problems.push(problemOf(again, 'one -- only: there are two sides, and the files of the new one follow it'));
  } else if (files.length < 2) {
    const got = files[0]?.text ?? null;
    problems.push({ option: 'file', got, expected: 'results of two sides: base.json new.json, or base… -- new…' });
  } else if ((behind === null || behind === 0) && files.length > 2) {
    const got = files.map(({ text }) => text).join(' ');
    const expected = 'a -- between the results of the base and the new ones: base-1.json base-2.json -- new-1.json …';
    problems.push({ option: 'file', got, expected });
  } else if (behind === files.length) {
    problems.push({ option: 'file', got: files[0]?.text ?? null, expected: 'results of the base before the --' });
  }
  return problems;
}

const ONLY_WITH_RUN = ['runs', 'command', 'before-base', 'before-new', 'pause', 'out'] as const;

function unusedWithoutRun(input: CompareInput): Problem[] {
  return ONLY_WITH_RUN.flatMap((name) => {
    const given: Given<unknown> | undefined = input[name];
    return given !== undefined && isExplicit(given) ? [problemOf(given, 'to be left out without --run')] : [];
  });
}

/** Plans both sides, so that what is wrong with one is found before the first run. */
async function planTurns(input: CompareInput, machine: Machine): Promise<Planned<ComparePlan>> {
  const [base, next, ...more] = input.file.map(({ value }) => value);
  const directory = input.out?.value ?? `conngen-compare-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`;
  const problems = await checkDirectory(input, directory);
  if (base === undefined || next === undefined || more.length > 0) {
    const got = input.file.map(({ text }) => text).join(' ');
    const expected =
      'two files of options, as --config has them: of the base and of the new side; they may be the same';
    return { problems: [...problems, { option: 'file', got: got === '' ? null : got, expected }] };
  }
  const { figureProblems, planSides } = await import('../turns-plan.ts');
  problems.push(...figureProblems(input));
  const sides = await planSides(input.command.value, [base, next], { isForced: input.force.value, machine });
  if ('problems' in sides) return { problems: [...problems, ...sides.problems] };
  if (problems.length > 0) return { problems };
  const turns: TurnsPlan = {
    command: input.command.value,
    files: { base, new: next },
    before: { base: input['before-base']?.value ?? null, new: input['before-new']?.value ?? null },
    runs: input.runs.value,
    pauseNs: input.pause.value,
    directory,
    expectedNs: { base: sides[0].expectedNs, new: sides[1].expectedNs },
    keepsLimited: input.force.value,
  };
  return { plan: { turns }, notices: [] };
}

/** The results of an earlier comparison must not be mixed with those of this one. */
async function checkDirectory({ out }: CompareInput, directory: string): Promise<Problem[]> {
  const { readdir } = await import('node:fs/promises');
  const names = await readdir(directory).catch(() => null);
  const option = out?.label ?? '--out';
  if (names !== null && names.length > 0) {
    return [{ option, got: directory, expected: 'a directory that is empty or not there yet' }];
  }
  const state = await inspectOutput(directory);
  if (state.kind === 'directory' || state.kind === 'ready') return [];
  return [{ option, got: directory, expected: `a directory that can be made (${state.reason})` }];
}

async function takeAndCompare(plan: TurnsPlan, context: CommandContext<CompareInput>): Promise<CompareResult> {
  const { input, emit, stop, raw } = context;
  const [{ takeTurns, sideName }, { comparedTurns }] = await Promise.all([
    import('../../turns/take.ts'),
    import('../../turns/compared.ts'),
  ]);
  const tell = (level: 'info' | 'warning', text: string): void => {
    if (level === 'warning' || !input.quiet.value) emit({ type: 'notice', level, text });
  };
  const isUpperBound = plan.command === 'search' || plan.command === 'saturate';
  const about = (ns: number): string => `${isUpperBound ? 'at most' : 'about'} ${aboutTime(ns / 1e9)}`;
  const taken = await takeTurns(plan, {
    launch: launchOf(withoutOptions(raw.env)),
    stop,
    onTurn: ({ place, total, side, number, isRepeat, leftNs }) => {
      if (place === 1 && !isRepeat) {
        const expected = leftNs === null ? 'expected time: unknown' : `expected time: ${about(leftNs)}`;
        tell('info', `${total} runs, the results in ${plan.directory}; ${expected}`);
      }
      const left = leftNs === null ? '' : `, ${about(leftNs)} left`;
      tell('info', `run ${place} of ${total}: ${sideName(side)} ${number}${isRepeat ? ', once more' : ''}${left}`);
    },
    onUnfit: (text) => tell('warning', text),
  });
  if (plan.before.base !== null || plan.before.new !== null) {
    tell('info', 'nothing was restored: what the commands before the runs have set stays as it is');
  }
  return comparedTurns(plan, taken, settingsOf(input), stop.aborted);
}
