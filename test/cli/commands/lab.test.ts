// tier: kernel
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { LabResult } from '../../../src/document/lab.ts';
import { runCli } from '../../support/cli.ts';

const SHORT = ['--settle', '0s', '--warmup', '20ms', '--duration', '50ms', '--out', 'out'];

const kept = (cwd: string): LabResult => JSON.parse(readFileSync(join(cwd, 'out', 'lab.json'), 'utf8')) as LabResult;

t.test(
  'cells, JSON and plots of a short run; resumed, nothing is run again, and a changed plan is refused',
  async (t) => {
    const cwd = t.testdir({});
    const run = await runCli(['lab', 'abstraction', '--quick', '--only', '*/1', ...SHORT], { cwd });
    t.equal(run.code, 0, run.stderr);
    t.match(run.stderr, /^expected time: about \d+ s\ncell 1\/4 {2}sync\/1 {2}median .* {2}about \d+ s left\n/);
    const { schema, cells } = kept(cwd);
    t.equal(schema, 'conngen.lab/1');
    t.same(
      cells.map(({ cell, status }) => [cell, status]),
      ['sync/1', 'callback/1', 'async/1', 'boxed/1'].map((name) => [name, 'done']),
    );
    t.same(readdirSync(join(cwd, 'out')).sort(), [
      'cells.csv',
      'density-1.svg',
      'ecdf-1.svg',
      'lab.json',
      'median.svg',
      'series-1.svg',
    ]);
    const csv = readFileSync(join(cwd, 'out', 'cells.csv'), 'utf8')
      .trimEnd()
      .split('\n');
    t.equal(csv.length, 5);
    t.equal(new Set(csv.map((row) => row.split(',').length)).size, 1, 'as many cells in every row');

    // As an interruption after three cells would leave it.
    writeFileSync(join(cwd, 'out', 'lab.json'), JSON.stringify({ ...kept(cwd), cells: cells.slice(0, 3) }));
    const resumed = await runCli(['lab', '--resume', 'out'], { cwd });
    t.equal(resumed.code, 0, resumed.stderr);
    t.match(resumed.stderr, /^expected time: about \d+ s\ncell 4\/4 {2}boxed\/1 .*\n$/, 'one cell only');
    t.same(kept(cwd).cells.slice(0, 3), cells.slice(0, 3));

    const changed = await runCli(['lab', '--resume', 'out', '--duration', '60ms'], { cwd });
    t.equal(changed.code, 2);
    t.match(changed.stderr, /^--resume: got "out", expected the plan .*: duration_sec is 0\.06, it was 0\.05$/m);
    writeFileSync(join(cwd, 'out', 'lab.json'), JSON.stringify({ ...kept(cwd), cells: [7] }));
    const broken = await runCli(['lab', '--resume', 'out'], { cwd });
    t.equal(broken.code, 2);
    t.match(
      broken.stderr,
      /^--resume: got "out", expected .* in its lab\.json, the key "cells\[0\]\.status" is missing$/m,
    );
    const again = await runCli(['lab', 'abstraction', '--out', 'out'], { cwd });
    t.match([again.code, again.stderr], [2, /^--out: got "out", expected .*--resume out$/m]);
  },
);

t.test('SIGINT: 130, and the cells so far are kept', async (t) => {
  const cwd = t.testdir({});
  const args = [
    'lab',
    'abstraction',
    '--only',
    '*/1',
    '--settle',
    '0s',
    '--warmup',
    '10ms',
    '--duration',
    '1s',
    '--out',
    'out',
  ];
  const run = await runCli(args, {
    cwd,
    onSpawn: (child) =>
      child.stderr?.on('data', (text: Buffer) => {
        if (String(text).includes('cell 1')) child.kill('SIGINT');
      }),
  });
  t.equal(run.code, 130, run.stderr);
  t.match(run.stdout, /to go on: conngen lab --resume out/);
  const { interrupted, cells } = kept(cwd);
  t.equal(interrupted, true);
  t.ok(cells.length >= 1 && cells.length < 4);
});

t.test('--list shows the cells and makes nothing; slips are refused', async (t) => {
  const cwd = t.testdir({});
  const list = await runCli(['lab', 'abstraction', '--list'], { cwd });
  t.match(list.stdout, /^sync\/512\nsync\/1\n[^]*lab abstraction: 8 cells of about /);
  const none = await runCli(['lab'], { cwd });
  t.match(
    [none.code, none.stderr],
    [2, /^name: got nothing, expected the name of a lab: rtt, blocking, bodies, abstraction/],
  );
  const slip = await runCli(['lab', 'abstraction', '--only', 'rust/*'], { cwd });
  t.match([slip.code, slip.stderr], [2, /^--only: got "rust\/\*", expected a pattern that matches a cell/]);
  t.same(readdirSync(cwd), []);
});
