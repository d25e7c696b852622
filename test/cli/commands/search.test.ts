// tier: kernel
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Io } from '../../../src/cli/process/io.ts';
import type { SearchResult } from '../../../src/document/limit.ts';
import type { RoundResult } from '../../../src/document/client.ts';
import type { OpenTrials } from '../../../src/limit/trial-runner.ts';
import { PLAIN } from '../../../src/view/layout.ts';
import { searchBy } from '../../support/commands.ts';
import { runCli, startServer } from '../../support/cli.ts';
import { rawInput, type Typed } from '../../support/plans.ts';
import { freePort } from '../../support/ports.ts';
import { latency, outcomes, refusedRound } from '../../support/results.ts';
import { simulated } from '../../support/trials.ts';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function search(typed: Typed, open: OpenTrials): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const io: Io = {
    print: async (text) => void (stdout += text),
    stderr: { write: (text: string) => (stderr += text) },
    style: PLAIN,
    colourLogs: false,
  };
  const code = await searchBy(open)(rawInput({ host: '127.0.0.1', ...typed }, {}, 'conngen search'), io);
  return { code, stdout, stderr };
}

const THOUSAND = simulated({ limitPerSec: () => 1000 });

t.test('the answer first, then every trial', async (t) => {
  const ran = await search({}, THOUSAND);
  t.equal(ran.code, 0, ran.stderr);
  t.match(ran.stdout, /^conngen search 127\.0\.0\.1:2345\nengine epoll, 8 trials \(5 exploratory, 3 full length\) in /);
  t.match(ran.stdout, /\n {2}loss<=0\.1%\n +99\d\/s, confirmed by 2 of 2 full-length trials; 1,009\/s fails\n/);
  t.match(ran.stdout, /\ntrial +length +load +attempted +missed +completed +per cent .*goal\n/);
  t.match(ran.stdout, /\n6 +full +991\/s +9,910 +0 +9,910 +100 % .*met\n/);
  t.match(
    ran.stderr,
    /\ntrial {2}3 +1,600\/s for 2 s {2}loss<=0\.1% not met {2}\(nothing has failed yet\) {2}about \d+ s left\n/,
  );
  t.match(ran.stderr, /^expected time: about \d+ s \(at most 15 min\)\n/);
  t.equal((await search({ quiet: 'true' }, THOUSAND)).stderr, '');
  for (const line of ran.stdout.split('\n')) t.ok(line.length <= 80, line);
});

t.test('JSON: every trial with its whole round, an answer for each goal', async (t) => {
  const goals = ['loss<=0.1%', 'p90(total)<=1s', 'refused<=0'];
  const ran = await search({ json: '-', goal: goals, 'max-rate': '2k' }, THOUSAND);
  const result = JSON.parse(ran.stdout) as SearchResult;
  t.equal(ran.code, 0);
  t.match(result, { schema: 'conngen.search/1', stopped_by: 'answered', profile: null, deviations: [] });
  t.match(result.config, {
    min_rate_per_sec: 100,
    max_rate_per_sec: 2000,
    precision_percent: 2,
    explore_duration_sec: 2,
  });
  t.same(
    result.goals.map(({ goal, status }) => [goal, status]),
    [
      ['loss<=0.1%', 'found'],
      ['p90(total)<=1s', 'at_max_rate'],
      ['refused<=0', 'at_max_rate'],
    ],
  );
  for (const trial of result.trials) {
    t.same(Object.keys(trial.passed), goals);
    t.equal(trial.result.attempts.scheduled, trial.rate_per_sec * trial.result.duration_sec);
  }
});

