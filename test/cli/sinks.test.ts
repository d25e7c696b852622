// tier: kernel
/** Files that are written while a run goes on: what is in them, and that nothing is lost and nothing is overwritten. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import t from 'tap';
import type { RunContext } from '../../src/run/events.ts';
import { tableFile } from '../../src/run/sinks/tags.ts';
import { RunError } from '../../src/units/run-error.ts';
import { EVERY_SECOND_SEC } from '../../src/count/interval-series.ts';
import { CLOCKS, type ClientResult } from '../../src/document/client.ts';
import { PLAIN } from '../../src/view/layout.ts';
import { clientBy } from '../support/commands.ts';
import { clientResult as resultOf, runCli, startServer } from '../support/cli.ts';
import { loadSecond, runStarted } from '../support/events.ts';
import { histogramOf } from '../support/histograms.ts';
import { rawInput, type Typed } from '../support/plans.ts';
import { clientConfig, clientResult, interval, latency, roundResult } from '../support/results.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

async function command(
  typed: Typed,
  run: (context: RunContext) => Promise<ClientResult>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const io = {
    print: async (text: string) => void (stdout += text),
    stderr: { write: (text: string) => (stderr += text) },
    style: PLAIN,
    colourLogs: false,
  };
  const code = await clientBy((_plan, context) => run(context ?? {}))(rawInput({ quiet: 'true', ...typed }), io);
  return { code, stdout, stderr };
}

const STARTED_AT = new Date('2026-01-01T00:00:00.250Z');

/** Two seconds of one round, after one of warm-up. Nothing was measured by `first_byte`. */
function tellRun(context: RunContext, { seconds = 2 } = {}): void {
  const emit = context.emit!;
  emit(runStarted({ startedAt: STARTED_AT }));
  emit({ type: 'round-started', round: 0, offeredRatePerSec: 2.5 });
  const byClock = (values: number[]) =>
    Object.fromEntries(CLOCKS.map((clock) => [clock, histogramOf(clock === 'first_byte' ? [] : values)]));
  const summaries = { ...interval().latency_ns, first_byte: latency(0, 0) };
  emit(loadSecond(interval({ start_sec: -1 }), { warmup: true, latency: byClock([9]) }));
  for (let second = 0; second < seconds; second++) {
    const startNs = 1e9 * (second + 1) + 123e6;
    const counts = interval({ start_sec: second, latency_ns: summaries });
    emit(loadSecond(counts, { startNs, latency: byClock([1000 + second, 4_000_000]) }));
  }
  const all = byClock([1000, 1001, 4_000_000, 4_000_000]);
  emit({ type: 'round-ended', round: 0, result: roundResult(), latency: all });
}

const fine = async (context: RunContext): Promise<ClientResult> => {
  tellRun(context);
  return clientResult();
};

