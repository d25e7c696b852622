/** No text is so odd that reading it takes longer than its length asks for: a parser that is not linear would not end here. */
import t from 'tap';
import { nearest } from '../../src/options/suggest.ts';
import { TABLES } from '../../src/cli/commands.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import type { OptionTable } from '../../src/units/option.ts';

const LENGTH = 100_000;

/** Beginnings that a parser takes, bodies that it goes back and forth in, ends that it does not take. */
const HEADS = ['', '1', 'dispatch:4', '1..', '[', 'p99(', 'bytes:', 'sleep:'];
const BODIES = [' ', '.', '..', '1', '0', '*', '1.', 'a', '-', '/', ',', ':', '../', '1+', '\t,'];
const TAILS = ['!', '/', '\n', 'x/'];

t.test('every parser of an option is linear in what it is given', async (t) => {
  const parsers = new Map<unknown, string>();
  for (const table of Object.values<OptionTable>(TABLES))
    for (const [name, spec] of Object.entries(table)) parsers.set(spec.parse, name);
  t.ok(parsers.size > Object.keys(CLIENT_OPTIONS).length / 3);
  const texts = HEADS.flatMap((head) =>
    BODIES.flatMap((body) => TAILS.map((tail) => head + body.repeat(LENGTH / body.length) + tail)),
  );
  for (const [parse, name] of parsers) {
    let slowest = '';
    let slowestMs = 0;
    for (const text of texts) {
      const before = process.cpuUsage();
      (parse as (text: string) => unknown)(text);
      const { user } = process.cpuUsage(before);
      if (user / 1000 > slowestMs) [slowest, slowestMs] = [text, user / 1000];
    }
    // Quadratic is 5 s and more; linear a few milliseconds, however busy the machine is.
    t.ok(slowestMs < 3000, `${name}: ${slowestMs.toFixed(0)} ms for ${slowest.slice(0, 12)}…${slowest.slice(-2)}`);
  }
});

t.test('a suggestion for a word of any length', async (t) => {
  t.equal(nearest('x'.repeat(3_000_000), ['rate']), null);
});
