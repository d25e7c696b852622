/** No text is so odd that reading it takes longer than its length asks for: a parser that is not linear would not end here. */
import t from 'tap';
import { nearest } from '../../src/options/suggest.ts';
import { TABLES } from '../../src/cli/commands.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import type { OptionTable } from '../../src/units/option.ts';

/** Quadratic takes 5 s and more for the whole length; linear a few milliseconds, however busy the machine is. */
const LENGTH = 100_000;
const MOST_MS = 3000;
/** What is quadratic shows in a tenth of the length too, where all of it takes a hundredth of the time. */
const SHORT_LENGTH = LENGTH / 10;
const SUSPICIOUS_MS = MOST_MS / 300;

/** Beginnings that a parser takes, bodies that it goes back and forth in, ends that it does not take. */
const HEADS = ['', '1', 'dispatch:4', '1..', '[', 'p99(', 'bytes:', 'sleep:'];
const BODIES = [' ', '.', '..', '1', '0', '*', '1.', 'a', '-', '/', ',', ':', '../', '1+', '\t,'];
const TAILS = ['!', '/', '\n', 'x/'];

type Parse = (text: string) => unknown;

/** The processor time of one call, in ms. */
function timeOf(parse: Parse, text: string): number {
  const before = process.cpuUsage();
  parse(text);
  return process.cpuUsage(before).user / 1000;
}

t.test('every parser of an option is linear in what it is given', async (t) => {
  const parsers = new Map<unknown, string>();
  for (const table of Object.values<OptionTable>(TABLES))
    for (const [name, spec] of Object.entries(table)) parsers.set(spec.parse, name);
  t.ok(parsers.size > Object.keys(CLIENT_OPTIONS).length / 3);
  const textsOf = (length: number): string[] =>
    HEADS.flatMap((head) =>
      BODIES.flatMap((body) => TAILS.map((tail) => head + body.repeat(length / body.length) + tail)),
    );
  const short = textsOf(SHORT_LENGTH);
  const whole = textsOf(LENGTH);
  for (const [parse, name] of parsers) {
    let slowest = '';
    let slowestMs = 0;
    for (const [index, text] of whole.entries()) {
      if (timeOf(parse as Parse, short[index]!) < SUSPICIOUS_MS) continue;
      const ms = timeOf(parse as Parse, text);
      if (ms > slowestMs) [slowest, slowestMs] = [text, ms];
    }
    const what = `${slowestMs.toFixed(0)} ms for ${slowest.slice(0, 12)}…${slowest.slice(-2)}`;
    t.ok(slowestMs < MOST_MS, `${name}: ${what}`);
  }
});

t.test('a suggestion for a word of any length', async (t) => {
  t.equal(nearest('x'.repeat(3_000_000), ['rate']), null);
});