t.test('Markdown for a ticket', async (t) => {
  const file = join(t.testdir({}), 'report.md');
  const ran = await search({ markdown: file }, THOUSAND);
  const text = readFileSync(file, 'utf8');
  t.match(text, /^## conngen search 127\.0\.0\.1:2345\n/);
  t.match(text, /\n\| `loss<=0\.1%` \| 99\d\/s, confirmed by 2 of 2/);
  t.match(text, /\n\| trial \| length \| load \| attempted \|/);
  t.match(text, /"precision_percent": 2/);
  t.match(ran.stdout, /^conngen search/);
  t.match((await search({ markdown: '-' }, THOUSAND)).stdout, /^## conngen search/);
});

t.test('what established users feel is a goal, where a probe measures it', async (t) => {
  const goal = 'p99(probe)<=5ms';
  const felt = (round: RoundResult): RoundResult => {
    const p99 = (round.offered_rate_per_sec ?? 0) > 700 ? 20e6 : 1e6;
    return { ...round, probe: { sent: 100, received: 100, lost: 0, rtt_ns: { ...latency(1e5), p99 } } };
  };
  const target = simulated({ limitPerSec: () => 1e6, change: felt });
  const ran = await search({ goal, probe: '100/s', 'max-rate': '2k', json: '-' }, target);
  const [found] = (JSON.parse(ran.stdout) as SearchResult).goals;
  t.equal(found?.status, 'found', ran.stderr);
  t.ok(found!.rate_per_sec! > 680 && found!.rate_per_sec! <= 700);
  const without = await search({ goal }, target);
  t.equal(without.code, 2);
  t.match(without.stderr, /--goal: got "p99\(probe\)<=5ms", expected a --probe beside it/);
});

t.test('bad targets', async (t) => {
  const slow = await search({}, simulated({ limitPerSec: () => 10 }));
  t.equal(slow.code, 1);
  t.match(slow.stdout, /1 trials|1 exploratory/);
  t.match(slow.stdout, /none: it is not met at the lowest rate \(100\/s\)/);
  const dying = await search(
    {},
    simulated({ limitPerSec: () => 1e9, change: (round, n) => (n < 3 ? round : refusedRound()) }),
  );
  t.equal(dying.code, 1);
  t.match(
    dying.stdout,
    /limit not found; 1,600\/s passed \(one 2 s trial, unconfirmed\),\s+6,400\/s failed\n\nThe target is gone/,
  );
  const limited = await search(
    {},
    simulated({
      limitPerSec: () => 1e9,
      change: (round) => ({
        ...round,
        verdict:
          round.offered_rate_per_sec! > 2000
            ? { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'Too late.' }] }
            : round.verdict,
      }),
    }),
  );
  t.equal(limited.code, 3);
  t.match(
    limited.stdout,
    /at least 1,\d+\/s \(one 2 s trial; this machine was the limit\)\. At\s+2,\d+\/s: Too late\./,
  );
});

t.test('a search that this machine ended: a lower bound, why, and an exit code of its own', async (t) => {
  const late = (round: RoundResult): RoundResult => {
    if (round.offered_rate_per_sec! <= 2000) return round;
    const usage = { user_usec: 1.9e6, system_usec: 0, irq_usec: 0, softirq_usec: 0, steal_usec: 0, idle_usec: 1e5 };
    return {
      ...round,
      kernel: {
        cpu: [
          { ...usage, core: 4, user_usec: 2e5 },
          { ...usage, core: 5 },
        ],
      },
      verdict: { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'Too late.' }] },
    };
  };
  const plain = simulated({ limitPerSec: () => 1e9, change: late });
  const open: OpenTrials = async (plan, hooks) => {
    const runner = await plain(plan, hooks);
    const neighbours = [
      { pid: 77, name: 'nginx', share: 0.4 },
      { pid: 78, name: 'idle', share: 0.005 },
    ];
    return Object.assign(runner, { neighbours: () => neighbours });
  };
  const ran = await search({ json: '-' }, open);
  t.equal(ran.code, 3, ran.stderr);
  const [goal] = (JSON.parse(ran.stdout) as SearchResult).goals;
  t.match(goal, {
    status: 'generator_limited',
    rate_per_sec: null,
    reason: 'Too late.',
    lower_trials: { passed: 1, of: 1, length: 'exploratory', duration_sec: 2 },
    limited_by: {
      code: 'schedule_lag',
      message: 'Too late.',
      processor: { core: 5, busy_percent: 95 },
      own_percent: 400,
      shared_with: [{ pid: 77, name: 'nginx', percent: 40 }],
    },
  });
  t.equal(goal!.limited_by!.shared_with.length, 1, 'who uses next to nothing is not named');
  t.ok(goal!.lower_per_sec! > 1600 && goal!.lower_per_sec! <= 2000);
  const text = (await search({}, open)).stdout.replace(/\s+/g, ' ');
  t.match(text, /Processor 5 was busy for 95 % of the time\. .*; beside it ran nginx \(pid 77\) 40 %\./);
  t.match(text, / inconclusive /);
  t.equal((await search({ 'fail-if': 'failures>1%' }, open)).code, 99, 'a threshold goes first');
  const allowed = await search({ 'allow-generator-limited': 'true' }, open);
  t.equal(allowed.code, 0);
  t.equal(allowed.stderr.includes('WARN'), false, allowed.stderr);
});

