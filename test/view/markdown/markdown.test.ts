import t from 'tap';
import { factList, plain, rowsTable } from '../../../src/view/markdown/markdown.ts';
import { clientMarkdown, serverMarkdown } from '../../../src/view/markdown/run.ts';
import { clientResult, interval, outcomes, refusedRound, roundResult, serverResult } from '../../support/results.ts';

t.test('facts: what belongs to a fact is a list below it', (t) => {
  t.equal(
    factList([
      ['outcomes', 'ok 0'],
      ['  target', 'refused 3'],
      ['findings', 'one'],
      ['', 'two'],
    ]),
    '- **outcomes**: ok 0\n  - **target**: refused 3\n- **findings**: one\n  - two',
  );
  t.equal(plain('a<b> *c* `d`\u001b'), String.raw`a\<b> \*c\* \`d\`\x1b`.replace('\\x1b', plain('\u001b')));
  t.equal(
    rowsTable([
      ['a', 'b'],
      ['1', 'x|y'],
    ]),
    '| a | b |\n| --- | ---: |\n| 1 | x\\|y |',
  );
  t.end();
});

t.test('one round of a client: facts, latency, verdict, options', (t) => {
  const text = clientMarkdown(clientResult());
  t.match(text, /^## conngen client 127\.0\.0\.1:2345\n\n/);
  t.match(text, /\n- \*\*offered\*\*: 25,000\/s for 10 s\n/);
  t.match(text, /\n\n\| latency \| p50 \| /);
  t.match(text, /\n\| total \| 31\.2 µs \| /);
  t.match(text, /\n- \*\*verdict\*\*: valid\n\n### Options\n\n```json\n/);
  t.notMatch(text, /### Rounds/);
  t.end();
});

t.test('several rounds stand in a table, and only up to three in full', (t) => {
  const two = clientMarkdown(clientResult({ rounds: [roundResult(), refusedRound()] }));
  t.match(two, /\n### Round 2 of 2\n\n- \*\*offered/);
  t.match(two, /\n### Rounds\n\n\| round \| offered \|/);
  const four = clientMarkdown(clientResult({ rounds: [1, 2, 3, 4].map(() => refusedRound()) }));
  t.notMatch(four, /### Round 1 of/);
  t.match(four, /\n\| 4 \| /);
  t.end();
});

t.test('a ramp, an early end, a failure, a threshold', (t) => {
  const ramp = roundResult({
    ramp: { from_per_sec: 100, to_per_sec: 1000 },
    intervals: [interval({ start_sec: 0 }), interval({ start_sec: 1 })],
  });
  const text = clientMarkdown(
    clientResult({
      rounds: [ramp],
      interrupted: true,
      error: { code: 'worker_died', message: 'a worker died' },
      thresholds_met: false,
    }),
  );
  t.match(text, /\n### Seconds of round 1\n\n\| second \| /);
  t.match(text, /\nStopped early/);
  t.match(text, /\nFailed: a worker died \(worker_died\)\n/);
  t.match(text, /\nThe thresholds say nothing of the target\.\n/);
  t.end();
});

t.test('the server', (t) => {
  const text = serverMarkdown(serverResult());
  t.match(text, /^## conngen server\n/);
  t.match(text, /\n- \*\*accepted\*\*: /);
  t.match(text, /\n### Options\n/);
  t.end();
});

t.test('failures by owner are parts of the outcomes', (t) => {
  const round = roundResult({ outcomes: outcomes({ ok: 249_990, reset: 10 }), errno: { ECONNRESET: 10 } });
  t.match(
    clientMarkdown(clientResult({ rounds: [round] })),
    /\n- \*\*outcomes\*\*: ok 249,990 .*\n {2}- \*\*target\*\*: reset 10 .*\n {2}- \*\*errno\*\*: ECONNRESET 10\n/,
  );
  t.end();
});