t.test('--hlog: a histogram for each second and clock, without the warm-up', async (t) => {
  const file = join(t.testdir({}), 'run.hlog');
  t.equal((await command({ hlog: file }, fine)).code, 0);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  t.match(lines[0], /^#\[conngen \d.*: client 127\.0\.0\.1:2345; values in ns/);
  t.same(lines.slice(1, 4), [
    '#[Histogram log format version 1.3]',
    '#[StartTime: 1767225600.250 (seconds since epoch), Thu, 01 Jan 2026 00:00:00 GMT]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  ]);
  const entries = lines.slice(4).map((line) => line.split(','));
  t.same(
    entries.map(([tag]) => tag),
    [...CLOCKS, ...CLOCKS].map((clock) => `Tag=r1.${clock}`),
  );
  t.same(entries[0]?.slice(1, 4), ['1.123', '1.000', '4.000']);
  t.same(entries[9]?.slice(1, 4), ['2.123', '1.000', '4.000']);
  const counts = entries.map(([, , , , base64]) => decodeFromCompressedBase64(base64 ?? '', 64, false).totalCount);
  t.same(counts, [2, 2, 0, 2, 2, 2, 2, 0, 2, 2]);
});

t.test('--csv has every second of a round that has fewer intervals', async (t) => {
  const csv = join(t.testdir({}), 'run.csv');
  const seconds = EVERY_SECOND_SEC + 40;
  const long = async (context: RunContext): Promise<ClientResult> => {
    tellRun(context, { seconds });
    return clientResult();
  };
  t.equal((await command({ csv }, long)).code, 0);
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\n').slice(1);
  t.same(
    rows.map((row) => Number(row.split(',')[3])),
    Array.from({ length: seconds }, (_, second) => second),
  );
});

t.test('--csv: a row for each second, and no zero where nothing was measured', async (t) => {
  const file = join(t.testdir({}), 'run.csv');
  t.equal((await command({ csv: file }, fine)).code, 0);
  const [head = [], ...rows] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  t.equal(rows.length, 2);
  for (const row of rows) t.equal(row.length, head.length);
  const cells = Object.fromEntries(head.map((name, column) => [name, rows[1]?.[column]]));
  t.match(cells, {
    round: '1',
    offered_rate_per_sec: '2.5',
    elapsed_sec: '2.123',
    start_sec: '1',
    length_sec: '1',
    scheduled: '1000',
    ok: '1000',
    sent_bytes: '0',
    total_count: '100',
    total_p99_9_ns: '4160000',
    first_byte_count: '0',
    first_byte_p50_ns: '',
  });
});

t.test('--hgrm: titled tables, or a file for each', async (t) => {
  const directory = t.testdir({});
  t.equal((await command({ hgrm: join(directory, 'run.hgrm') }, fine)).code, 0);
  const text = readFileSync(join(directory, 'run.hgrm'), 'utf8');
  t.same(
    [...text.matchAll(/^#\[conngen .*: (\S+) of client 127\.0\.0\.1:2345; values in µs\]$/gm)].map((match) => match[1]),
    ['r1.schedule_lag', 'r1.connect', 'r1.total', 'r1.corrected_total'],
    'but for the clock that measured nothing',
  );
  t.equal((await command({ hgrm: join(directory, 'by-%.hgrm') }, fine)).code, 0);
  const names = readdirSync(directory).filter((name) => name.startsWith('by-'));
  t.same(
    names.sort(),
    ['connect', 'corrected_total', 'schedule_lag', 'total'].map((clock) => `by-r1.${clock}.hgrm`),
  );
  t.match(readFileSync(join(directory, 'by-r1.total.hgrm'), 'utf8'), /\n#\[Max +=\s+4000\.000, Total count +=\s+4\]\n/);
  t.equal(tableFile('/100%/x-%', 'r1.total'), '/100%/x-r1.total', 'in the name of the file only');
});

t.test('a run that cannot start leaves what was there', async (t) => {
  const directory = t.testdir({ old: 'old' });
  const file = (name: string): string => join(directory, name);
  const ran = await command({ hlog: file('old'), csv: file('csv'), hgrm: file('hgrm') }, async () => {
    throw new RunError('no_uring', 'io_uring is not permitted here', 'use --engine epoll');
  });
  t.equal(ran.code, 1);
  t.same(readdirSync(directory), ['old']);
  t.equal(readFileSync(file('old'), 'utf8'), 'old');
});

t.test('a run that breaks off keeps what it had', async (t) => {
  const directory = t.testdir({});
  const ran = await command({ csv: join(directory, 'csv') }, async (context) => {
    tellRun(context);
    throw new RunError('lost', 'the workers are gone', '');
  });
  t.equal(ran.code, 1);
  t.equal(readFileSync(join(directory, 'csv'), 'utf8').trimEnd().split('\n').length, 3);
});

t.test('a device that takes nothing is exit code 1, with the result on stdout', async (t) => {
  const ran = await command({ csv: '/dev/full', hgrm: '/dev/full' }, fine);
  t.equal(ran.code, 1);
  t.match(ran.stdout, /^conngen client/);
  t.match(ran.stderr, /ERROR: \/dev\/full could not be written: no space is left\n/);
});

const disk = mountSmallDisk();
const skip = typeof disk === 'string' ? disk : false;

t.test('a disk that fills up while a run goes on', { skip }, async (t) => {
  if (typeof disk === 'string') return;
  t.teardown(() => disk.remove());
  const file = join(disk.path, 'run.hlog');
  const filled = await command({ hlog: file, json: join(disk.path, 'run.json') }, async (context) => {
    tellRun(context, { seconds: 400 });
    return clientResult({ config: clientConfig({ host: 'x'.repeat(80_000) }) });
  });
  t.equal(filled.code, 1);
  t.match(
    filled.stderr,
    `ERROR: ${file} could not be written: no space is left; what came before is in ${file}.partial\n`,
  );
  t.equal((JSON.parse(filled.stdout) as ClientResult).schema, 'conngen.client/1', 'as for the JSON file');
  t.match(readFileSync(`${file}.partial`, 'utf8'), /\nTag=r1\.corrected_total,.*=\n$|\nTag=.*\n$/);
  t.same(readdirSync(disk.path), ['run.hlog.partial']);
});

t.test('a signal ends the files too; a second one keeps what there is', { timeout: 180_000 }, async (t) => {
  const server = await startServer(['--listeners', '1']);
  t.teardown(() => server.stop());
  const cwd = t.testdir({});
  const args = ['client', `127.0.0.1:${server.port}`, '-r', '200', '-d', '30s', '--payload-size', '8', '--json', '-'];
  const stopped = await runCli([...args, '--csv', 'a.csv', '--hlog', 'a.hlog', '--hgrm', 'a.hgrm'], {
    cwd,
    onSpawn: (child) => child.stderr?.once('data', () => child.kill('SIGINT')),
  });
  t.equal(stopped.code, 130, stopped.stderr);
  const [round] = resultOf(stopped).rounds;
  const started = readFileSync(join(cwd, 'a.csv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .reduce((sum, row) => sum + Number(row.split(',')[6]), 0);
  t.equal(started, round?.attempts.started, 'every attempt is in a row');
  t.same(readdirSync(cwd).sort(), ['a.csv', 'a.hgrm', 'a.hlog']);

  const hold = ['--hold', '20s', '--finish', 'echo', '--csv', 'b.csv'];
  const killed = await runCli([...args, ...hold], {
    cwd,
    onSpawn: (child) =>
      child.stderr?.once('data', () => {
        child.kill('SIGINT');
        child.stderr?.once('data', () => child.kill('SIGINT'));
      }),
  });
  t.equal(killed.code, 130, killed.stderr);
  t.same(readdirSync(cwd).sort().slice(-1), [killed.stdout === '' ? 'b.csv.partial' : 'b.csv']);
});
