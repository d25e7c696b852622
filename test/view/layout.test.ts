import fc from 'fast-check';
import t from 'tap';
import { PLAIN, entry, foldedTable, paint, table, wrap } from '../../src/view/layout.ts';

t.test('wrapping keeps every word and the width', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1 }),
      fc.integer({ min: 0, max: 20 }),
      (words, indent) => {
        const wrapped = wrap(words.join(' '), 60, indent);
        const [first = '', ...rest] = wrapped.split('\n');
        const fits =
          first.length + indent <= 60 && rest.every((line) => line.length <= 60 && line.startsWith(' '.repeat(indent)));
        return fits && wrapped.split(/\s+/).join(' ').trim() === words.join(' ');
      },
    ),
  );
  t.equal(wrap('x'.repeat(200), 80, 0).length, 200, 'a long word stays whole');
  t.end();
});

t.test('tables and colours', (t) => {
  t.same(
    table(
      [
        ['a', 'bb'],
        ['ccc', 'd'],
      ],
      1,
    ),
    [' a    bb', ' ccc   d'],
  );
  t.equal(paint(PLAIN, 'red', 'x'), 'x');
  t.equal(paint({ columns: 80, colours: true }, 'red', 'x'), '\u001b[31mx\u001b[39m');
  t.equal(entry(PLAIN, 'bytes', '1'), '  bytes       1');
  t.end();
});

t.test('a folded table keeps the width, every cell and the first column', (t) => {
  const cells = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(cells, { minLength: 1, maxLength: 5 }), fc.integer({ min: 50, max: 140 }), (rows, columns) => {
      const lines = foldedTable(rows, { columns, colours: false }, 2);
      const blocks = lines.join('\n').split('\n\n');
      const line = (block: string, at: number): string[] => block.split('\n')[at]!.trim().split(/\s+/);
      const back = rows.map((row, at) => [row[0]!, ...blocks.flatMap((block) => line(block, at).slice(1))]);
      t.same(back, rows);
      return lines.every((line) => line.length <= columns);
    }),
  );
  const wide = [['name', 'x'.repeat(100), 'y']];
  t.same(foldedTable(wide, PLAIN, 0), [`name  ${'x'.repeat(100)}`, '', 'name  y'], 'what is too wide stands alone');
  t.same(foldedTable([['a'], ['b']], PLAIN, 0), ['a', 'b'], 'nothing to fold');
  t.end();
});
