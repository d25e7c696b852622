import t from 'tap';
import type { TerminalAccess } from '../../../src/cli/process/terminal.ts';
import { uiOf, uiProblems, type UiInput } from '../../../src/cli/process/ui.ts';
import { readOptions } from '../../../src/options/read.ts';
import { CLIENT_OPTIONS } from '../../../src/options/tables/client.ts';
import { formatProblem } from '../../../src/units/problem.ts';
import { rawInput, type Typed } from '../../support/plans.ts';

function input(typed: Typed, env: Record<string, string> = {}): UiInput {
  const { input: read, problems } = readOptions(CLIENT_OPTIONS, rawInput(typed, env));
  t.same(problems, []);
  return read;
}

const terminal = (
  missing: string | null,
  isUnattended = false,
  stdout: TerminalAccess['stdout'] = 'pipe',
): TerminalAccess => ({
  missing,
  isUnattended,
  stdout,
  open: () => {
    throw new Error('not to be opened');
  },
});

t.test('auto', async (t) => {
  t.equal(uiOf(input({}), terminal(null)), 'tui');
  t.equal(uiOf(input({}), terminal('a terminal')), 'line');
  t.equal(uiOf(input({}), terminal(null, true)), 'line', 'a CI, or in the background');
  t.equal(uiOf(input({}), undefined), 'line');
  t.equal(uiOf({ quiet: input({}).quiet }, terminal(null)), 'line', 'a command without a live view');
});

t.test('a stream on the same terminal, or into a pipe whose reader may be on it', async (t) => {
  t.equal(uiOf(input({ stream: '-' }), terminal(null)), 'line');
  t.equal(uiOf(input({ stream: '-' }), terminal(null, false, 'other')), 'tui', 'stdout is a file');
  t.equal(uiOf(input({ stream: 'lines.json' }), terminal(null)), 'tui');
  t.equal(uiOf(input({ stream: '-', ui: 'tui' }), terminal(null)), 'tui', 'asked for: the reader is quiet');
});

t.test('what is asked for', async (t) => {
  for (const ui of ['tui', 'line', 'none'] as const) t.equal(uiOf(input({ ui }), terminal(null, true)), ui);
  t.equal(uiOf(input({ quiet: 'true' }), terminal(null)), 'none');
  t.equal(uiOf(input({ quiet: 'true', ui: 'none' }), terminal(null)), 'none');
});

t.test('a stronger place beats --quiet, and --quiet beats a weaker one', async (t) => {
  t.equal(uiOf(input({ ui: 'line' }, { CONNGEN_QUIET: '1' }), terminal(null)), 'line');
  t.equal(uiOf(input({ quiet: 'true' }, { CONNGEN_UI: 'tui' }), terminal(null)), 'none');
});

t.test('problems', async (t) => {
  const problemsOf = (given: UiInput, access = terminal(null)): string[] =>
    uiProblems(given, access).map(formatProblem);
  t.same(problemsOf(input({ ui: 'line', quiet: 'true' })), [
    '--ui: got "line", expected none beside --quiet, which is the same as --ui none',
  ]);
  t.same(problemsOf(input({ ui: 'tui' }), terminal('a terminal as stdin')), [
    '--ui: got "tui", expected a terminal as stdin; or --ui line',
  ]);
  t.same(problemsOf(input({ ui: 'tui', stream: '-' }), terminal(null, false, 'terminal')), [
    '--ui: got "tui", expected --stream to write to a file, not to the same terminal; or --ui line',
  ]);
  t.same(problemsOf(input({ ui: 'tui', stream: '-' })), []);
  t.same(problemsOf(input({ ui: 'none', quiet: 'true' })), []);
  t.same(problemsOf(input({ quiet: 'true' })), []);
  t.same(problemsOf(input({}), terminal('a terminal')), []);
});
