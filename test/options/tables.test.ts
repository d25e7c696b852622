import t from 'tap';
import { TABLES } from '../../src/cli/commands.ts';
import { GROUPS } from '../../src/plan/option-groups.ts';
import type { OptionSpec } from '../../src/units/option.ts';

const specs = Object.entries(TABLES).flatMap(([command, table]) =>
  Object.entries<OptionSpec>(table).map(([name, spec]) => ({ name: `${command} --${name}`, spec })),
);

t.test('the help of an option is a phrase that fits two lines, and its group has a heading', (t) => {
  const headings = Object.values<string>(GROUPS);
  for (const { name, spec } of specs) {
    t.match(spec.help, /^(?!.*\.$)[^A-Z]|^(HTTP|I\/O|SO_)/, `${name}: ${spec.help}`);
    t.ok(spec.help.length <= 125, `${name} is ${spec.help.length} characters`);
    t.ok(headings.includes(spec.group), `${name}: ${spec.group}`);
  }
  t.end();
});

t.test('each word that an option explains is one that it takes', (t) => {
  /** Places in a word, such as the N of `bytes:N`, by what may stand there. */
  const filled = (word: string): string =>
    word
      .replace('TIME', '20us')
      .replace('HEX', 'a'.repeat(64))
      .replace(/\b[NL]\b/g, '2');
  for (const { name, spec } of specs) {
    const words = Object.keys(spec.words ?? {});
    for (const word of words) t.ok(spec.parse(filled(word)).ok, `${name} ${word}`);
    if (words.length > 0 && spec.parse.choices !== undefined) t.same(words, spec.parse.choices, name);
  }
  t.end();
});

t.test('the ends of a range are taken, as they are written', (t) => {
  for (const { name, spec } of specs) {
    const { range } = spec.parse;
    if (range === undefined) continue;
    t.match(spec.parse(range.format(range.min)), { ok: true }, `${name} ${range.format(range.min)}`);
    t.match(spec.parse(range.format(range.max)), { ok: true }, `${name} ${range.format(range.max)}`);
  }
  t.end();
});

t.test('the doctor has no option of a live view', (t) => {
  t.notOk(Object.hasOwn(TABLES.doctor, 'ui'));
  t.ok(Object.hasOwn(TABLES.client, 'ui'));
  t.end();
});
