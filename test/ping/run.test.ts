// tier: kernel
/** Whole runs in this process, against peers that echo and peers that do not. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import type { RttResult, RttRound } from '../../src/document/rtt.ts';
import { runRtt } from '../support/runs.ts';
import type { PingPeerPorts } from '../engine/conformance/ping-peers.ts';
import { startThread } from '../../src/runtime/thread.ts';
import { moduleUrl } from '../support/modules.ts';
import { planRtt } from '../support/plans.ts';
import { inTime } from '../support/in-time.ts';
import { onSecond } from '../support/events.ts';
import type { RunContext } from '../../src/run/events.ts';
import type { Typed } from '../support/plans.ts';

const peers = startThread(moduleUrl('test/engine/conformance/ping-peers.ts'), {});
t.teardown(() => peers.terminate());
const [ports] = (await once(peers, 'message')) as [PingPeerPorts];

async function run(t: Test, port: number, typed: Typed, context: RunContext = {}): Promise<RttResult> {
  const { plan, problems } = await planRtt({ target: `127.0.0.1:${port}`, engine: 'epoll', ...typed });
  if (plan === null) throw new Error(problems.join('\n'));
  const result = await runRtt(plan, context);
  for (const round of result.rounds) checkRound(t, round);
  return result;
}

/** As `run`, again where a machine that is held up has missed pings. */
function wholeRun(t: Test, port: number, typed: Typed, context?: RunContext): Promise<RttResult> {
  return inTime(() => run(t, port, typed, context));
}

/** What is true of every round. */
function checkRound(t: Test, round: RttRound): void {
  t.equal(round.scheduled, round.sent + round.missed, 'scheduled = sent + missed');
  t.equal(round.sent, round.received + round.lost + round.aborted, 'sent = received + lost + aborted');
  t.equal(round.rtt_ns.count, round.received);
  t.equal(round.corrected_rtt_ns.count, round.received);
  t.equal(round.schedule_lag_ns.count, round.sent);
  for (const key of [
    'scheduled',
    'sent',
    'received',
    'lost',
    'missed',
    'late',
    'duplicates',
    'out_of_order',
  ] as const) {
    const sum = round.intervals.reduce((total, interval) => total + interval[key], 0);
    t.equal(sum, round[key], `the intervals add up to ${key}`);
  }
  t.ok(
    round.intervals.every(({ length_sec: lengthSec }) => lengthSec >= 0),
    'no interval ends before it begins',
  );
}

t.test('a schedule is kept, a warm-up and a second round are apart', async (t) => {
  const seen: string[] = [];
  const typed = { rate: ['400', '200'], duration: '1s', warmup: '300ms', connections: '3' };
  const { rounds, schema } = await wholeRun(t, ports.tcp.echo, typed, {
    emit: onSecond(({ round, warmup }) => seen.push(`${round}${warmup ? ' warm-up' : ''}`)),
  });
  t.equal(schema, 'conngen.rtt/1');
  t.match(rounds, [
    { offered_rate_per_sec: 400, achieved_rate_per_sec: 400, sent: 400, received: 400, lost: 0 },
    { offered_rate_per_sec: 200, achieved_rate_per_sec: 200, sent: 200, received: 200, lost: 0 },
  ]);
  t.match(rounds[0], {
    connections: { established: 3, failed: 0, lost: 0 },
    bytes: { sent: 25_600, received: 25_600 },
  });
  // What comes back behind a second has an interval of its own.
  t.same([...new Set(seen)], ['0 warm-up', '0', '1 warm-up', '1']);
});

t.test('back to back: as many as come back, one at a time on each connection', async (t) => {
  const { rounds } = await run(t, ports.udp.echo, {
    rate: 'max',
    duration: '300ms',
    protocol: 'udp',
    connections: '2',
  });
  t.match(rounds, [{ offered_rate_per_sec: null, lost: 0, missed: 0, in_flight_max: 2, verdict: { status: 'valid' } }]);
  t.ok(rounds[0]!.received > 100);
});

