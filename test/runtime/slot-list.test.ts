import fc from 'fast-check';
import t from 'tap';
import { NONE, SlotList, createSlotLinks } from '../../src/runtime/slot-list.ts';

const CAPACITY = 12;

function contents(list: SlotList, next: Int32Array): number[] {
  const slots: number[] = [];
  for (let slot = list.head; slot !== NONE && slots.length <= next.length; slot = next[slot]!) slots.push(slot);
  return slots;
}

t.test('an empty list has no head', async (t) => {
  const list = new SlotList(createSlotLinks(4));
  t.equal(list.head, NONE);
});

t.test('slots leave from the head in the order in which they came', async (t) => {
  const links = createSlotLinks(4);
  const list = new SlotList(links);
  for (const slot of [2, 0, 3]) list.push(slot);
  t.same(contents(list, links.next), [2, 0, 3]);
  list.remove(2);
  t.equal(list.head, 0);
  list.remove(0);
  list.remove(3);
  t.equal(list.head, NONE);
  list.push(1);
  t.same(contents(list, links.next), [1], 'usable again after it was empty');
});

t.test('a slot leaves from the middle and from the end', async (t) => {
  const links = createSlotLinks(4);
  const list = new SlotList(links);
  for (const slot of [0, 1, 2, 3]) list.push(slot);
  list.remove(1);
  t.same(contents(list, links.next), [0, 2, 3]);
  list.remove(3);
  list.push(1);
  t.same(contents(list, links.next), [0, 2, 1]);
});

t.test('two lists over the same links behave as two plain lists, whatever happens', async (t) => {
  const steps = fc.array(fc.record({ slot: fc.nat(CAPACITY - 1), list: fc.nat(1) }), { maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(steps, (script) => {
      const links = createSlotLinks(CAPACITY);
      const lists = [new SlotList(links), new SlotList(links)];
      const models: number[][] = [[], []];
      for (const { slot, list } of script) {
        const owner = models.findIndex((model) => model.includes(slot));
        if (owner === -1) {
          lists[list]!.push(slot);
          models[list]!.push(slot);
        } else {
          lists[owner]!.remove(slot);
          models[owner] = models[owner]!.filter((each) => each !== slot);
        }
        for (const [i, model] of models.entries()) {
          if (contents(lists[i]!, links.next).join() !== model.join()) return false;
          // Backwards it is the same list.
          if (model.some((each, at) => links.previous[each] !== (model[at - 1] ?? NONE))) return false;
        }
      }
      return true;
    }),
  );
  t.pass('held in every run');
});