t.test('--fail-if is held against the trials that confirm the answer', async (t) => {
  const failIf = ['p99(total)>1s', 'failures>0.1%'];
  const met = await search({ 'fail-if': failIf, json: '-' }, THOUSAND);
  const result = JSON.parse(met.stdout) as SearchResult;
  t.equal(met.code, 0, met.stderr);
  t.match(result, { thresholds_met: true, config: { fail_if: failIf, allow_generator_limited: false } });
  const judged = result.trials.filter((trial) => trial.result.thresholds !== undefined);
  t.equal(judged.length, 2);
  for (const trial of judged) {
    t.same([trial.length, trial.rate_per_sec], ['final', result.goals[0]?.trial_rate_per_sec]);
    t.match(trial.result.thresholds, [
      { value: 1e6, met: true },
      { expression: 'failures>0.1%', value: 0, met: true },
    ]);
  }
  const missed = await search({ 'fail-if': 'p99(total)>0.5ms' }, THOUSAND);
  t.equal(missed.code, 99);
  t.match(missed.stdout, /\n {2}fail if {5}p99\(total\)>0\.5ms: yes \(1\.00 ms\), trial 6\n {14}p99.* trial 7\n/);
  t.match(missed.stdout, /\nThresholds not met: p99\(total\)>0\.5ms in trial 6, .* in\s+trial 7\.\n$/);
  const markdown = await search({ 'fail-if': 'p99(total)>0.5ms', markdown: '-' }, THOUSAND);
  t.match(markdown.stdout, /\n### Thresholds\n\n- p99\(total\)>0\.5ms: yes \(1\.00 ms\), trial 6\n/);
  const unknown = await search({ 'fail-if': 'p99(total)>1s' }, simulated({ limitPerSec: () => 10 }));
  t.equal(unknown.code, 1, 'a search without an answer has failed');
  t.match(unknown.stdout, /An answer that no trial gives meets no threshold\.\n$/);
});

t.test("an answer that is this machine's limit fails a threshold, unless that is allowed", async (t) => {
  const verdict = { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'Too late.' }] } as const;
  const limited = simulated({
    limitPerSec: () => 1e9,
    change: (round) => (round.offered_rate_per_sec! > 2000 ? { ...round, verdict } : round),
  });
  const refused = await search({ 'fail-if': 'failures>0.1%' }, limited);
  t.equal(refused.code, 99);
  t.match(refused.stdout, /This machine was the limit, .*\(--allow-generator-limited\s+accepts that\)/s);
  const allowed = await search({ 'fail-if': 'failures>0.1%', 'allow-generator-limited': 'true' }, limited);
  t.equal(allowed.code, 0, allowed.stdout);
  t.match(allowed.stdout, /\nEvery threshold was met\.\n$/);
});

t.test('a run that is stopped tells what is known', async (t) => {
  const ran = await search(
    { json: '-' },
    simulated({ limitPerSec: () => 1000, change: (round, n) => (n < 4 ? round : null) }),
  );
  const result = JSON.parse(ran.stdout) as SearchResult;
  t.equal(result.trials.length, 4);
  t.match(result, {
    stopped_by: 'interrupted',
    goals: [{ status: 'unfinished', rate_per_sec: null, upper_per_sec: 1600 }],
  });
});

