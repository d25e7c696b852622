// tier: kernel
import t from 'tap';
import type { Io } from '../../../src/cli/process/io.ts';
import type { SaturateResult } from '../../../src/document/limit.ts';
import type { RoundResult } from '../../../src/document/client.ts';
import type { OpenTrials } from '../../../src/limit/trial-runner.ts';
import { PLAIN } from '../../../src/view/layout.ts';
import { saturateBy } from '../../support/commands.ts';
import { runCli, startServer } from '../../support/cli.ts';
import { rawInput, type Typed } from '../../support/plans.ts';
import { refusedRound, outcomes } from '../../support/results.ts';
import { simulated } from '../../support/trials.ts';

async function saturate(typed: Typed, open: OpenTrials): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const io: Io = {
    print: async (text) => void (stdout += text),
    stderr: { write: (text: string) => (stderr += text) },
    style: PLAIN,
    colourLogs: false,
  };
  const code = await saturateBy(open)(rawInput({ host: '127.0.0.1', ...typed }, {}, 'conngen saturate'), io);
  return { code, stdout, stderr };
}

/** Each step of a factor of 1.25 is 5 % slower. */
const DECLINING = simulated({
  limitPerSec: () => Infinity,
  p90Ns: (rate) => Math.round(1e6 * 1.05 ** Math.round(Math.log(rate / 50) / Math.log(1.25))),
});

t.test('a decline of 5 % a step', async (t) => {
  const ran = await saturate({ json: '-' }, DECLINING);
  const result = JSON.parse(ran.stdout) as SaturateResult;
  t.equal(ran.code, 0);
  t.match(result, { schema: 'conngen.saturate/1', stopped_by: 'slowdown', base: { rate_per_sec: 50, p90_ns: 1e6 } });
  t.equal(result.steps.filter(({ repeat }) => !repeat).length, 16);
  t.equal(result.saturated_at, result.steps.at(-1)?.rate_per_sec);
  t.equal(result.sustained_per_sec, result.steps.at(-3)?.rate_per_sec);
  t.match(result.steps[0], { rate_per_sec: 50, p90_ns: 1e6, failures: 0, verdict: { status: 'valid' } });
});

t.test('as text and as Markdown', async (t) => {
  const ran = await saturate({}, DECLINING);
  t.match(
    ran.stdout,
    /Saturated at 1,4\d\d\/s: a p90 of 2\.08 ms \(base 1\.00 ms at 50\/s\)\. The\s+last good\s+step was 1,1\d\d\/s\./,
  );
  t.match(ran.stdout, /\nstep +load +attempted +missed +completed .*p90 total +verdict\n/);
  t.match(ran.stdout, /\n17 again /);
  t.match(ran.stderr, /\nstep {2}2 +62\.5\/s {2}p90 1\.05 ms {2}about \d+ (s|min) left\n/);
  for (const line of ran.stdout.split('\n')) t.ok(line.length <= 80, line);
  t.match((await saturate({ markdown: '-' }, DECLINING)).stdout, /\n\| step \| load \| /);
});

t.test('a rate that is the limit of this machine is marked, and the mark explained', async (t) => {
  const verdict = { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'Too late.' }] } as const;
  const change = (round: RoundResult): RoundResult => ({
    ...round,
    verdict,
    attempts: { ...round.attempts, started: 1, missed: round.attempts.scheduled - 1 },
    outcomes: { ...round.outcomes, ok: 1 },
  });
  const open = simulated({ limitPerSec: () => Infinity, change });
  t.match((await saturate({}, open)).stdout, / 1\* .*\n\* the generator's limit, not the target's\n/s);
  t.match(
    (await saturate({ markdown: '-' }, open)).stdout,
    /\| 1\* \|.*\n\n\\\* the generator's limit, not the target's\n/s,
  );
  t.notMatch((await saturate({}, DECLINING)).stdout, /\*/);
  t.notMatch((await saturate({ markdown: '-' }, DECLINING)).stdout, /\*/);
});

t.test('failures, the maximum, the generator, a dead target', async (t) => {
  const failing = await saturate({ json: '-' }, simulated({ limitPerSec: () => 300 }));
  t.match(JSON.parse(failing.stdout), { stopped_by: 'failures', saturated_at: 372.55, sustained_per_sec: 298.04 });
  t.match(failing.stderr, /373\/s {2}p90 .* fails loss<=0\.1%/);
  t.match(
    (await saturate({}, simulated({ limitPerSec: () => 300 }))).stdout,
    /Saturated at 373\/s: the goal loss<=0\.1% is\s+missed \(\d+\.?\d* %\)\. The last good step\s+was 298\/s\./,
  );
  const fine = await saturate({ json: '-', 'max-rate': '100' }, simulated({ limitPerSec: () => 300 }));
  t.match(JSON.parse(fine.stdout), { stopped_by: 'max_rate', saturated_at: null });
  t.equal(fine.code, 0);
  const verdict = { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'Too late.' }] } as const;
  const change = (round: Parameters<typeof refusedRound> extends [] ? ReturnType<typeof refusedRound> : never) =>
    round.offered_rate_per_sec! > 200 ? { ...round, verdict } : round;
  const limited = await saturate({}, simulated({ limitPerSec: () => Infinity, change }));
  t.match(
    limited.stdout,
    /Saturation not found: at 238\/s this machine was the limit\. The target takes at\s+least 191\/s \(one 5 s step\)\. Too late\./,
  );
  t.equal(limited.code, 3);
  const json = await saturate({ json: '-' }, simulated({ limitPerSec: () => Infinity, change }));
  t.match(JSON.parse(json.stdout), {
    sustained_per_sec: 190.74,
    limited_by: { code: 'schedule_lag', processor: null },
  });
  const allowed = { 'allow-generator-limited': 'true' };
  t.equal((await saturate(allowed, simulated({ limitPerSec: () => Infinity, change }))).code, 0);
  const dead = await saturate({ json: '-' }, simulated({ limitPerSec: () => 0, change: () => refusedRound() }));
  t.match(JSON.parse(dead.stdout), {
    stopped_by: 'fails_at_start',
    saturated_at: null,
    base: null,
    steps: { length: 1 },
  });
  t.equal(dead.code, 1);
  const told = await saturate({}, simulated({ limitPerSec: () => 0, change: () => refusedRound() }));
  t.match(told.stdout, /None: at the first step already \(50\/s\) the goal loss<=0\.1% is\s+missed \(100 %\)/);
});

