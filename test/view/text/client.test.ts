import t from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import type { ServerResult } from '../../../src/document/server.ts';
import { clientText } from '../../../src/view/text/client.ts';
import { serverText } from '../../../src/view/text/server.ts';
import {
  clientConfig,
  clientResult,
  interval,
  outcomes,
  refusedRound,
  roundResult,
  serverResult,
} from '../../support/results.ts';

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
  latency              p50      p90     p95     p99    p99.9      max
  schedule lag     31.2 µs  62.4 µs  125 µs  312 µs  1.25 ms  3.12 ms
  connect          31.2 µs  62.4 µs  125 µs  312 µs  1.25 ms  3.12 ms
  first byte       31.2 µs  62.4 µs  125 µs  312 µs  1.25 ms  3.12 ms
  total            31.2 µs  62.4 µs  125 µs  312 µs  1.25 ms  3.12 ms
  corrected total  31.2 µs  62.4 µs  125 µs  312 µs  1.25 ms  3.12 ms
  bytes       15.3 MiB sent, 15.3 MiB received
  cpu         32.0 µs a connection
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
  t.match(text, /outcomes +ok 249,990 \(99\.996 %\)\n +target +reset 10 \(0\.004 %\)\n +errno +ECONNRESET 10\n/);
  t.notMatch(text, 'refused');
  t.match(text, '4 ended by the peer before their time');
  t.end();
});

t.test("failures stand by owner, missed starts among the generator's", (t) => {
  const round = roundResult({
    attempts: { scheduled: 1000, started: 900, missed: 100, in_flight_max: 9 },
    outcomes: outcomes({ refused: 300, reset: 100, connect_timeout: 200, source_exhausted: 290, aborted: 10 }),
    owners: { generator: 390, network: 200, target: 400, unattributed: 10 },
    errno: { ECONNREFUSED: 300, ECONNRESET: 100 },
  });
  t.match(
    clientText(clientResult({ rounds: [round] }), { columns: 120, colours: false }),
    `  outcomes    aborted 10 (1.1 %)
    target    refused 300 (33.3 %), reset 100 (11.1 %)
    network   connect timeout 200 (22.2 %)
    generator source exhausted 290 (32.2 %), missed 100 (10 % of those due)
    errno     ECONNREFUSED 300, ECONNRESET 100
`,
  );
  t.end();
});

const limited = roundResult({
  offered_rate_per_sec: 30_000,
  attempts: { scheduled: 300_000, started: 250_000, missed: 50_000, in_flight_max: 212 },
  verdict: { status: 'generator_limited', reasons: [{ code: 'x', message: 'Too slow: buy more.' }] },
});

