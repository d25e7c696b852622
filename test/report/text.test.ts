import t from 'tap';
import { clientText } from '../../src/report/text.ts';
import { serverText } from '../../src/report/server-text.ts';
import { clientResult, outcomes, refusedRound, roundResult, serverResult } from '../support/results.ts';

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

t.test('one round', (t) => {
  const text = clientText(clientResult());
  t.equal(
    text,
    `conngen client 127.0.0.1:2345
engine epoll, 1 worker, payload 64 B, finish echo

  offered     25,000/s for 10 s
  achieved    25,000/s completed, 25,000/s established, 25,000/s started
  attempts    250,000 started of 250,000 due, 0 missed; 212 in flight at most
  outcomes    ok 250,000 (100 %)
  latency              p50      p90     p99    p99.9      max
  schedule lag     31.2 µs  62.4 µs  312 µs  1.25 ms  3.12 ms
  connect          31.2 µs  62.4 µs  312 µs  1.25 ms  3.12 ms
  first byte       31.2 µs  62.4 µs  312 µs  1.25 ms  3.12 ms
  total            31.2 µs  62.4 µs  312 µs  1.25 ms  3.12 ms
  corrected total  31.2 µs  62.4 µs  312 µs  1.25 ms  3.12 ms
  bytes       15.3 MiB sent, 15.3 MiB received
  cpu         32.0 µs a connection (25 % of it user, 75 % system)
  verdict     valid
`,
  );
  t.end();
});

t.test('only what happened is told', (t) => {
  const text = clientText(
    clientResult({
      rounds: [
        roundResult({ outcomes: outcomes({ ok: 249_990, reset: 10 }), errno: { ECONNRESET: 10 }, held: { lost: 4 } }),
      ],
    }),
  );
  t.match(text, 'ok 249,990 (99.996 %), reset 10 (0.004 %); errno ECONNRESET 10');
  t.notMatch(text, 'refused');
  t.match(text, '4 ended by the peer before their time');
  t.end();
});

t.test('several rounds end in a table', (t) => {
  const text = clientText(
    clientResult({ rounds: [roundResult(), roundResult({ offered_rate_per_sec: null }), refusedRound()] }),
  );
  t.match(text, /Round 1 of 3/);
  t.match(text, /\nround +offered +completed +missed +not ok +p50 +p99 total +verdict\n/);
  t.match(text, /\n2 +max +25,000\/s +0 +0 +31\.2 µs +312 µs +valid\n/);
  t.match(text, /\n3 +25,000\/s +25,000\/s +0 +250,000 +- +- +invalid\n$/);
  t.ok(widest(text) <= 80);
  t.end();
});

t.test('wide figures still fit', (t) => {
  const round = refusedRound();
  const wide = { ...round, attempts: { scheduled: 1e9, started: 1e9, missed: 123_456_789, in_flight_max: 4_000_000 } };
  const text = clientText(clientResult({ rounds: [wide, wide], config: { host: '::1', address: '::1', port: 1 } }));
  t.ok(widest(text) <= 80, String(widest(text)));
  t.match(text, /^conngen client \[::1\]:1\n/);
  t.end();
});

t.test('the width of the terminal is used', (t) => {
  const rounds = [refusedRound()];
  t.ok(widest(clientText(clientResult({ rounds }), { columns: 120, colours: false })) > 80);
  t.end();
});

t.test('how a run ended', (t) => {
  t.match(clientText(clientResult({ interrupted: true })), /Stopped early by a signal/);
  t.match(
    clientText(clientResult({ error: { code: 'worker_exited', message: 'worker 1 ended' } })),
    /Failed: worker 1 ended \(worker_exited\)/,
  );
  t.match(clientText(clientResult({ rounds: [] })), /No round was run/);
  t.match(
    clientText(clientResult({ config: { host: 'a', address: '::1', port: 1 } })),
    /^conngen client a:1 \(::1\)\n/,
  );
  t.end();
});

t.test('colours only where wanted', (t) => {
  t.notMatch(clientText(clientResult()), /\u001b/);
  t.match(clientText(clientResult(), { columns: 80, colours: true }), /\u001b\[32mvalid\u001b\[39m/);
  t.end();
});

t.test('server', (t) => {
  t.equal(
    serverText(serverResult()),
    `conngen server, engine epoll
  accepted    5,000 in 12.5 s (400/s on average)
  ended       4,990 completed, 7 rejected, 3 closed idle
  listeners   2,600, 2,400
  bytes       313 KiB received, 313 KiB sent
  errors      accept_EMFILE 2
  cpu         27.3 µs a connection
`,
  );
  t.match(serverText(serverResult({ duration_sec: 0, accepted: 0 })), /0 in 0 s \(0\/s on average\)/);
  t.end();
});
