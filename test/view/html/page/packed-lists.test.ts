import fc from 'fast-check';
import t from 'tap';
import { packLists, unpackLists, type Json } from '../../../../src/view/html/page/packed-lists.ts';
import { holds } from '../../../support/property.ts';

t.test('whatever is packed comes back, keys in their order', (t) => {
  const back = (value: Json): boolean => {
    // As it travels: as text.
    const packed = JSON.parse(JSON.stringify(packLists(value))) as ReturnType<typeof packLists>;
    return JSON.stringify(unpackLists(packed)) === JSON.stringify(value);
  };
  holds(
    t,
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => back(JSON.parse(JSON.stringify(value)) as Json)),
  );
  const rows = fc.array(
    fc.record(
      {
        a: fc.nat(),
        b: fc.option(fc.nat()),
        c: fc.dictionary(fc.constantFrom('x', 'y', '2', '__proto__'), fc.nat()),
        d: fc.string(),
      },
      { requiredKeys: ['a'], noNullPrototype: true },
    ),
    { minLength: 8, maxLength: 30 },
  );
  holds(
    t,
    fc.property(rows, (value) => back(JSON.parse(JSON.stringify(value)) as Json)),
  );
  t.end();
});

t.test('words of the packing itself are values like all others', (t) => {
  const value: Json = [['=', 0], ['*'], ['#', 2, ['a', ['=', 0]]], { '=': 1 }, [], {}];
  t.same(unpackLists(packLists(value)), value);
  t.end();
});

t.test('a list stands once, and similar objects are columns', (t) => {
  const seconds = Array.from({ length: 50 }, (_, second) => ({ second, ok: second * 7, again: second * 7 }));
  const { lists, value } = packLists({ seconds, chart: seconds.map(({ ok }) => ok) });
  t.equal(lists.length, 2);
  t.same(value, {
    seconds: ['#', 50, ['second', ['=', 0]], ['ok', ['=', 1]], ['again', ['=', 1]]],
    chart: ['=', 1],
  });
  t.end();
});

t.test('a list without its end, or with another one, is the beginning of what is known', (t) => {
  const all = Array.from({ length: 60 }, (_, index) => index * 3);
  const value = [
    all,
    all.slice(0, -1),
    [...all.slice(0, -2), 7.5],
    all.slice(0, 12),
    [...all.slice(0, 20), 1, 2, 3, 4, 5],
  ];
  const packed = packLists(value);
  t.equal(packed.lists.length, 2, 'five other values are another list');
  t.same(unpackLists(packed), value);
  t.end();
});

t.test('objects whose keys come in different orders stay objects', (t) => {
  const mixed = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 }));
  t.equal(JSON.stringify(unpackLists(packLists(mixed))), JSON.stringify(mixed));
  t.end();
});
