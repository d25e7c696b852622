import t from 'tap';
import { Screen, type ScreenLine } from '../../../../src/view/live/tui/screen.ts';
import { TinyTerminal } from '../../../support/tiny-terminal.ts';

const linesOf = (...texts: readonly string[]): ScreenLine[] => texts.map((text) => ({ text, cells: text.length }));

t.test('a block is drawn over itself, and what comes above stays', (t) => {
  const terminal = new TinyTerminal(20, 10);
  terminal.write('$ conngen\n');
  const screen = new Screen(terminal);
  screen.draw(linesOf('one', 'two'));
  t.same(terminal.lines, ['$ conngen', 'one', 'two', '']);
  screen.draw(linesOf('uno', 'two', 'three'));
  t.same(terminal.lines, ['$ conngen', 'uno', 'two', 'three', '']);
  screen.draw(linesOf('1'));
  t.same(terminal.lines, ['$ conngen', '1', '']);
  screen.erase();
  terminal.write('a line of the log\n');
  screen.draw(linesOf('1', '2'));
  t.same(terminal.lines, ['$ conngen', 'a line of the log', '1', '2', '']);
  screen.leave();
  terminal.write('the result\n');
  screen.erase();
  t.same(terminal.lines, ['$ conngen', 'a line of the log', '1', '2', 'the result', '']);
  t.end();
});

t.test('what has not changed is not written', (t) => {
  const terminal = new TinyTerminal(20, 10);
  const screen = new Screen(terminal);
  screen.draw(linesOf('one', 'two'));
  const before = terminal.writes;
  screen.draw(linesOf('one', 'two'));
  t.equal(terminal.writes, before);
  let written = '';
  const screen2 = new Screen({ reflows: true, size: () => terminal.size(), write: (text) => (written = text) });
  screen2.draw(linesOf('one', 'two', 'three'));
  screen2.draw(linesOf('one', 'TWO', 'three'));
  t.notMatch(written, /one|three/);
  t.match(written, /TWO/);
  t.end();
});

t.test('at the bottom of a screen the block pushes older lines out', (t) => {
  const terminal = new TinyTerminal(20, 4);
  for (let line = 1; line <= 6; line++) terminal.write(`${line}\n`);
  const screen = new Screen(terminal);
  screen.draw(linesOf('a', 'b', 'c'));
  screen.draw(linesOf('A', 'B', 'C'));
  t.same(terminal.lines, ['1', '2', '3', '4', '5', '6', 'A', 'B', 'C', '']);
  t.end();
});

t.test('a narrower terminal that breaks lines anew: all rows of the old lines are erased', (t) => {
  const written: string[] = [];
  let columns = 40;
  const screen = new Screen({
    reflows: true,
    size: () => ({ columns, rows: 20 }),
    write: (text) => written.push(text),
  });
  screen.draw(linesOf('x'.repeat(39), '', 'y'.repeat(21)));
  columns = 20;
  screen.draw(linesOf('z'));
  // Two rows, one, two.
  t.match(written[1], /\r\u001b\[5A\u001b\[K\u001b\[C\u001b\[J\rz/);
  t.end();
});

t.test('what went out at the top of a lower terminal is erased when it comes back', (t) => {
  const written: string[] = [];
  let rows = 20;
  const screen = new Screen({
    reflows: true,
    size: () => ({ columns: 40, rows }),
    write: (text) => written.push(text),
  });
  screen.draw(linesOf(...Array.from({ length: 10 }, (_, index) => `${index}`)));
  rows = 5;
  screen.draw(linesOf('a', 'b'));
  t.match(written[1], /\r\u001b\[4A\u001b\[K\u001b\[C\u001b\[J\ra/, 'up to the first row');
  rows = 20;
  screen.draw(linesOf('a', 'b'));
  t.match(written[2], /\r\u001b\[8A\u001b\[K\u001b\[C\u001b\[J\ra/, 'six lines that were outside, and two');
  t.end();
});

t.test('a terminal that cuts lines: a row each', (t) => {
  const written: string[] = [];
  let columns = 40;
  const screen = new Screen({
    reflows: false,
    size: () => ({ columns, rows: 20 }),
    write: (text) => written.push(text),
  });
  screen.draw(linesOf('x'.repeat(39), 'y'));
  columns = 20;
  screen.draw(linesOf('z'));
  t.match(written[1], /\r\u001b\[2A\u001b\[K\u001b\[C\u001b\[J\rz/);
  t.end();
});