t.test('single round trips, and what else the loop has to do', async (t) => {
  const { rounds } = await wholeRun(t, ports.tcp.echo, {
    rate: ['400', '400'],
    duration: '1s',
    warmup: '100ms',
    samples: '100',
    'busy-tasks': '3',
  });
  for (const { samples, busy, rtt_ns: rtt, received } of rounds) {
    const { every, at_sec: atSec, rtt_ns: rttNs } = samples!;
    t.equal(every, 4);
    t.same([atSec.length, rttNs.length], [received / every, received / every]);
    t.same(
      atSec,
      atSec.toSorted((a, b) => a - b),
    );
    t.ok(atSec[0]! >= 0 && rttNs.every((ns) => ns >= rtt.min && ns <= rtt.max));
    t.equal(busy!.tasks, 3);
    t.equal(busy!.ticks % 3, 0);
    // About a tick a millisecond and task, whether it was run or skipped.
    t.ok(busy!.ticks + busy!.skipped >= 3 * 1000, `${busy!.ticks} ticks, ${busy!.skipped} skipped`);
  }
});

t.test('a pause after each reply', async (t) => {
  const { rounds } = await run(t, ports.tcp.echo, { think: '20ms', duration: '1s' });
  t.ok(rounds[0]!.sent > 10 && rounds[0]!.sent <= 50, `${rounds[0]!.sent} pings`);
});

t.test('loss is a timeout, counted, and the schedule goes on', async (t) => {
  // Longer than any pause of this machine: an echo that comes after it would be one more that is lost.
  const typed = { protocol: 'udp', rate: '400', duration: '1s', timeout: '2s' };
  const { rounds } = await wholeRun(t, ports.udp.loses, typed);
  t.match(rounds, [{ sent: 400, received: 300, lost: 100, missed: 0 }]);
  const { start_sec: startSec, length_sec: lengthSec } = rounds[0]!.intervals.at(-1)!;
  t.ok(startSec + lengthSec < 10, 'it does not wait for one loss after the other', { found: startSec + lengthSec });
});

t.test('closed loop waits for what is lost, and says so', async (t) => {
  const typed = { protocol: 'udp', rate: '400', duration: '1s', timeout: '100ms', pipeline: '1' };
  const { rounds } = await run(t, ports.udp.loses, typed);
  t.match(rounds[0]!.verdict, {
    status: 'generator_limited',
    reasons: [{ code: 'in_flight_limit' }, { code: 'schedule_lag' }],
  });
  t.ok(rounds[0]!.lost >= 5);
});

t.test('overtaking and repetition are counted', async (t) => {
  const swapped = await wholeRun(t, ports.udp.swaps, { protocol: 'udp', rate: '200', duration: '500ms' });
  t.match(swapped.rounds, [{ received: 100, out_of_order: 50, duplicates: 0 }]);
  const twice = await wholeRun(t, ports.udp.twice, { protocol: 'udp', rate: '200', duration: '500ms' });
  t.match(twice.rounds, [{ received: 100, out_of_order: 0 }]);
  // The last one may come when nobody listens any more.
  t.ok(twice.rounds[0]!.duplicates >= 99, `${twice.rounds[0]!.duplicates} duplicates`);
});

t.test('no echo', async (t) => {
  const silent = await wholeRun(t, ports.tcp.silent, { rate: '100', duration: '100ms', timeout: '100ms' });
  t.match(silent.rounds, [{ received: 0, lost: 10, verdict: { status: 'invalid', reasons: [{ code: 'no_echo' }] } }]);
  const ending = await run(t, ports.tcp.ends, { rate: '100', duration: '200ms', timeout: '100ms' });
  t.match(ending.rounds, [{ lost: 1, errno: { closed_by_peer: 1 }, connections: { established: 1, lost: 1 } }]);
  const longer = await wholeRun(t, ports.udp.longer, {
    protocol: 'udp',
    rate: '100',
    duration: '100ms',
    timeout: '100ms',
  });
  t.match(longer.rounds, [
    { received: 0, lost: 10, errno: { EPROTO: 10 }, verdict: { reasons: [{ code: 'not_an_echo' }] } },
  ]);
  t.match(longer.rounds[0]!.verdict.reasons[0]!.message, /is not what was sent \(10 datagrams\): /);
});

