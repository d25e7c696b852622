import t from 'tap';
import { SparseLog } from '../../../src/fleet/agent/sparse-log.ts';

t.test('warnings are told up to 20 a minute, and the others counted', (t) => {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  let nowMs = 5;
  const log = new SparseLog({ info: note, warn: note, error: note }, () => nowMs);
  for (let count = 0; count < 1000; count++) log.warn(`refused ${count}`);
  t.equal(lines.length, 21);
  t.equal(lines[19], 'refused 19');
  t.equal(lines[20], 'orders that are refused within this minute are counted from here on');
  nowMs += 60_000;
  log.warn('refused later');
  log.warn('refused last');
  t.same(lines.slice(21), ['980 more orders were refused meanwhile', 'refused later', 'refused last']);
  nowMs += 60_000;
  log.warn('refused again');
  t.same(lines.slice(24), ['refused again'], 'nothing was left out');
  t.end();
});
