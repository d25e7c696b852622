// tier: kernel
/** What is written while real runs go on: every sink on every command that measures, held against the result. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import t, { type Test } from 'tap';
import type { ClientResult, RoundResult } from '../../src/document/client.ts';
import type { LatencySummary } from '../../src/document/common.ts';
import type { Interval, LoadInterval, PingInterval } from '../../src/document/interval.ts';
import type { LabResult } from '../../src/document/lab.ts';
import type { SaturateResult, SearchResult } from '../../src/document/limit.ts';
import type { RttResult } from '../../src/document/rtt.ts';
import { ROOT, plainEnvironment, runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { validated } from '../support/schemas.ts';

const server = await startServer(['--listeners', '1']);
t.teardown(() => server.stop());
const target = `127.0.0.1:${server.port}`;

const SINKS = ['--csv', 'run.csv', '--hlog', 'run.hlog', '--hgrm', '%.hgrm', '--stream', 'run.jsonl'];

interface Written<Result> {
  readonly result: Result;
  readonly intervals: readonly Interval[];
  /** Rows by the names of their columns. */
  readonly rows: readonly Readonly<Record<string, string>>[];
  /** Tags and histograms, in base64. */
  readonly log: readonly (readonly [tag: string, histogram: string])[];
  readonly tables: readonly string[];
}

/** Runs a command with all sinks. */
async function written<Result>(t: Pick<Test, 'testdir' | 'equal'>, args: readonly string[]): Promise<Written<Result>> {
  const cwd = t.testdir({});
  const ran = await runCli([...args, ...SINKS, '--json', '-', '--quiet'], { cwd, timeoutMs: 280_000 });
  // 3: this machine was the limit, which is as well.
  t.equal(ran.code === 3 ? 0 : ran.code, 0, ran.stderr);
  const text = (name: string): string => readFileSync(join(cwd, name), 'utf8');
  const lines = (name: string): string[] => text(name).trimEnd().split('\n');
  const [head = [], ...rows] = lines('run.csv').map((line) => line.split(','));
  return {
    result: JSON.parse(ran.stdout) as Result,
    intervals: lines('run.jsonl').map((line) => validated(JSON.parse(line) as Interval)),
    rows: rows.map((row) => Object.fromEntries(head.map((name, column) => [name, row[column] ?? '']))),
    log: lines('run.hlog')
      .filter((line) => line.startsWith('Tag='))
      .map((line) => line.split(','))
      .map((cells) => [cells[0]!.slice('Tag='.length), cells[4]!]),
    tables: readdirSync(cwd).filter((name) => name.endsWith('.hgrm')),
  };
}

const sumOf = (values: readonly (string | number | undefined)[]): number =>
  values.reduce<number>((sum, value) => sum + Number(value ?? 0), 0);

function decoded(histogram: string) {
  return decodeFromCompressedBase64(histogram, 64, false);
}

/** Each histogram decodes to the count and the percentiles that stand beside it. */
function checkHistograms(t: Test, intervals: readonly Interval[]): void {
  for (const interval of intervals) {
    const { histograms = {} } = interval;
    const latencies: Readonly<Record<string, LatencySummary>> = { ...interval.latency_ns };
    for (const [clock, summary] of Object.entries(latencies)) {
      const histogram = decoded(histograms[clock]!);
      if (histogram.totalCount !== summary.count) t.equal(histogram.totalCount, summary.count, clock);
      if (summary.count === 0) continue;
      for (const [name, percentile] of [
        ['p50', 50],
        ['p99', 99],
      ] as const) {
        const value = histogram.getValueAtPercentile(percentile);
        // Three digits; at the ends a summary is exact where a histogram has the end of its bucket.
        if (Math.abs(value - summary[name]) > summary[name] / 1000 + 1)
          t.equal(value, summary[name], `${clock} ${name}`);
      }
    }
  }
}

/** All that was told of a round adds up to it. */
function checkLoadRound(
  t: Test,
  round: RoundResult,
  { intervals, rows, log }: Pick<Written<unknown>, 'intervals' | 'rows' | 'log'>,
  tag: string,
): void {
  const seconds = intervals as readonly LoadInterval[];
  const { scheduled, started, missed } = round.attempts;
  for (const [name, total] of Object.entries({ scheduled, started, missed, ok: round.outcomes.ok }) as [
    'scheduled',
    number,
  ][]) {
    t.equal(sumOf(seconds.map((second) => second[name])), total, `stream: ${name}`);
    t.equal(sumOf(rows.map((row) => row[name])), total, `csv: ${name}`);
  }
  for (const [clock, { count }] of Object.entries(round.latency_ns)) {
    t.equal(sumOf(seconds.map(({ histograms }) => decoded(histograms![clock]!).totalCount)), count, `stream: ${clock}`);
    const logged = log.filter(([each]) => each === `${tag}.${clock}`);
    t.equal(sumOf(logged.map(([, histogram]) => decoded(histogram).totalCount)), count, `hlog: ${clock}`);
  }
}

