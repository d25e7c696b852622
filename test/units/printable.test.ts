import t from 'tap';
import { printable, printableLines } from '../../src/units/printable.ts';

t.test('what a terminal would obey or hide is escaped, as JSON does it', async (t) => {
  t.equal(printable('a\u001b[2J\u007f\u009b31m'), String.raw`a\u001b[2J\u007f\u009b31m`);
  t.equal(printable('one\ntwo\r\tthree'), String.raw`one\ntwo\r\tthree`);
  t.equal(printable('\u202egpj.exe \u2028 \ufeff \ud800'), String.raw`\u202egpj.exe \u2028 \ufeff \ud800`);
  t.equal(printable('\u{e0041}'), String.raw`\udb40\udc41`);
  t.equal(printable('Grüße, 例え 🙂 "\\"'), 'Grüße, 例え 🙂 "\\"', 'the rest stays');
  const value = { 'a\u009b': 'b\u202e\u{e0041}' };
  t.same(JSON.parse(printableLines(JSON.stringify(value, null, 2))), value, 'JSON stays the same value');
});

t.test('a limit cuts, and says so', async (t) => {
  t.equal(printable('abcdef', 3), 'abc…');
  t.equal(printable('abc', 3), 'abc');
});
