import t from 'tap';
import { ASCII_GLYPHS, bars, BLOCKS, columnsEach, progressBar } from '../../../../src/view/live/tui/bars.ts';

const setup = { columns: 4, rows: 1, max: 8, isLog: false, glyphs: BLOCKS };

t.test('values as heights, the newest to the right', (t) => {
  t.same(bars([1, 4, 8], setup), [' ▁▄█']);
  t.same(bars([9, 9, 0, 1, 4, 8], setup), [' ▁▄█'], 'only the last fit');
  t.same(bars([], setup), ['    ']);
  t.same(bars([0.0001], setup), ['   ▁'], 'what is more than nothing shows');
  t.same(bars([5], { ...setup, max: 0 }), ['    ']);
  t.same(bars([4, 8], { ...setup, glyphs: ASCII_GLYPHS }), ['  =#']);
  t.end();
});

t.test('several rows', (t) => {
  t.same(bars([2, 4, 6, 8], { ...setup, rows: 2 }), ['  ▄█', '▄███']);
  t.end();
});

t.test('a log scale', (t) => {
  t.same(bars([1, 10, 100, 1000], { ...setup, max: 1000, isLog: true }), ['▁▃▅█']);
  t.same(bars([1, 10, 100, 1000], { ...setup, max: 1000 }), ['▁▁▁█']);
  t.end();
});

t.test('wide charts give a value several columns', (t) => {
  t.equal(columnsEach(59, 60), 1);
  t.equal(columnsEach(180, 60), 3);
  t.end();
});

t.test('progress', (t) => {
  t.equal(progressBar(0.5, 4, BLOCKS), '██░░');
  t.equal(progressBar(7, 4, BLOCKS), '████');
  t.equal(progressBar(-1, 4, ASCII_GLYPHS), '....');
  t.end();
});