t.test('a signal ends it early, with what there is', async (t) => {
  const controller = new AbortController();
  const result = await run(
    t,
    ports.tcp.echo,
    { rate: '100', duration: '60s' },
    { stop: controller.signal, emit: onSecond(() => controller.abort()) },
  );
  t.equal(result.interrupted, true);
  t.ok(result.rounds[0]!.duration_sec < 5);
  t.ok(result.rounds[0]!.received > 0);
});

t.test('pings that were due count when the peer ends all connections, and the verdict says so', async (t) => {
  const typed = { rate: '20', duration: '1s', connections: '2', timeout: '200ms' };
  const { rounds } = await run(t, ports.tcp.ends, typed);
  t.match(rounds, [{ scheduled: 20, duration_sec: 1, connections: { established: 2, lost: 2 } }]);
  const { verdict, missed } = rounds[0]!;
  t.ok(missed > 0, 'the rest of the schedule');
  t.not(verdict.status, 'generator_limited', 'this machine is not blamed');
  t.match(
    verdict.reasons.find(({ code }) => code === 'connections_lost')?.message,
    new RegExp(`^2 of 2 connections were ended .*, and ${missed} pings that were due after that could not be sent`),
  );
});

t.test('the whole schedule counts when connections end in the warm-up', async (t) => {
  const typed = { rate: '20', duration: '1s', warmup: '500ms', timeout: '200ms' };
  const { rounds } = await run(t, ports.tcp.ends, typed);
  // On a busy machine the end may come when the warm-up is over.
  t.match(rounds, [{ scheduled: 20, duration_sec: 1 }]);
});

t.test('a peer whose replies are longer than the pings is no echo', async (t) => {
  const { rounds } = await run(t, ports.tcp.longer, { rate: '20', duration: '1s' });
  t.match(rounds, [{ scheduled: 20, errno: { EPROTO: 1 }, verdict: { status: 'invalid' } }]);
  t.ok(rounds[0]!.verdict.reasons.some(({ code }) => code === 'not_an_echo'));
});

t.test('no ping is measured against a greeting', async (t) => {
  const echoMs = 50;
  const greetings = { 'of another length': 34, 'as long as a ping': 64, 'of two pings': 128 };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(Buffer.alloc(size, 'g'));
    socket.on('data', (bytes) => setTimeout(() => socket.write(bytes), echoMs));
  });
  let size = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const engine of ['epoll', 'node', 'blocking']) {
    for (const [name, bytes] of Object.entries(greetings)) {
      size = bytes;
      const { rounds } = await run(t, port, { rate: '20', duration: '250ms', timeout: '2s', size: '64', engine });
      const { received, rtt_ns, errno, verdict, connections } = rounds[0]!;
      t.ok(received === 0 || rtt_ns.min >= echoMs * 1e6 * 0.98, `${engine}, ${name}: ${rtt_ns.min} ns`);
      if (bytes === 34) t.equal(received, 0);
      if (received > 0) continue;
      t.match({ errno, verdict }, { errno: { EPROTO: 1 }, verdict: { reasons: [{ code: 'not_an_echo' }] } });
      t.equal(connections.lost, 1);
      const lost = verdict.reasons.find(({ code }) => code === 'connections_lost');
      t.match(lost?.message, /^1 of 1 connections were closed here for what came back before/);
    }
  }
});

t.test('a connection that breaks before the round begins', async (t) => {
  // What was not asked for breaks it as it comes.
  const server = createServer((socket) => void socket.on('error', () => undefined).write(Buffer.alloc(100_000, 0xa5)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { rounds } = await run(t, port, { rate: '100', duration: '200ms', timeout: '200ms' });
  const { connections, received, sent, lost } = rounds[0]!;
  t.equal(received, 0);
  // What came while connections were still being opened is a greeting: then the pings go unanswered instead.
  t.ok(connections.lost === 1 || (sent > 0 && lost === sent), 'the connection is lost, or every ping');
});
