import fc from 'fast-check';
import t from 'tap';
import { AttemptTable, CONNECTING, IDLE } from '../../src/client/attempts.ts';
import { NONE } from '../../src/runtime/slot-list.ts';

t.test('a new table is empty and has its capacity', async (t) => {
  const table = new AttemptTable(3);
  t.same([table.capacity, table.open, table.isFull], [3, 0, false]);
  t.same([table.unfinished.head, table.held.head], [NONE, NONE]);
  t.same([...table.state], [IDLE, IDLE, IDLE]);
});

t.test('every slot is taken once, then the table is full', async (t) => {
  const table = new AttemptTable(5);
  const slots = Array.from({ length: 5 }, () => table.take());
  t.same(
    [...slots].sort((a, b) => a - b),
    [0, 1, 2, 3, 4],
  );
  t.same([table.open, table.isFull], [5, true]);
});

t.test('a table without room is full from the start', async (t) => {
  t.equal(new AttemptTable(0).isFull, true);
});

t.test('the slot given back last is taken first', async (t) => {
  const table = new AttemptTable(4);
  const [first, second] = [table.take(), table.take()];
  table.give(first);
  table.give(second);
  t.equal(table.take(), second);
  t.equal(table.take(), first);
});

t.test('a slot that is given back is idle', async (t) => {
  const table = new AttemptTable(2);
  const slot = table.take();
  table.state[slot] = CONNECTING;
  table.give(slot);
  t.equal(table.state[slot], IDLE);
});

t.test('no slot is ever out twice, and open counts those that are out', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.nat(8), { maxLength: 100, size: 'max' }),
      (capacity, script) => {
        const table = new AttemptTable(capacity);
        const out: number[] = [];
        for (const choice of script) {
          // A choice of 0 gives one back; so does a full table.
          if (table.isFull || (choice === 0 && out.length > 0)) table.give(out.splice(choice % out.length, 1)[0]!);
          else {
            const slot = table.take();
            if (out.includes(slot) || slot < 0 || slot >= capacity) return false;
            out.push(slot);
          }
          if (table.open !== out.length || table.isFull !== (out.length === capacity)) return false;
        }
        return true;
      },
    ),
  );
  t.pass('held in every run');
});
