// tier: kernel
/** Histogram files, read by the implementation that HdrHistogram comes from. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { CLOCKS } from '../src/document/client.ts';
import { clientResult, runCli, startServer } from './support/cli.ts';

const JAR = '/usr/share/java/hdrhistogram.jar';
const HAS_JAVA = existsSync(JAR) && spawnSync('java', ['-version']).status === 0;
const skip = HAS_JAVA
  ? false
  : 'needs java and HdrHistogram (apt-get install default-jre-headless libhdrhistogram-java)';

/** All lines of a tag, added up by HistogramLogProcessor: its percentile table in µs. */
function processed(log: string, tag: string): string {
  const args = ['-cp', JAR, 'org.HdrHistogram.HistogramLogProcessor', '-i', log, '-tag', tag];
  return spawnSync('java', [...args, '-outputValueUnitRatio', '1000'], { encoding: 'utf8' }).stdout;
}

/** The lines of figures of a table; `Max` is left out, because Java has only its bucket. */
function figures(table: string): string[] {
  return table.split('\n').filter((line) => /^ +\d/.test(line) || /^#\[(Mean|Buckets)/.test(line));
}

t.test('HistogramLogProcessor finds what the JSON says', { skip, timeout: 180_000 }, async (t) => {
  const server = await startServer(['--listeners', '1']);
  t.teardown(() => server.stop());
  const cwd = t.testdir({});
  const run = await runCli(
    [
      'client',
      `127.0.0.1:${server.port}`,
      '-r',
      '400',
      '-r',
      '900',
      '-d',
      '2500ms',
      '--warmup',
      '500ms',
      '--json',
      '-',
    ].concat(['--payload-size', '64', '--hlog', 'run.hlog', '--hgrm', '%.hgrm', '--quiet']),
    { cwd },
  );
  t.equal(run.code, 0, run.stderr);
  for (const [index, round] of clientResult(run).rounds.entries()) {
    for (const clock of CLOCKS) {
      const tag = `r${index + 1}.${clock}`;
      const table = processed(path.join(cwd, 'run.hlog'), tag);
      const summary = round.latency_ns[clock];
      t.equal(Number(/Total count +=\s*(\d+)\]/.exec(table)?.[1]), summary.count, `${tag}: every count`);
      const maxUs = Number(/#\[Max +=\s*([\d.]+),/.exec(table)?.[1]);
      t.ok(maxUs * 1e3 >= summary.max && maxUs * 1e3 <= summary.max * 1.001 + 1, `${tag}: the bucket of the maximum`);
      for (const [percentile, value] of [
        ['0.500000000000', summary.p50],
        ['0.750000000000', summary.p75],
        ['0.900000000000', summary.p90],
      ] as const) {
        const line = table.split('\n').find((each) => each.includes(` ${percentile} `));
        t.equal(line?.trim().split(/ +/)[0], (value / 1e3).toFixed(3), `${tag}: ${percentile}`);
      }
      t.same(figures(readFileSync(path.join(cwd, `${tag}.hgrm`), 'utf8')), figures(table), `${tag}: --hgrm`);
    }
  }
});
