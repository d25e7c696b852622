// tier: netns
/** Faults of the generator's own machine: no port, no descriptor, no time. None of them is the target's. */
import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import t from 'tap';
import type { RttResult } from '../../src/document/rtt.ts';
import { inTime } from '../support/in-time.ts';
import { Lab, noLab } from './lab.ts';
import { checkBlame, load, trial } from './trial.ts';

const skip = noLab();
const skipOnOneCore = skip || (availableParallelism() < 2 && 'needs two cores, one of them for the server');

t.test('there are 100 source ports', { skip }, async (t) => {
  for (const [name, options] of [
    ['handed out by conngen', ['--source-ports', 'system']],
    ['chosen by the kernel', ['--source-ports', 'kernel']],
  ] as const) {
    await t.test(name, async (t) => {
      const lab = Lab.forTest(t);
      lab.client.sysctl('net.ipv4.ip_local_port_range', '40000 40099');
      const seen = await trial(t, lab, { load: ['--rate', '600', '--duration', '500ms', ...options], misses: true });
      // What a machine that was held up has missed as well had no port either.
      const exhausted = 200 - seen.round.attempts.missed;
      checkBlame(t, seen, {
        outcomes: { ok: 100, source_exhausted: exhausted },
        errno: seen.round.errno,
        owners: { generator: 200 },
        verdict: ['generator_limited', 'source_exhausted'],
      });
      const reason = seen.round.verdict.reasons.find(({ code }) => code === 'source_exhausted');
      t.equal(reason!.evidence!['source_exhausted'], exhausted);
      t.strictSame([seen.established, seen.served.accepted], [100, 100]);
    });
  }
});

t.test('a run has just had every port that the kernel may choose', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  lab.client.sysctl('net.ipv4.ip_local_port_range', '40000 40009');
  const server = await lab.serve();
  const all = ['--rate', 'max', '--count', '10', '--max-in-flight', '10', '--source-ports', 'system'];
  t.equal((await load(t, lab, all)).round.outcomes.ok, 10);
  for (const engine of ['uring', 'epoll', 'blocking']) {
    const { rounds } = await inTime(async () => {
      const { stdout } = await lab.ping(['--engine', engine, '--rate', '50', '--duration', '200ms']);
      return JSON.parse(stdout) as RttResult;
    });
    t.equal(rounds[0]!.received, 10, `${engine}: a port outside of the range does`);
  }
  await server.stop();
});

t.test('64 files may be open', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const seen = await trial(t, lab, {
    load: ['--rate', '200', '--duration', '1s', '--hold', '1s'],
    clientProcess: { prefix: ['prlimit', '--nofile=64:64'] },
    misses: true,
  });
  const { missed, in_flight_max: inFlightMax } = seen.round.attempts;
  checkBlame(t, seen, {
    outcomes: { ok: 200 - missed },
    owners: { generator: missed },
    verdict: ['generator_limited', 'in_flight_limit'],
    findings: ['nothing_held'],
  });
  t.equal(inFlightMax, 32);
  t.same(
    [seen.round.held, seen.round.intervals.map(({ held }) => held)],
    [undefined, seen.round.intervals.map(() => 0)],
  );
  const reason = seen.round.verdict.reasons.find(({ code }) => code === 'in_flight_limit');
  t.match(reason!.message, /limit of open files allows.*ulimit -n/);
  t.strictSame([seen.established, seen.served.accepted], [200 - missed, 200 - missed]);
});

t.test('64 files may be open, from the middle of a run on', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  lab.forward('ct state new counter name opened', 'counter opened { }');
  let client = 0;
  let opened = 0;
  const limit = setInterval(() => {
    if (client === 0 || lab.router.packets('opened') === 0) return;
    execFileSync('prlimit', ['--pid', String(client), '--nofile=64:64']);
    opened = lab.router.packets('opened');
    clearInterval(limit);
  }, 50);
  const seen = await trial(t, lab, {
    load: ['--rate', '100', '--duration', '3s', '--hold', '3s'],
    clientProcess: { onSpawn: (child) => (client = child.pid!) },
    ended: () => clearInterval(limit),
    misses: true,
  });
  const { ok, fd_exhausted: refused } = seen.round.outcomes;
  const { missed } = seen.round.attempts;
  checkBlame(t, seen, {
    outcomes: { ok, fd_exhausted: refused },
    errno: { EMFILE: refused },
    owners: { generator: refused + missed },
    verdict: ['generator_limited', 'fd_exhausted'],
    findings: ['nothing_held'],
  });
  // The limit comes when this test gets round to it, after a twentieth of a second or a good deal later. None is closed before the end.
  t.ok(ok <= Math.max(64, opened) && refused > 0, 'no more than there were files', { found: [ok, refused, opened] });
  t.strictSame([seen.established, seen.served.accepted], [ok, ok]);
});

t.test('two busy loops share the core of the generator', { skip: skipOnOneCore }, async (t) => {
  const lab = Lab.forTest(t);
  const loops = [0, 1].map(() => spawn('taskset', ['-c', '0', 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }));
  t.teardown(() => loops.forEach((loop) => loop.kill('SIGKILL')));
  const seen = await trial(t, lab, {
    load: ['--rate', '4000', '--duration', '1500ms', '--workers', '1'],
    // Without the right to go before what is ordinary, as for any user but root.
    clientProcess: { prefix: ['setpriv', '--bounding-set=-sys_nice', 'taskset', '-c', '0'] },
    serverProcess: { prefix: ['taskset', '-c', '1'] },
    misses: true,
  });
  const { started, missed } = seen.round.attempts;
  const { status, reasons } = seen.round.verdict;
  t.strictSame(seen.round.owners, { generator: missed, network: 0, target: 0, unattributed: 0 });
  t.equal(seen.round.outcomes.ok, started, 'what was started was answered');
  t.strictSame([seen.established, seen.served.accepted], [started, started]);
  t.strictSame(seen.round.findings, [], 'nothing is said of the target');
  t.equal(status, 'generator_limited');
  const codes = reasons.map(({ code }) => code);
  t.ok(codes.includes('run_queue_wait'), 'others had the core', { found: { codes, workers: seen.round.workers } });
  t.ok(codes.includes('schedule_lag'), 'and starts came late', { found: codes });
});
