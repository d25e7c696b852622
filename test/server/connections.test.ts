import t from 'tap';
import { ConnectionTable, NONE } from '../../src/server/connections.ts';

/** Takes all of them off, stalest first. */
function drain(table: ConnectionTable): number[] {
  const order: number[] = [];
  while (table.stalest !== NONE) {
    order.push(table.stalest);
    table.remove(table.stalest);
  }
  return order;
}

t.test('an empty table has no stalest', async (t) => {
  const table = new ConnectionTable(4);
  t.equal(table.open, 0);
  t.equal(table.stalest, NONE);
  t.equal(table.stalestNs, Infinity);
});

t.test('progress moves a connection to the end', async (t) => {
  const orders: readonly (readonly [touched: readonly number[], order: readonly number[]])[] = [
    [[], [0, 1, 2]],
    [[0], [1, 2, 0]],
    [[1], [0, 2, 1]],
    [[2], [0, 1, 2]],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
    [
      [2, 1, 0],
      [2, 1, 0],
    ],
    [
      [0, 0, 1],
      [2, 0, 1],
    ],
  ];
  for (const [touched, order] of orders) {
    const table = new ConnectionTable(3);
    for (const slot of [0, 1, 2]) table.add(slot, slot);
    for (const [at, slot] of touched.entries()) table.touch(slot, 10 + at);
    t.equal(table.open, 3);
    t.strictSame(drain(table), order, `touched ${touched.join(' ')}`);
    t.equal(table.open, 0);
  }
});

t.test('stalestNs is when the stalest made progress', async (t) => {
  const table = new ConnectionTable(2);
  table.add(0, 100);
  table.add(1, 200);
  t.equal(table.stalestNs, 100);
  table.touch(0, 300);
  t.equal(table.stalestNs, 200);
  table.remove(1);
  t.equal(table.stalestNs, 300);
});

t.test('a slot that is used again starts anew', async (t) => {
  const table = new ConnectionTable(1);
  table.add(0, 1);
  table.phase[0] = 7;
  table.remove(0);
  table.add(0, 2);
  t.equal(table.phase[0], 0);
  t.equal(table.stalestNs, 2);
});
