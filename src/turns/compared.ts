/** Compares the runs that were taken. */
import { compareResults, type CompareSettings } from '../compare/compare.ts';
import type { CompareResult, CompareSide } from '../document/compare.ts';
import { OWN_ERROR_CODES } from '../units/error-codes.ts';
import { formatProblem } from '../units/problem.ts';
import { RunError } from '../units/run-error.ts';
import type { Side } from './order.ts';
import type { TakenTurns, TurnsPlan } from './take.ts';

/** Throws `RunError` where a side has no run, or what was taken cannot be compared. */
export function comparedTurns(
  plan: TurnsPlan,
  taken: TakenTurns,
  settings: CompareSettings,
  isInterrupted: boolean,
): CompareResult {
  if (taken.base.length === 0 || taken.new.length === 0) {
    const reasons = [...new Set(taken.leftOut.map(({ reason }) => reason))];
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
    const [side, file] = taken.base.length === 0 ? ['the base', plan.files.base] : ['the new side', plan.files.new];
    if (isInterrupted) {
      const message = `a signal ended it before a run of ${side} could be used`;
      throw new RunError(
        'no_runs',
        message,
        `let it run until each side has a result; those until then are in ${plan.directory}`,
      );
    }
    // The exact command in place of the general remedy.
    const remedy = `try conngen ${plan.command} --config ${file}; --force keeps runs that this machine limited`;
    throw new RunError('no_runs', `no run of ${side} can be used${why}`, remedy);
  }
  const side = (name: Side): Pick<CompareSide, 'config_file' | 'before'> => {
    const before = plan.before[name];
    return { config_file: plan.files[name], ...(before === null ? {} : { before }) };
  };
  const compared = compareResults(taken.base, taken.new, settings, {
    base: side('base'),
    next: side('new'),
    taking: {
      directory: plan.directory,
      order: taken.order,
      pause_sec: plan.pauseNs / 1e9,
      left_out: taken.leftOut,
    },
    isInterrupted,
  });
  if ('result' in compared) return compared.result;
  const why = compared.problems.map(formatProblem).join('; ');
  throw new RunError(
    'no_runs',
    `the runs in ${plan.directory} cannot be compared: ${why}`,
    OWN_ERROR_CODES.no_runs.remedy,
  );
}
