import t from 'tap';
import { LabProgress } from '../../../src/view/live/lab-progress.ts';
import { LiveView } from '../../../src/view/live/line.ts';
import { aboutTime, expectedTimeLine, timeLeftText } from '../../../src/view/live/time-left.ts';
import type { Estimate } from '../../../src/run/events.ts';
import { runStarted } from '../../support/events.ts';

function estimate(leftSec: number, changes: Partial<Estimate> = {}): Estimate {
  return { type: 'estimate', totalSec: leftSec, leftSec, isUpperBound: false, ...changes };
}

t.test('times are as exact as an estimate is', async (t) => {
  const texts = [0.2, 7.1, 19, 21, 61, 99, 101, 3600, 5999, 7200, 9000, 200_000].map(aboutTime);
  t.same(texts, [
    '1 s',
    '8 s',
    '19 s',
    '25 s',
    '65 s',
    '100 s',
    '2 min',
    '60 min',
    '1 h 40 min',
    '2 h',
    '2 h 30 min',
    '3 d',
  ]);
});

t.test('what is likely, and what is the most', async (t) => {
  t.equal(expectedTimeLine(estimate(240, { atMostSec: 600 })), 'expected time: about 4 min (at most 10 min)');
  t.equal(expectedTimeLine(estimate(30)), 'expected time: about 30 s');
  t.equal(expectedTimeLine(estimate(600, { isUpperBound: true })), 'expected time: at most 10 min');
  t.equal(timeLeftText(estimate(120)), 'about 2 min left');
  t.equal(timeLeftText(estimate(120, { isUpperBound: true })), 'at most 2 min left');
});

t.test('a run of several rounds says at the start how long it takes, and after each round what is left', async (t) => {
  for (const isTTY of [true, false]) {
    const written: string[] = [];
    const view = new LiveView({ isTTY, write: (text: string) => written.push(text) });
    view.on(runStarted({ rounds: 3 }));
    for (const leftSec of [30, 20, 10, 0]) view.on(estimate(leftSec));
    t.same(written, ['expected time: about 30 s\n', 'about 20 s left\n', 'about 10 s left\n']);
  }
});

t.test('a run of one round says nothing of its time, which is that of --duration', async (t) => {
  const written: string[] = [];
  const view = new LiveView({ write: (text: string) => written.push(text) });
  view.on(runStarted({ rounds: 1 }));
  view.on(estimate(30));
  view.on(estimate(0));
  t.same(written, []);
});

t.test('a lab on a terminal counts down between two estimates', async (t) => {
  const written: string[] = [];
  let nowSec = 0;
  const lab = {
    name: 'abstraction',
    title: '',
    quantity: { name: 'x', unit: 'ns', label: 'x' },
    figures: [],
    plots: [],
  };
  const stream = { isTTY: true, write: (text: string) => written.push(text) };
  const progress = new LabProgress(stream, { lab, total: 3, before: 0 }, () => nowSec);
  progress.on(runStarted({ command: 'lab', rounds: 3 }));
  progress.on(estimate(30));
  progress.on({ type: 'cell-started', index: 0, cell: 'a' });
  nowSec = 4;
  progress.refresh();
  nowSec = 40;
  progress.refresh();
  await progress.close();
  t.equal(written[0], 'expected time: about 30 s\n');
  t.match(written[1], /cell 1\/3 {2}a {2}0 s {2}about 30 s left$/);
  t.match(written[2], /4 s {2}about 26 s left$/);
  t.match(written[3], /40 s {2}about 0 s left$/, 'never less than none');
});
