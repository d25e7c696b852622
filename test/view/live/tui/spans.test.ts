import t from 'tap';
import {
  cell,
  cut,
  cutText,
  fit,
  lineWidth,
  paintLine,
  plain,
  span,
  textOf,
  widthOf,
} from '../../../../src/view/live/tui/spans.ts';

t.test('the cells of a text', (t) => {
  t.equal(widthOf('abc'), 3);
  t.equal(widthOf('12.3 µs'), 7);
  t.equal(widthOf('名前'), 4, 'wide characters');
  t.equal(widthOf('e\u0301'), 1, 'a combining mark');
  t.end();
});

t.test('a text is cut to cells, with a mark', (t) => {
  t.equal(cutText('abcdef', 6), 'abcdef');
  t.equal(cutText('abcdef', 4), 'abc…');
  t.equal(cutText('名前名前', 4), '名…', 'no half of a character');
  t.equal(cutText('abc', 0), '');
  t.end();
});

t.test('what could move the cursor or hide is shown as an escape', (t) => {
  t.equal(textOf(plain('a\u001b[2Jb\r\n\u202e')), 'a\\u001b[2Jb\\r\\n\\u202e');
  t.end();
});

t.test('a line is cut across its pieces, or filled', (t) => {
  const line = [span('abc', 'red'), span('def')];
  t.equal(textOf(cut(line, 5)), 'abcd…');
  t.equal(textOf(cut(line, 6)), 'abcdef');
  t.equal(textOf(fit(line, 8)), 'abcdef  ');
  for (let cells = 0; cells < 9; cells++) t.equal(lineWidth(fit(line, cells)), cells, `${cells}`);
  t.equal(cell('12', 5), '   12');
  t.equal(cell('12', 5, 'left'), '12   ');
  t.end();
});

t.test('colours are left out where there are none', (t) => {
  const line = [span('bad', 'red'), span(' ok')];
  t.equal(paintLine(line, { columns: 80, colours: false }), 'bad ok');
  t.equal(paintLine(line, { columns: 80, colours: true }), '\u001b[31mbad\u001b[39m ok');
  t.end();
});
