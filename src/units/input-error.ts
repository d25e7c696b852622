import { formatProblem, type Problem } from './problem.ts';

/** An input that turns out to be wrong where the run is prepared, such as on an agent of a fleet. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