t.test('--fail-if is held against the last good step', async (t) => {
  const met = await saturate({ 'fail-if': 'p90(total)>2ms', json: '-' }, DECLINING);
  const result = JSON.parse(met.stdout) as SaturateResult;
  t.equal(met.code, 0, met.stderr);
  t.match(result, { thresholds_met: true, config: { fail_if: ['p90(total)>2ms'] } });
  const judged = result.steps.filter((step) => step.result.thresholds !== undefined);
  t.match(judged, { length: 1, 0: { rate_per_sec: result.sustained_per_sec } });
  const missed = await saturate({ 'fail-if': 'p90(total)>1.5ms' }, DECLINING);
  t.equal(missed.code, 99);
  t.match(missed.stdout, /\n {2}fail if {5}p90\(total\)>1\.5ms: yes \(1\.9\d ms\), step 15\n\nThresholds not met: /);
  t.match((await saturate({ 'fail-if': 'failures>1', markdown: '-' }, DECLINING)).stdout, /Every threshold was met\./);
  const dead = simulated({ limitPerSec: () => 0, change: () => refusedRound() });
  t.equal((await saturate({ 'fail-if': 'failures>1' }, dead)).code, 1, 'a failed run stays one');
  const verdict = { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'Too late.' }] } as const;
  const limited = simulated({
    limitPerSec: () => Infinity,
    change: (round) => (round.offered_rate_per_sec! > 200 ? { ...round, verdict } : round),
  });
  t.equal((await saturate({ 'fail-if': 'failures>1' }, limited)).code, 99);
  t.equal((await saturate({ 'fail-if': 'failures>1', 'allow-generator-limited': 'true' }, limited)).code, 0);
});

t.test('where the first step was answered with bytes, an empty answer is a failure', async (t) => {
  const change = (round: RoundResult): RoundResult => ({
    ...round,
    outcomes: outcomes({ ok: round.attempts.started }),
    empty_responses: round.attempts.started - round.outcomes.ok,
  });
  const typed = { start: '100', factor: '2', 'max-rate': '1600', 'payload-size': '64', json: '-' };
  const ran = await saturate(typed, simulated({ limitPerSec: () => 500, change }));
  const result = JSON.parse(ran.stdout) as SaturateResult;
  t.match(result, { stopped_by: 'failures', saturated_at: 800, sustained_per_sec: 400 });
  t.equal(result.steps.at(-1)?.failures, 1500);
  const allowed = await saturate(
    { ...typed, 'min-response': '0', goal: 'empty<=0' },
    simulated({ limitPerSec: () => 500, change }),
  );
  t.match(JSON.parse(allowed.stdout), { saturated_at: 800 });
});

t.test('everything that is wrong, at once', async (t) => {
  const ran = await saturate({ start: '2k', 'max-rate': '1k', factor: '1', compare: 'first', goal: 'fast' }, DECLINING);
  t.equal(ran.code, 2);
  t.match(ran.stderr, /--start: got "2k", expected a rate below --max-rate 1k/);
  t.match(ran.stderr, /--factor: got "1", expected a factor above 1/);
  t.match(ran.stderr, /--compare: got "first", expected base or previous/);
  t.match(ran.stderr, /--goal: got "fast", expected a metric at character 1/);
  const few = await saturate({ start: '1', duration: '5s' }, DECLINING);
  t.match(few.stderr, /--start: got "1", expected at least 20 connections in a step.*--duration 20s would do/);
});

t.test('a real target', async (t) => {
  const server = await startServer();
  const run = await runCli([
    'saturate',
    `127.0.0.1:${server.port}`,
    '--start',
    '100',
    '--factor',
    '2',
    '--max-rate',
    '400',
    '--duration',
    '500ms',
    '--cooldown',
    '0s',
    '--slowdown',
    '100',
    '--json',
    '-',
  ]);
  await server.stop();
  const result = JSON.parse(run.stdout) as SaturateResult;
  t.equal(run.code, result.stopped_by === 'max_rate' ? 0 : 3, run.stderr);
  t.equal(result.steps[0]?.rate_per_sec, 100);
  t.ok(result.base === null || result.base.p90_ns > 0);
  t.ok(['max_rate', 'generator_limited'].includes(result.stopped_by), result.stopped_by);
});