t.test('out of time', async (t) => {
  const ran = await search({ 'max-time': '10s', json: '-' }, THOUSAND);
  t.match(JSON.parse(ran.stdout), { stopped_by: 'max_time', goals: [{ status: 'unfinished' }] });
  t.equal(ran.code, 1);
});

t.test('everything that is wrong, at once', async (t) => {
  const bad = { goal: ['loss<0.1%%', 'p99(connct)<=20ms'], 'min-rate': '5k', 'max-rate': '1k', precision: '2' };
  const ran = await search(bad, THOUSAND);
  t.equal(ran.code, 2);
  t.match(ran.stderr, /--goal: got "loss<0\.1%%", expected .* at character 6/);
  t.match(ran.stderr, /--goal: got "p99\(connct\)<=20ms", expected .* at character 5/);
  t.match(ran.stderr, /--min-rate: got "5k", expected a rate below --max-rate 1k/);
  t.match(ran.stderr, /--precision: got "2", expected a share from 0\.01% to 50%/);
  const fine = await search({ precision: '0.1%' }, THOUSAND);
  t.equal(fine.code, 2);
  t.match(fine.stderr, /--precision: got "0\.1%", expected at least 0\.5%, .* \(--explore-duration 10s would do/);
  t.equal((await search({ precision: '0.1%', 'explore-duration': '10s' }, THOUSAND)).code, 0);
  const slow = await search({ 'min-rate': '10', 'explore-duration': '1s', duration: '2s' }, THOUSAND);
  t.match(slow.stderr, /at least 10% \(not its default\), .* \(--explore-duration 5s with --duration 5s would do/);
  const long = await search({ 'explore-duration': '10s', duration: '5s' }, THOUSAND);
  t.match(long.stderr, /--explore-duration: got "10s", expected at most the --duration 5s/);
  t.match((await search({ rate: '5' }, THOUSAND)).stderr, /--rate: .*an option of conngen search/);
});

t.test('a real target: nothing fails, or this machine is the limit', async (t) => {
  const server = await startServer();
  const run = await runCli(
    [
      'search',
      `127.0.0.1:${server.port}`,
      '--max-rate',
      '400',
      '--duration',
      '1s',
      '--explore-duration',
      '500ms',
      '--cooldown',
      '0s',
      '--json',
      '-',
    ],
    { timeoutMs: 120_000 },
  );
  await server.stop();
  const result = JSON.parse(run.stdout) as SearchResult;
  t.equal(run.code, result.goals[0]?.status === 'at_max_rate' ? 0 : 3, `${run.stderr} ${JSON.stringify(result.goals)}`);
  t.ok(['at_max_rate', 'generator_limited'].includes(result.goals[0]!.status), JSON.stringify(result.goals));
  for (const { result: round } of result.trials)
    t.equal(round.attempts.started + round.attempts.missed, round.attempts.scheduled);
});

t.test('no target: one trial, exit 1', async (t) => {
  const run = await runCli(['search', `127.0.0.1:${await freePort()}`, '--explore-duration', '500ms', '--json', '-']);
  const result = JSON.parse(run.stdout) as SearchResult;
  t.same([run.code, result.trials.length, result.goals[0]?.status], [1, 1, 'fails_at_min_rate']);
  t.match(result.goals[0]?.reason, /were refused/);
});

t.test('Ctrl-C: the trials so far, exit 130', async (t) => {
  const server = await startServer();
  const run = await runCli(['search', `127.0.0.1:${server.port}`, '--cooldown', '0s', '--json', '-'], {
    onSpawn: (child) =>
      child.stderr?.on('data', (text: Buffer) => {
        if (String(text).includes('trial  1')) child.kill('SIGINT');
      }),
  });
  await server.stop();
  t.equal(run.code, 130);
  t.match(JSON.parse(run.stdout), { interrupted: true, stopped_by: 'interrupted', trials: { length: 1 } });
});

/** Beyond what it can do, a target that sheds load ends connections without a byte of answer. */
function shedding(round: RoundResult, answered = true): RoundResult {
  const lost = round.attempts.started - round.outcomes.ok;
  return {
    ...round,
    outcomes: outcomes({ ok: round.attempts.started }),
    empty_responses: lost,
    latency_ns: { ...round.latency_ns, first_byte: latency(1e6, answered ? round.outcomes.ok : 0) },
    intervals: round.intervals.map((each) => {
      const empty = Math.round((each.ok * lost) / Math.max(1, round.outcomes.ok));
      return { ...each, ok: each.ok + empty, empty_responses: empty };
    }),
  };
}

t.test('where the lowest load was answered with bytes, an empty answer is a failure', async (t) => {
  const typed = { json: '-', 'payload-size': '64', 'max-rate': '4k' };
  const target = simulated({ limitPerSec: () => 1000, change: (round) => shedding(round) });
  const result = JSON.parse((await search(typed, target)).stdout) as SearchResult;
  t.match(result.goals, [{ status: 'found' }]);
  const rate = result.goals[0]?.rate_per_sec ?? null;
  t.ok(rate !== null && rate > 960 && rate < 1010, String(rate));
  const failed = result.trials.find(({ passed }) => passed['loss<=0.1%'] === false)!;
  t.ok(failed.result.outcomes.short_response > 0);
  t.equal(failed.result.outcomes.short_response, failed.result.empty_responses);

  const silent = simulated({ limitPerSec: () => 1000, change: (round) => shedding(round, false) });
  t.match(JSON.parse((await search(typed, silent)).stdout), { goals: [{ status: 'at_max_rate' }] });
});

/** Beyond what it can do, a target that sheds load answers with 503. */
function refusing(round: RoundResult, isAlways = false): RoundResult {
  const { started } = round.attempts;
  const lost = isAlways ? started : started - round.outcomes.ok;
  const errors = {
    code: 'error_statuses',
    message: `t:1 answered ${lost} with 503.`,
    evidence: { error_statuses: lost },
  };
  return {
    ...round,
    outcomes: outcomes({ ok: started }),
    responses: { 200: started - lost, 503: lost },
    error_responses: lost,
    findings: lost === 0 ? [] : [errors],
    intervals: round.intervals.map((each) => {
      const failed = Math.round((each.ok * lost) / Math.max(1, round.outcomes.ok));
      return isAlways
        ? { ...each, error_responses: each.ok }
        : { ...each, ok: each.ok + failed, error_responses: failed };
    }),
  };
}

t.test('where the lowest load was answered with good statuses, an error is a failure', async (t) => {
  const typed = { json: '-', 'payload-size': '64', 'max-rate': '4k' };
  const target = simulated({ limitPerSec: () => 1000, change: (round) => refusing(round) });
  const ran = await search(typed, target);
  const result = JSON.parse(ran.stdout) as SearchResult;
  t.match(result.goals, [{ status: 'found' }]);
  const rate = result.goals[0]?.rate_per_sec ?? null;
  t.ok(rate !== null && rate > 960 && rate < 1010, String(rate));
  const failed = result.trials.find(({ passed }) => passed['loss<=0.1%'] === false)!;
  t.same([failed.result.outcomes.unexpected_response, failed.result.findings], [failed.result.error_responses, []]);

  const errors = simulated({ limitPerSec: () => 1000, change: (round) => refusing(round, true) });
  const text = (await search({ 'payload-size': '64', 'max-rate': '4k' }, errors)).stdout;
  t.match(text, /at least 4,000\/s/);
  t.match(text, /At 4,000\/s, t:1 answered \d+ with 503\./, 'errors are all that it answers, which is said');
});

t.test('a goal about empty answers takes a payload', async (t) => {
  const ran = await search({ goal: 'empty<=0' }, THOUSAND);
  t.equal(ran.code, 2);
  t.match(ran.stderr, /--goal.*"empty<=0".*a --payload beside it/);
});
