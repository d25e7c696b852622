import t from 'tap';
import { LiveView } from '../../../src/view/live/line.ts';
import { liveLine } from '../../../src/view/live/second-lines.ts';
import { loadSecond, runStarted } from '../../support/events.ts';
import { interval, latency } from '../../support/results.ts';

t.test('a line', (t) => {
  t.equal(liveLine('', 12, interval(), 0), '  12 s    1,000/s  in flight 3  errors 0  p99 1.04 ms');
  t.equal(
    liveLine('warm-up ', 0.5, interval({ held: 2, missed: 5, started: 250, length_sec: 0.5 }), 7),
    'warm-up  0.5 s      500/s  in flight 1  held 2  missed 5  errors 7  p99 1.04 ms',
  );
  const nothing = interval();
  t.match(liveLine('', 1, { ...nothing, latency_ns: { ...nothing.latency_ns, total: latency(0, 0) } }, 0), /p99 -$/);
  t.end();
});

t.test('without a terminal: one plain line a second, errors added up within a round', (t) => {
  const written: string[] = [];
  const view = new LiveView({ write: (text: string) => written.push(text) });
  view.on(runStarted({ rounds: 2 }));
  view.on(loadSecond(interval({ failed: 2 }), { round: 0, warmup: true }));
  view.on(loadSecond(interval({ failed: 2 }), { round: 0, warmup: false }));
  view.on(loadSecond(interval({ start_sec: 1, failed: 3 }), { round: 0, warmup: false }));
  view.on(loadSecond(interval(), { round: 1, warmup: false }));
  view.clear();
  t.same(
    written.map((line) => /^(.*?) +\d s.*errors (\d+).*\n$/.exec(line)?.slice(1)),
    [
      ['round 1/2 warm-up', '2'],
      ['round 1/2', '2'],
      ['round 1/2', '5'],
      ['round 2/2', '0'],
    ],
  );
  t.end();
});

t.test('the warm-up counts its own seconds; what is left behind the last second gets no line', (t) => {
  const written: string[] = [];
  const view = new LiveView({ write: (text: string) => written.push(text) });
  view.on(loadSecond(interval({ start_sec: -2, length_sec: 0.6 }), { round: 0, warmup: true }));
  view.on(loadSecond(interval({ start_sec: -1 }), { round: 0, warmup: true }));
  view.on(loadSecond(interval({ start_sec: 0 }), { round: 0, warmup: false }));
  view.on(loadSecond(interval({ start_sec: 1 }), { round: 0, warmup: false }));
  view.on(loadSecond(interval({ start_sec: 2, length_sec: 0.4, failed: 4 }), { round: 0, warmup: false }));
  t.same(
    written.map((line) => /^.*? s /.exec(line)?.[0]),
    ['warm-up  0.6 s ', 'warm-up  1.6 s ', '   1 s ', '   2 s '],
  );
  t.end();
});

t.test('a terminal that does not know its width is taken for 80 columns', (t) => {
  const written: string[] = [];
  new LiveView({ isTTY: true, columns: 0, write: (text: string) => written.push(text) }).on(loadSecond(interval()));
  t.match(written[0], /1,000\/s {2}in flight \d+ {2}errors/);
  t.end();
});

t.test('on a terminal: one line, rewritten and cut', (t) => {
  const written: string[] = [];
  const view = new LiveView({ isTTY: true, columns: 20, write: (text: string) => written.push(text) });
  view.clear();
  view.on(loadSecond(interval(), { round: 0, warmup: false }));
  view.on(loadSecond(interval(), { round: 0, warmup: false }));
  view.clear();
  view.clear();
  t.same(written, ['\r\u001b[2K   1 s    1,000/s  ', '\r\u001b[2K   2 s    1,000/s  ', '\r\u001b[2K']);
  t.end();
});