t.test('client: two rounds with a warm-up and a probe', { timeout: 180_000 }, async (t) => {
  const offer = ['-r', '150', '-r', '100', '-d', '2s', '--warmup', '500ms', '--payload-size', '8'];
  const run = await written<ClientResult>(t, ['client', target, ...offer, '--probe', '50/s']);
  checkIdentities(t, run.result);
  checkHistograms(t, run.intervals);
  t.ok(run.intervals.some(({ warmup }) => warmup));
  t.same(
    [...new Set(run.intervals.map(({ schema, command }) => `${schema} ${command}`))],
    ['conngen.interval/1 client'],
  );
  for (const [round, result] of run.result.rounds.entries()) {
    const measured = run.intervals.filter((each) => each.round === round && !each.warmup) as LoadInterval[];
    const rows = run.rows.filter((row) => row['round'] === String(round + 1));
    checkLoadRound(t, result, { intervals: measured, rows, log: run.log }, `r${round + 1}`);
    t.equal(sumOf(rows.map((row) => row['probe_received'])), sumOf(measured.map(({ probe }) => probe?.received)));
    t.equal(sumOf(measured.map(({ probe }) => probe?.sent)), result.probe!.sent, 'the probe adds up');
    const pings = measured.map(({ histograms }) => histograms!['probe']).filter((each) => each !== undefined);
    t.equal(sumOf(pings.map((each) => decoded(each).totalCount)), result.probe!.received);
    t.ok(run.tables.includes(`r${round + 1}.probe.hgrm`) && run.tables.includes(`r${round + 1}.total.hgrm`));
  }
  const [second] = run.rows;
  t.ok(Number(second!['probe_rtt_p99_ns']) > 0);
});

t.test('without a probe its columns are there, and empty', async (t) => {
  const run = await written<ClientResult>(t, ['client', target, '-r', '50', '-d', '1s']);
  t.equal(run.rows[0]!['probe_sent'], '');
  t.equal(run.rows[0]!['probe_rtt_p50_ns'], '');
});

t.test('search and saturate: the seconds of each trial', { timeout: 180_000 }, async (t) => {
  const times = ['--duration', '600ms', '--cooldown', '10ms', '--timeout', '1s', '--finish', 'connect'];
  const searched = await written<SearchResult>(t, [
    ...['search', target, '--min-rate', '50', '--max-rate', '100', '--precision', '50%', '--explore-duration', '300ms'],
    ...times,
  ]);
  const saturated = await written<SaturateResult>(t, [
    ...['saturate', target, '--start', '100', '--max-rate', '130', '--allow-generator-limited'],
    ...times,
  ]);
  for (const [run, rounds] of [
    [searched, searched.result.trials.map(({ result }) => result)],
    [saturated, saturated.result.steps.map(({ result }) => result)],
  ] as const) {
    t.ok(rounds.length > 0);
    checkHistograms(t, run.intervals);
    for (const [trial, result] of rounds.entries()) {
      const intervals = run.intervals.filter((each) => each.trial === trial && each.round === 0);
      const rows = run.rows.filter((row) => row['trial'] === String(trial + 1));
      checkLoadRound(t, result, { intervals, rows, log: run.log }, `t${trial + 1}`);
      t.ok(run.tables.includes(`t${trial + 1}.connect.hgrm`));
    }
  }
});

t.test('rtt: columns and clocks of its own', { timeout: 180_000 }, async (t) => {
  const run = await written<RttResult>(t, ['rtt', target, '-r', '100', '-r', '50', '-d', '2s', '--warmup', '300ms']);
  checkHistograms(t, run.intervals);
  for (const [round, result] of run.result.rounds.entries()) {
    const measured = run.intervals.filter((each) => each.round === round && !each.warmup) as PingInterval[];
    const rows = run.rows.filter((row) => row['round'] === String(round + 1));
    for (const name of ['scheduled', 'sent', 'received', 'lost'] as const) {
      t.equal(sumOf(measured.map((each) => each[name])), result[name], `stream: ${name}`);
      t.equal(sumOf(rows.map((row) => row[name])), result[name], `csv: ${name}`);
    }
    const logged = run.log.filter(([tag]) => tag === `r${round + 1}.rtt`);
    t.equal(sumOf(logged.map(([, histogram]) => decoded(histogram).totalCount)), result.rtt_ns.count);
    t.ok(run.tables.includes(`r${round + 1}.corrected_rtt.hgrm`));
  }
});

t.test('lab: a line for each cell, on stdout and nothing else', { timeout: 180_000 }, async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'conngen-'));
  t.teardown(() => rmSync(out, { recursive: true }));
  const only = ['--only', 'sync/*', '--settle', '1ms', '--warmup', '10ms', '--duration', '20ms'];
  const ran = await runCli(['lab', 'abstraction', '--quick', ...only, '--out', join(out, 'lab'), '--stream', '-']);
  t.equal(ran.code, 0, ran.stderr);
  const cells = ran.stdout
    .trimEnd()
    .split('\n')
    .map((line) => validated(JSON.parse(line) as Record<string, unknown>));
  const kept = JSON.parse(readFileSync(join(out, 'lab/lab.json'), 'utf8')) as LabResult;
  t.same(
    cells,
    kept.cells.map((cell) => ({ schema: 'conngen.cell/1', command: 'lab', lab: 'abstraction', ...cell })),
  );
  t.match(
    (await runCli(['lab', 'abstraction', '--csv', 'x'])).stderr,
    /--csv: got "x", expected an option of conngen lab/,
  );
});

