import t from 'tap';
import { ownValue } from '../../src/units/record.ts';

t.test('a record has only its own keys', (t) => {
  const record = JSON.parse('{ "a": 1, "__proto__": 2 }') as Record<string, number>;
  t.equal(ownValue(record, 'a'), 1);
  t.equal(ownValue(record, '__proto__'), 2);
  for (const key of ['__proto__', 'constructor', 'toString', 'b']) t.equal(ownValue({ a: 1 }, key), undefined, key);
  t.end();
});
