// tier: kernel
/** `conngen compare` as a user meets it: sides, exit codes, outputs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { CompareResult } from '../../../src/document/compare.ts';
import { runCli } from '../../support/cli.ts';
import { sideOf } from '../../support/compare.ts';

const BASE_US = [100, 101, 99, 102, 98];
const SLOWER_US = BASE_US.map((us) => us * 1.2 + 0.01);

/** The files of two sides, the second one 20 % slower. */
function sides(t: Test): { readonly dir: string; readonly base: string[]; readonly next: string[] } {
  const dir = t.testdir();
  const written = (name: string, medians: readonly number[]): string[] =>
    sideOf(name, medians).map(({ file, document }) => {
      const path = join(dir, file);
      writeFileSync(path, JSON.stringify(document));
      return path;
    });
  return { dir, base: written('base', BASE_US), next: written('new', SLOWER_US) };
}

t.test('two sides with options after the --, every format, and a threshold', async (t) => {
  const { dir, base, next } = sides(t);
  const out = (name: string): string => join(dir, name);
  const outputs = ['--json', out('c.json'), '--markdown', out('c.md'), '--html', out('c.html')];
  const run = await runCli(['compare', ...base, '--', ...next, '--fail-if', 'p99(total)>+5%', ...outputs]);
  t.equal(run.code, 99, run.stderr);
  t.match(run.stdout, /\n {2}slower +p50\(total\) \+20\.0 %/);
  const result = JSON.parse(readFileSync(out('c.json'), 'utf8')) as CompareResult;
  t.match(result, { basis: 'runs', thresholds: [{ status: 'fail' }], thresholds_met: false });
  t.match(readFileSync(out('c.html'), 'utf8'), /data-chart="changes-1"/);
  t.match(readFileSync(out('c.md'), 'utf8'), /A threshold was not met\./);
  const passed = await runCli(['compare', '--fail-if', 'p99(total)>+50%', ...base, '--', ...next]);
  t.equal(passed.code, 0, passed.stderr);
  const again = await runCli(['report', out('c.json')]);
  t.match(again.stdout, /^conngen compare: 5 client runs/);
});

t.test('two files need no --, and one may be stdin', async (t) => {
  const { base, next } = sides(t);
  const stdin = readFileSync(next[0]!, 'utf8');
  const run = await runCli(['compare', base[0]!, '-', '--json', '-'], { stdin });
  t.equal(run.code, 0, run.stderr);
  t.match(JSON.parse(run.stdout), { basis: 'seconds', sides: { new: { runs: [{ file: '-' }] } } });
});

t.test('sides that are none are refused with what to type', async (t) => {
  const { base, next } = sides(t);
  const refused: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /^file: got nothing, expected results of two sides/],
    [[base[0]!], /expected results of two sides: base\.json new\.json/],
    [[...base, ...next], /expected a -- between the results of the base and the new ones/],
    [['--', ...next], /expected results of the base before the --/],
    [['-', '-'], /expected stdin once/],
    [[base[0]!, base[0]!], /has the same content: a run compared with itself shows nothing/],
    [[base[0]!, next[0]!, '--fail-if', 'p99(total)>5%'], /a change with its sign/],
    [[base[0]!, next[0]!, '--json', base[0]!], /another file than the result .*base-1\.json, which it would overwrite/],
    [[base[0]!, '--', next[0]!, '--', next[1]!], /^file: got "--", expected one -- only: there are two sides/],
  ];
  for (const [args, message] of refused) {
    const run = await runCli(['compare', ...args]);
    t.equal(run.code, 2, args.join(' '));
    t.match(run.stderr, message);
  }
});