const SHORT = ['client', target, '-r', '100', '-d', '2s', '--quiet'];

t.test('--stream -: stdout holds the lines, and the result goes where --json says', async (t) => {
  const cwd = t.testdir({});
  const ran = await runCli([...SHORT, '--stream', '-', '--json', 'run.json'], { cwd });
  t.equal(ran.code, 0, ran.stderr);
  const seconds = ran.stdout.trimEnd().split('\n');
  t.same([...new Set(seconds.map((line) => (JSON.parse(line) as Interval).schema))], ['conngen.interval/1']);
  const result = JSON.parse(readFileSync(join(cwd, 'run.json'), 'utf8')) as ClientResult;
  t.equal(sumOf(seconds.map((line) => (JSON.parse(line) as LoadInterval).started)), result.rounds[0]!.attempts.started);
  const refused = await runCli([...SHORT, '--stream', '-', '--json', '-'], { cwd });
  t.equal(refused.code, 2);
  t.match(refused.stderr, /--stream: got "-", expected the name of a file: stdout is for --json -/);
  const lost = await runCli([...SHORT, '--stream', '-', '--json', '/dev/full'], { cwd });
  t.equal(lost.code, 1);
  const last = JSON.parse(lost.stdout.trimEnd().split('\n').at(-1)!) as ClientResult;
  t.equal(last.schema, 'conngen.client/1', 'what cannot be written is the last line');
});

/** Runs `conngen ARGS | READER` in a shell. The last line of `stdout` is the exit code of conngen. */
async function piped(cwd: string, args: string, reader: string): Promise<{ stdout: string; stderr: string }> {
  const command = `"${process.execPath}" "${join(ROOT, 'bin/conngen.js')}" ${args} | ${reader}; echo \${PIPESTATUS[0]}`;
  const shell = spawn('bash', ['-c', command], { cwd, env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  shell.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  shell.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  await once(shell, 'close');
  return { stdout, stderr };
}

t.test('a slow reader of a pipe loses nothing and slows nothing', { timeout: 180_000 }, async (t) => {
  const cwd = t.testdir({});
  // With so many rounds there is more than a pipe holds, 64 KiB, before anything is read.
  const rounds = Array.from({ length: 40 }, () => '-r 300').join(' ');
  const args = `client ${target} ${rounds} -d 100ms --quiet --stream - --json run.json`;
  const { stdout, stderr } = await piped(cwd, args, '(sleep 8; cat)');
  const lines = stdout.trimEnd().split('\n');
  const code = lines.pop();
  t.ok(stdout.length > 65_536, `${stdout.length} bytes`);
  const result = JSON.parse(readFileSync(join(cwd, 'run.json'), 'utf8')) as ClientResult;
  // A machine that stands still for the whole of a round has measured nothing in it.
  t.equal(code, result.rounds.some(({ verdict }) => verdict.status === 'invalid') ? '1' : '0', stderr);
  checkIdentities(t, result);
  const seconds = lines.map((line) => JSON.parse(line) as LoadInterval);
  for (const [round, { attempts }] of result.rounds.entries()) {
    const started = seconds.filter((each) => each.round === round).map((each) => each.started);
    t.equal(sumOf(started), attempts.started, `round ${round}`);
  }
});

t.test('a sink that fails is told once, and the run goes on: exit code 1', { timeout: 180_000 }, async (t) => {
  const cwd = t.testdir({});
  execFileSync('mkfifo', [join(cwd, 'pipe')]);
  const sinks = ['--stream', '/dev/full', '--csv', 'pipe', '--hlog', 'run.hlog'];
  const ran = await runCli([...SHORT, ...sinks, '--json', '-'], { cwd });
  t.equal(ran.code, 1);
  checkIdentities(t, JSON.parse(ran.stdout) as ClientResult);
  t.equal(ran.stderr.match(/\/dev\/full could not be written: no space is left/g)?.length, 1, ran.stderr);
  t.equal(ran.stderr.match(/pipe could not be opened: this pipe has no reader/g)?.length, 1, ran.stderr);
  t.ok(readdirSync(cwd).includes('run.hlog'), 'the others are whole');
});

t.test('a reader that leaves', { timeout: 180_000 }, async (t) => {
  const cwd = t.testdir({});
  const args = `client ${target} -r 100 -d 3s --quiet --stream - --json run.json`;
  const { stdout, stderr } = await piped(cwd, args, 'head -n 1');
  t.equal(stdout.trimEnd().split('\n').at(-1), '1');
  t.equal(stderr, 'ERROR: stdout could not be written: it has no reader any more\n');
  checkIdentities(t, JSON.parse(readFileSync(join(cwd, 'run.json'), 'utf8')) as ClientResult);
});
