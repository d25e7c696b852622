import t from 'tap';
import { turnsOf } from '../../src/turns/order.ts';

t.test('the sides take turns: what changes evenly with time adds as much to one as to the other', async (t) => {
  const letters = (runs: number): string =>
    turnsOf(runs)
      .map(({ side }) => (side === 'base' ? 'A' : 'B'))
      .join('');
  t.equal(letters(1), 'AB');
  t.equal(letters(4), 'ABBAABBA');
  t.equal(letters(7), 'ABBAABBAABBAAB');
  const places = (side: string): number =>
    turnsOf(6).reduce((sum, turn, place) => sum + (turn.side === side ? place : 0), 0);
  t.equal(places('base'), places('new'));
  t.same(
    turnsOf(3)
      .filter(({ side }) => side === 'new')
      .map(({ number }) => number),
    [1, 2, 3],
  );
});
