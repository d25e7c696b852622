// tier: kernel
/** A real Prometheus scrapes a client and a server while they run, and answers what their results say. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { ClientResult } from '../src/document/client.ts';
import { ROOT, clientResult, runCli, startServer } from './support/cli.ts';
import { dashboardQueries, type Dashboard } from './support/dashboard.ts';
import { freePort } from './support/ports.ts';

const hasPrometheus = ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version']).status === 0);
const skip = hasPrometheus ? false : 'needs Prometheus (apt-get install prometheus)';

/** A value of a series at a time, in Unix time. */
type Sample = readonly [sec: number, value: string];

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Sample;
  readonly values?: readonly Sample[];
}

/** The time between two scrapes, which one may take at most. */
const SCRAPE_SEC = 0.2;

/** A Prometheus that scrapes `targets` five times a second. */
async function startPrometheus(
  t: Test,
  targets: Readonly<Record<string, number>>,
): Promise<(query: string) => Promise<readonly Series[]>> {
  const directory = t.testdir({});
  const port = await freePort();
  const jobs = Object.entries(targets).map(
    ([job, target]) => `  - job_name: ${job}\n    static_configs: [{ targets: ['127.0.0.1:${target}'] }]\n`,
  );
  const config = path.join(directory, 'prometheus.yml');
  writeFileSync(config, `global:\n  scrape_interval: ${SCRAPE_SEC * 1000}ms\nscrape_configs:\n${jobs.join('')}`);
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${path.join(directory, 'data')}`];
  const prometheus = spawn('prometheus', [...args, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => prometheus.once('exit', resolve));
  t.teardown(async () => {
    prometheus.kill();
    await ended;
  });
  const base = `http://127.0.0.1:${port}`;
  for (let isReady = false; !isReady;) {
    isReady = await fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
  return async (query) => {
    const response = await fetch(`${base}/api/v1/query?${String(new URLSearchParams({ query }))}`);
    const { status, data } = (await response.json()) as { status: string; data: { result: readonly Series[] } };
    if (status !== 'success') t.fail(query);
    return data.result;
  };
}

async function valueOf(ask: (query: string) => Promise<readonly Series[]>, query: string): Promise<number> {
  return Number((await ask(query))[0]?.value?.[1] ?? Number.NaN);
}

t.test('what was scraped is what the results say', { skip, timeout: 180_000 }, async (t) => {
  const [serverMetrics, clientMetrics, refusedMetrics] = [await freePort(), await freePort(), await freePort()];
  const closed = await freePort();
  const server = await startServer(['--listeners', '2', '--metrics-listen', `${serverMetrics}`]);
  t.teardown(() => server.stop());
  const ask = await startPrometheus(t, { server: serverMetrics, client: clientMetrics, refused: refusedMetrics });
  // Prometheus is ready some seconds before it scrapes.
  while ((await valueOf(ask, 'up{job="server"}')) !== 1);

  // The pause between the rounds is when a scrape sees all of the first one, and nothing else.
  const common = ['--duration', '1s', '--cooldown', '2s', '--rate', '150', '--rate', '250', '--payload-size', '100'];
  const client = async (port: number, metricsPort: number): Promise<ClientResult> => {
    const listen = ['--metrics-listen', `:${metricsPort}`, '--json', '-', '--quiet'];
    return clientResult(await runCli(['client', `127.0.0.1:${port}`, ...common, ...listen]));
  };
  const [result, refused] = await Promise.all([client(server.port, clientMetrics), client(closed, refusedMetrics)]);
  const [first, second] = result.rounds;
  const all = async (query: string): Promise<number[]> =>
    (await ask(`${query}[5m]`)).flatMap(({ values = [] }) => values.map(([, value]) => Number(value)));
  await checkFirstRound(t, all, first!);
  const started = await all('conngen_connections_started_total{job="client"}');
  t.same(
    started,
    [...started].sort((a, b) => a - b),
    'a counter only grows',
  );
  t.ok(started.at(-1)! <= first!.attempts.started + second!.attempts.started);
  const median = await ask('histogram_quantile(0.5, last_over_time(conngen_total_seconds_bucket{job="client"}[5m]))');
  t.ok(Number(median[0]?.value?.[1]) > 0, 'a quantile of what was scraped');

  t.equal(refused.rounds[0]!.outcomes.refused, 150);
  const byOwner = await all('conngen_connections_finished_total{job="refused",owner="target",outcome="refused"}');
  t.ok(byOwner.includes(150), 'refused, by the target');

  await checkServer(t, ask, server, first!.attempts.started + second!.attempts.started);
});

async function checkFirstRound(
  t: Test,
  all: (query: string) => Promise<number[]>,
  { attempts, outcomes, bytes, latency_ns: latency }: ClientResult['rounds'][number],
): Promise<void> {
  const expected = {
    'conngen_connections_scheduled_total{job="client"}': attempts.scheduled,
    'conngen_connections_started_total{job="client"}': attempts.started,
    'conngen_connections_finished_total{job="client",outcome="ok"}': outcomes.ok,
    'conngen_sent_bytes_total{job="client"}': bytes.sent,
    'conngen_received_bytes_total{job="client"}': bytes.received,
    'conngen_total_seconds_count{job="client"}': latency.total.count,
    'conngen_connect_seconds_bucket{job="client",le="+Inf"}': latency.connect.count,
    'conngen_schedule_lag_seconds_bucket{job="client",le="30.0"}': latency.schedule_lag.count,
    'conngen_round{job="client"}': 1,
  };
  for (const [query, value] of Object.entries(expected)) {
    const values = await all(query);
    t.ok(values.includes(value), query, { found: values.join(' '), wanted: String(value) });
  }
}

async function checkServer(
  t: Test,
  ask: (query: string) => Promise<readonly Series[]>,
  server: Awaited<ReturnType<typeof startServer>>,
  connections: number,
): Promise<void> {
  const accepted = 'sum(conngen_server_accepted_total{job="server"})';
  const open = 'conngen_server_open{job="server"}';
  while ((await valueOf(ask, accepted)) < connections || (await valueOf(ask, open)) > 0);
  const scraped = await Promise.all(
    [accepted, 'sum(conngen_server_completed_total)', 'conngen_received_bytes_total{job="server"}'].map((query) =>
      valueOf(ask, query),
    ),
  );
  const samplesOf = async (series: string): Promise<readonly Sample[]> =>
    (await ask(`${series}{job="server"}[5m]`))[0]?.values ?? [];
  const tookSec = new Map(await samplesOf('scrape_duration_seconds'));
  const up = await samplesOf('up');
  // One that took too long, as on a machine that was held up, is down too.
  const odd = up.filter(([atSec, value]) => value !== '1' && Number(tookSec.get(atSec)) < SCRAPE_SEC);
  t.same([up.length > 0, odd], [true, []], 'every scrape was understood');
  const result = await server.stop();
  t.same(scraped, [result.accepted, result.completed, result.bytes.received]);
}

t.test('promtool finds nothing to blame', { skip }, async (t) => {
  const port = await freePort();
  const server = await startServer(['--protocol', 'both', '--metrics-listen', `${port}`]);
  t.teardown(() => server.stop());
  const check = async (url: string): Promise<void> => {
    const input = await (await fetch(url)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    t.same({ status, output: stdout + stderr }, { status: 0, output: '' }, url);
  };
  await check(`http://127.0.0.1:${port}/metrics`);
  const clientPort = await freePort();
  const run = runCli(
    ['client', `127.0.0.1:${server.port}`, '--duration', '2s', '--metrics-listen', `${clientPort}`, '--quiet'],
    {},
  );
  const url = `http://127.0.0.1:${clientPort}/metrics`;
  for (let text = ''; !text.includes('conngen_total_seconds_bucket');) {
    text = await fetch(url).then(
      (response) => response.text(),
      () => '',
    );
  }
  await check(url);
  t.equal((await run).code, 0);
});

t.test(
  'Prometheus can read every query of the dashboard, and the example of its configuration',
  { skip },
  async (t) => {
    const dashboard = JSON.parse(readFileSync(path.join(ROOT, 'docs/grafana/conngen.json'), 'utf8')) as Dashboard;
    const rules = dashboardQueries(dashboard).map(({ expr }, index) => {
      const filled = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
      return { record: `query:${index}`, expr: filled };
    });
    const file = path.join(t.testdir({}), 'rules.json');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    for (const args of [
      ['check', 'rules', file],
      ['check', 'config', path.join(ROOT, 'examples/metrics/prometheus.yml')],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
      t.equal(status, 0, stdout + stderr);
    }
  },
);
