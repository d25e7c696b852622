import t from 'tap';
import { ABSTRACTION } from '../../src/lab/abstraction/lab.ts';
import { cellsOf, crossAxes, selectCells, uselessPatterns } from '../../src/lab/matrix.ts';
import { planChanges } from '../../src/lab/cells.ts';
import { timeLeftSec } from '../../src/lab/time-left.ts';

const CELLS = crossAxes([
  { name: 'engine', values: ['epoll', 'node'] },
  { name: 'rate', values: [10, 'max'] },
]);

t.test('cells are every combination, by name', async (t) => {
  t.same(
    CELLS.map(({ name }) => name),
    ['epoll/10', 'epoll/max', 'node/10', 'node/max'],
  );
  t.same(CELLS[1]?.axes, { engine: 'epoll', rate: 'max' });
  t.equal(cellsOf(ABSTRACTION, false).length, 8);
});

t.test('patterns choose and leave out', async (t) => {
  const names = (patterns: string[]): string[] => selectCells(CELLS, patterns).map(({ name }) => name);
  t.same(names(['epoll/*']), ['epoll/10', 'epoll/max']);
  t.same(names(['!*/max']), ['epoll/10', 'node/10']);
  t.same(names(['*/10', '!node/*']), ['epoll/10']);
  t.same(names(['epoll']), [], 'the whole name has to match');
  t.same(names(['node/?0']), ['node/10']);
  t.same(uselessPatterns(CELLS, ['epoll/*', 'uring/*', '!*/max', '!*/5']), ['uring/*', '!*/5']);
});

t.test('a pattern of many stars is as quick as any', async (t) => {
  const patterns = ['*'.repeat(60) + 'zz', '*a'.repeat(2000) + '*', `${'*?'.repeat(4)}*`];
  t.same(uselessPatterns(CELLS, patterns), patterns.slice(0, 2), 'they match, or do not, but in time');
  const names = (pattern: string): string[] => selectCells(CELLS, [pattern]).map(({ name }) => name);
  t.same(names('*o*1*'), ['epoll/10', 'node/10'], 'a star takes back what a later part needs');
  t.same(names('**/**max**'), ['epoll/max', 'node/max']);
  t.same(names('.*'), [], 'no regular expression');
});

t.test('time left: as planned, then as the cells before took', async (t) => {
  t.equal(timeLeftSec({ plannedCellSec: 10, total: 3, tookSec: [] }), 30);
  t.equal(timeLeftSec({ plannedCellSec: 10, total: 3, tookSec: [20] }), 40);
  t.equal(timeLeftSec({ plannedCellSec: 10, total: 1, tookSec: [20] }), 0);
});

t.test('what has changed in a plan is told by name', async (t) => {
  t.same(planChanges({ a: 1, b: [1] }, { a: 2, b: [1] }), ['a is 2, it was 1']);
  t.same(planChanges({}, { a: 2 }), ['a is 2, it was not there']);
});
