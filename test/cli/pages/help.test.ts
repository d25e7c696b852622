import t from 'tap';
import type { CommandRow } from '../../../src/cli/command-row.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { commandHelp, generalHelp } from '../../../src/cli/pages/help.ts';

const rows = Object.entries<CommandRow>(COMMANDS);

t.test('the help of common options fits two screens of 50 lines, and no line is too long', (t) => {
  for (const [name, row] of rows) {
    const lines = commandHelp(row, 100, false).split('\n');
    t.ok(lines.length <= 100, `${name} has ${lines.length} lines at 100 columns`);
    for (const columns of [60, 80, 100]) {
      for (const isAll of [false, true]) {
        const longest = commandHelp(row, columns, isAll)
          .split('\n')
          // An example is to be copied, so it stays on its line.
          .filter((line) => !line.startsWith('  conngen '))
          .reduce((most, line) => Math.max(most, line.length), 0);
        t.ok(longest <= columns, `${name} at ${columns} columns has a line of ${longest}`);
      }
    }
  }
  t.end();
});

t.test('all options are in the help of all options, and the other says how many it leaves out', (t) => {
  for (const [name, row] of rows) {
    const all = commandHelp(row, 100, true);
    const common = commandHelp(row, 100, false);
    const options = Object.entries(row.options);
    const shown = (spec: (typeof options)[number]): string =>
      spec[1].positional === true ? spec[1].value : `--${spec[0]}`;
    for (const option of options) t.match(all, shown(option), `${name} ${option[0]}`);
    const left = options.filter(([, spec]) => spec.isCommon !== true).length;
    if (left > 0) t.match(common, `show all options: ${left} more`);
  }
  t.end();
});

t.test('the help of conngen lists every command', (t) => {
  for (const [name, { help }] of rows) t.match(generalHelp(COMMANDS, 100), new RegExp(`conngen ${name}.* ${help}`));
  t.end();
});