t.test("losses of the network or the target are never called the generator's limit", (t) => {
  const wide = { columns: 120, colours: false };
  const shown = (ok: number, changes: Partial<RoundResult>): string => {
    const round = { ...limited, outcomes: outcomes({ ok, connect_timeout: 250_000 - ok }), ...changes };
    return clientText(clientResult({ rounds: [round, round] }), wide);
  };
  t.match(shown(250_000, {}), /250,000\* .*\n\* the generator's limit, not the target's/, 'nothing was lost');
  t.notMatch(shown(175_000, {}), /limit, not the target's/, 'missed here and lost there: the limit of neither alone');
  const few = { scheduled: 250_100, started: 250_000, missed: 100, in_flight_max: 212 };
  t.notMatch(shown(175_000, { attempts: few }), /limit, not the target's/, 'lost there');
  const closedLoop = { offered_rate_per_sec: null, attempts: { ...few, scheduled: 250_000, missed: 0 } };
  t.match(shown(250_000, closedLoop), /limit, not the target's/);
  t.notMatch(shown(175_000, closedLoop), /limit, not the target's/);
  t.end();
});

t.test("a figure that is the generator's limit is never shown as the target's", (t) => {
  const wide = { columns: 120, colours: false };
  const one = clientText(clientResult({ rounds: [limited] }), wide);
  t.match(one, /achieved .* started: the generator's limit, not the target's\n/);
  t.match(one, /corrected total .*\n +measured by a generator at its limit/);
  const two = clientText(clientResult({ rounds: [roundResult(), limited] }), wide);
  t.match(
    two,
    /\n1 +25,000\/s +250,000 +0 +250,000 +100 .*\n2 +30,000\/s +250,000 +50,000 +250,000\* +100 .*\n\* the generator's limit, not the target's\n$/,
  );
  t.notMatch(clientText(clientResult(), wide), /generator/);
  const late = clientText(clientResult({ rounds: [roundResult({ verdict: limited.verdict })] }), wide);
  t.match(late, /achieved .* 25,000\/s started\n/, 'all that was offered is no limit');
  t.match(late, /measured by a generator at its limit/);
  t.end();
});

t.test("the kernel's counters that matter, and findings", (t) => {
  const evidence = { kernel: { syn_retransmits: 7, active_opens: 1 } };
  const findings = [{ code: 'a', message: 'First: look.', evidence: {} }];
  const text = clientText(clientResult({ rounds: [roundResult({ ...evidence, findings })] }));
  t.match(text, /\n {2}kernel {6}This machine's kernel sent 7 SYNs[^]*\n {2}findings {4}First: look\.\n {2}verdict/);
  t.match(
    serverText(serverResult({ ...evidence, findings })),
    /kernel {6}This machine's kernel sent 7[^]*findings {4}First/,
  );
  t.notMatch(clientText(clientResult()), /kernel|findings/);
  t.end();
});

t.test('several rounds end in a table', (t) => {
  const text = clientText(
    clientResult({ rounds: [roundResult(), roundResult({ offered_rate_per_sec: null }), refusedRound()] }),
  );
  t.match(text, /Round 1 of 3/);
  t.match(text, /\nround +offered +attempted +missed +completed +per cent +mean +verdict\n/);
  t.match(text, /\n2 +max +250,000 +0 +250,000 +100 % +31\.2 µs +valid\n/);
  t.match(text, /\n3 +25,000\/s +250,000 +0 +0 +0 % +- +invalid\n$/);
  t.ok(widest(text) <= 80);
  t.end();
});

t.test('more rounds are in the table only, with the reasons below', (t) => {
  const rounds = [roundResult(), roundResult(), roundResult(), refusedRound()];
  const text = clientText(clientResult({ rounds }), { columns: 120, colours: false });
  t.notMatch(text, /Round 1 of/);
  t.match(text, /\nround +offered +attempted +missed +completed +per cent +min +mean +max +p99 total +verdict\n/);
  t.match(text, /\nRound 4: No connection was established/);
  t.end();
});

t.test('a ramp shows its seconds and where latency leaves the floor', (t) => {
  const seconds = (p90sNs: readonly number[]): string => {
    const intervals = p90sNs.map((p90, index) => {
      const { latency_ns: clocks, ...rest } = interval({ start_sec: index, scheduled: 100 * (index + 1) });
      return { ...rest, latency_ns: { ...clocks, total: { ...clocks.total, p90 } } };
    });
    const ramp = { from_per_sec: 0, to_per_sec: 100 * p90sNs.length };
    const round = roundResult({ ramp, duration_sec: p90sNs.length, intervals });
    return clientText(clientResult({ rounds: [round] }));
  };
  const text = seconds([1e6, 0.9e6, 3e6, 1e6, 1.9e6, 2.1e6, 4e6, 1e6]);
  t.match(text, /offered +0 to 800\/s for 8 s/);
  t.match(text, /\nsecond +offered +completed +failed +in flight/);
  t.match(
    text,
    /Latency starts to climb in second 4, at about 500\/s: a p90 of 1\.90 ms where the\nlowest before was 900 µs/,
  );
  t.match(seconds([1e6, 1e6, 5e6, 1e6]), /latency did\s+not\s+climb/, 'one second is noise');
  t.match(seconds(Array.from({ length: 60 }, () => 1e6)), /\n57 .*\nOne second in 3 is shown; the JSON has all/);
  t.end();
});

t.test('a long ramp shows intervals of several seconds, and not the one that goes on after it', (t) => {
  const ramp = { from_per_sec: 0, to_per_sec: 3000 };
  const intervals = [
    interval({ start_sec: 1199, scheduled: 2900 }),
    interval({ start_sec: 1200, length_sec: 2.001, scheduled: 5900 }),
    interval({ start_sec: 1202, length_sec: 2, scheduled: 3000 }),
  ];
  const text = clientText(clientResult({ rounds: [roundResult({ ramp, duration_sec: 1203, intervals })] }));
  t.match(text, /\n1199 +2,900\/s/);
  t.match(text, /\n1200 +2,949\/s/, 'a rate is a second');
  t.notMatch(text, /\n1202 /, 'it is half empty');
  t.end();
});

t.test('wide figures still fit', (t) => {
  const round = refusedRound();
  const wide = { ...round, attempts: { scheduled: 1e9, started: 1e9, missed: 123_456_789, in_flight_max: 4_000_000 } };
  const text = clientText(
    clientResult({ rounds: [wide, wide], config: clientConfig({ host: '::1', address: '::1', port: 1 }) }),
  );
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
  t.match(clientText(clientResult({ interrupted: true })), /Stopped early/);
  t.match(
    clientText(clientResult({ error: { code: 'worker_exited', message: 'worker 1 ended' } })),
    /Failed: worker 1 ended \(worker_exited\)/,
  );
  t.match(clientText(clientResult({ rounds: [] })), /No round was run/);
  t.match(
    clientText(clientResult({ config: clientConfig({ host: 'a', address: '::1', port: 1 }) })),
    /^conngen client a:1 \(::1\)\n/,
  );
  t.end();
});

t.test('why better engines were passed over', (t) => {
  const note = 'engine uring is passed over: io_uring is forbidden here';
  const client = clientResult();
  t.match(
    clientText({ ...client, system: { ...client.system, engine_notes: [note] } }),
    `engine epoll, 1 worker, payload 64 B, finish echo\n${note}\n\n  offered`,
  );
  const server = serverResult();
  t.match(
    serverText({ ...server, system: { ...server.system, engine_notes: [note] } }),
    `conngen server, engine epoll\n${note}\n  accepted`,
  );
  t.end();
});

t.test('processor time that no agent told is not 0 ns', (t) => {
  const cpu = { user_usec: 0, system_usec: 0, usec_per_connection: 0 };
  t.match(clientText(clientResult({ rounds: [roundResult({ cpu })] })), /\n {2}cpu {9}-\n/);
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
  accepted    5,000 in 12.5 s (2,500/s on average over 2 s, from the first to
              the last)
  ended       4,990 completed, 7 rejected, 3 closed idle
  listeners   2,600, 2,400
  bytes       313 KiB received, 313 KiB sent
  errors      accept_EMFILE 2
  cpu         27.3 µs a connection
`,
  );
  const idle: ServerResult = JSON.parse(
    JSON.stringify(serverResult({ duration_sec: 0, accepted: 0 })),
    (key, value: unknown) => (key === 'accepting' ? undefined : value),
  ) as ServerResult;
  t.match(serverText(idle), /accepted +0 in 0 s\n/);
  t.end();
});

t.test('a server with work beside its loops', async (t) => {
  const work = {
    jobs: 5000,
    done: 4998,
    unfinished: 2,
    on_loop: 1200,
    on_threads: 3798,
    waited: 0,
    queue_full: 1200,
    caller_runs: 1200,
    running_max: 3,
  };
  const text = serverText(serverResult({ work, busy: { tasks: 100, ticks: 2_500_000, skipped: 300 } }), {
    columns: 200,
    colours: false,
  });
  t.match(
    text,
    '  work        5,000 jobs, 3,798 on threads, 1,200 on the loop, queue full 1,200 times, 1,200 run by the caller, at most 3 at a time, 2 unfinished\n',
  );
  t.match(text, '  busy tasks  100 a listener, 2,500,000 ticks, 300 skipped\n');
  const onPool = {
    ...work,
    unfinished: 0,
    queue_full: 0,
    waited: 7,
    running_max: null,
    stand_in: 'pbkdf2-sha1, iterations: 9',
  };
  t.match(
    serverText(serverResult({ work: onPool }), { columns: 200, colours: false }),
    /7 waited .*, as pbkdf2-sha1, iterations: 9\n/,
  );
});
