// tier: kernel
/** `--metrics-listen` and `--otlp` on the command line: the last figures are those of the result, and nothing of it changes a run. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { ClientResult, RoundResult } from '../../src/document/client.ts';
import type { SaturateResult, SearchResult } from '../../src/document/limit.ts';
import type { RttResult } from '../../src/document/rtt.ts';
import { clientResult, runCli, startServer, type CliRun } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { decodedRequest, type DecodedRequest } from '../support/otlp.ts';
import { freePort } from '../support/ports.ts';

const server = await startServer(['--listeners', '1']);
t.teardown(() => server.stop());
const target = `127.0.0.1:${server.port}`;

interface Collector {
  readonly url: string;
  readonly requests: readonly DecodedRequest[];
  readonly headers: readonly (string | undefined)[];
}

/** A collector that takes nothing which the definitions do not have. */
async function collector(t: Test): Promise<Collector> {
  const requests: DecodedRequest[] = [];
  const headers: (string | undefined)[] = [];
  const http = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      try {
        requests.push(decodedRequest(text));
        headers.push(request.headers['x-token'] as string | undefined);
      } catch (error) {
        t.fail(String(error));
      }
      response.setHeader('Content-Type', 'application/json');
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, requests, headers };
}

/** What the last request says: sums over all series, gauges, and how many values a histogram has. */
function lastOf({ requests }: Collector): (name: string, attribute?: string) => number | undefined {
  const metrics = requests.at(-1)?.metrics ?? [];
  return (name, attribute) => {
    const metric = metrics.find((each) => each.name === `conngen.${name}`);
    const counts = metric?.exponentialHistogram?.dataPoints.map(({ count }) => Number(count));
    const points = (metric?.sum ?? metric?.gauge)?.dataPoints.filter(
      ({ attributes }) => attribute === undefined || attributes.some(({ value }) => value.stringValue === attribute),
    );
    const values = counts ?? points?.map(({ asInt, asDouble }) => Number(asInt ?? asDouble));
    return values?.reduce((sum, value) => sum + value, 0);
  };
}

function checkRounds(t: Test, told: Collector, rounds: readonly RoundResult[]): void {
  const last = lastOf(told);
  const sum = (figure: (round: RoundResult) => number): number => rounds.reduce((all, each) => all + figure(each), 0);
  const expected = {
    connections_scheduled: sum(({ attempts }) => attempts.scheduled),
    connections_started: sum(({ attempts }) => attempts.started),
    connections_missed: sum(({ attempts }) => attempts.missed),
    connections_finished: sum(({ outcomes }) => Object.values(outcomes).reduce((all, count) => all + count, 0)),
    sent: sum(({ bytes }) => bytes.sent),
    received: sum(({ bytes }) => bytes.received),
    schedule_lag: sum(({ latency_ns: latency }) => latency.schedule_lag.count),
    total: sum(({ latency_ns: latency }) => latency.total.count),
    rounds: rounds.length,
  };
  t.same(Object.fromEntries(Object.keys(expected).map((name) => [name, last(name)])), expected);
  t.equal(
    last('connections_finished', 'ok'),
    sum(({ outcomes }) => outcomes.ok),
  );
}

const json = ({ stdout, stderr }: CliRun): unknown => {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
};

t.test('client: two rounds, a header, and a scrape beside it', async (t) => {
  const told = await collector(t);
  const load = ['--rate', '100', '--rate', '200', '--duration', '1200ms', '--warmup', '300ms', '--cooldown', '0s'];
  const options = [
    '--payload-size',
    '64',
    '--otlp',
    told.url,
    '--otlp-header',
    'X-Token=abc',
    '--metrics-listen',
    ':0',
  ];
  const run = await runCli(['client', target, ...load, ...options, '--json', '-']);
  t.equal(run.code, 0, run.stderr);
  t.match(run.stderr, /metrics to scrape: http:\/\/127\.0\.0\.1:\d+\/metrics/);
  const result = json(run) as ClientResult;
  checkIdentities(t, result);
  checkRounds(t, told, result.rounds);
  t.ok(told.requests.length >= 2, 'while it ran, and at the end');
  t.same(new Set(told.headers), new Set(['abc']));
  t.match(told.requests[0]?.resource, {
    'service.name': 'conngen',
    'conngen.command': 'client',
    'conngen.target': target,
  });
});

t.test('client: failures by outcome and owner', async (t) => {
  const told = await collector(t);
  const closed = await freePort();
  const run = await runCli([
    'client',
    `127.0.0.1:${closed}`,
    '-n',
    '50',
    '--rate',
    '100',
    '--otlp',
    told.url,
    '--json',
    '-',
    '--quiet',
  ]);
  const { rounds } = clientResult(run);
  checkRounds(t, told, rounds);
  // By what else runs here, the port may be in use by now, or a start be missed.
  t.equal(lastOf(told)('connections_finished', 'target'), rounds[0]!.owners.target);
});

t.test('search, saturate, rtt', async (t) => {
  const trials = ['--duration', '400ms', '--cooldown', '0s', '--payload-size', '16', '--json', '-', '--quiet'];
  const range = ['--min-rate', '100', '--max-rate', '200', '--explore-duration', '200ms', '--precision', '20%'];
  const searched = await collector(t);
  const search = json(await runCli(['search', target, ...range, ...trials, '--otlp', searched.url])) as SearchResult;
  checkRounds(
    t,
    searched,
    search.trials.map(({ result }) => result),
  );
  t.equal(lastOf(searched)('trial'), search.trials.length);

  const saturated = await collector(t);
  const steps = ['--start', '50', '--factor', '2', '--max-rate', '100', ...trials];
  const saturate = json(await runCli(['saturate', target, ...steps, '--otlp', saturated.url])) as SaturateResult;
  checkRounds(
    t,
    saturated,
    saturate.steps.map(({ result }) => result),
  );

  const pinged = await collector(t);
  const pings = ['--rate', '200', '--duration', '1s', '--json', '-', '--quiet', '--otlp', pinged.url];
  const [round] = (json(await runCli(['rtt', target, ...pings])) as RttResult).rounds;
  const last = lastOf(pinged);
  t.same(
    ['pings_scheduled', 'pings_sent', 'pings_received', 'pings_lost', 'pings_missed', 'rtt'].map((name) => last(name)),
    [round!.scheduled, round!.sent, round!.received, round!.lost, round!.missed, round!.rtt_ns.count],
  );
});

t.test('server', async (t) => {
  const told = await collector(t);
  const own = await startServer(['--listeners', '2', '--otlp', told.url, '--max-connections', '2']);
  t.teardown(() => own.stop());
  const load = ['-n', '60', '--rate', '100', '--finish', 'connect', '--hold', '100ms', '--quiet'];
  await runCli(['client', `127.0.0.1:${own.port}`, ...load]);
  const result = await own.stop();
  const last = lastOf(told);
  t.ok(result.accepted > 0 && result.rejected > 0);
  t.same(
    [
      'server_accepted',
      'server_completed',
      'server_rejected',
      'server_idle_closed',
      'sent',
      'received',
      'server_open',
    ].map((name) => last(name)),
    [
      result.accepted,
      result.completed,
      result.rejected,
      result.idle_closed,
      result.bytes.sent,
      result.bytes.received,
      0,
    ],
  );
  t.equal(
    last('server_errors'),
    Object.values(result.errors).length === 0
      ? undefined
      : Object.values(result.errors).reduce((sum, count) => sum + count, 0),
  );
});

t.test('a collector that is gone or never answers: a warning, and the exit code of the run', async (t) => {
  const silent = createTcpServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const urls = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${(silent.address() as AddressInfo).port}`];
  for (const url of [...urls, `https://127.0.0.1:${server.port}`]) {
    const run = await runCli(['client', target, '-n', '60', '--rate', '100', '--otlp', url, '--quiet']);
    t.equal(run.code, 0, run.stderr);
    t.match(run.stderr, new RegExp(`WARN: metrics did not reach ${url}/v1/metrics: `));
    // Where the run of a busy machine took long enough for a second request, the end says how many failed.
    const warnings = run.stderr.split('\n').filter((line) => line.includes('WARN'));
    t.equal(
      warnings.filter((line) => !/: [2-9] of [2-9] requests failed, the last: /.test(line)).length,
      1,
      run.stderr,
    );
  }
});

t.test('what cannot be had is refused before the run, with the way out', async (t) => {
  const taken = createTcpServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const cases: [args: string[], problem: RegExp][] = [
    [['--metrics-listen', `:${port}`], /--metrics-listen: got ":\d+", expected a port that is free \(EADDRINUSE/],
    [['--metrics-listen', '192.0.2.1:9464'], /expected an address of this machine \(EADDRNOTAVAIL\)/],
    [['--metrics-listen', 'localhost'], /expected :PORT for this machine alone, or HOST:PORT/],
    [['--metrics-listen', ':65536'], /expected :PORT for this machine alone/],
    [['--otlp', '127.0.0.1:4318'], /--otlp: got "127\.0\.0\.1:4318", expected a URL that begins with http:\/\//],
    [['--otlp', 'http://'], /expected a URL that begins with http:\/\//],
    [['--otlp-header', 'A=secret'], /--otlp-header: got "A=…", expected --otlp URL beside it/],
    [['--otlp', 'http://h', '--otlp-header', 'A: secret'], /got "A:…", expected NAME=VALUE of a header, with = after/],
    [['--otlp', 'http://me:secret@h:0'], /got "http:\/\/…@h:0", expected a URL/],
    [['--otlp', 'http://h', '--otlp-header', 'Content-Type=x'], /expected another header: conngen sets Content-Type/],
  ];
  for (const [args, problem] of cases) {
    const run = await runCli(['client', target, '-n', '1', ...args]);
    t.equal(run.code, 2, args.join(' '));
    t.match(run.stderr, problem);
    t.notMatch(run.stderr, 'secret');
  }
  const both = await runCli(['client', target, '--rate', '0', '--metrics-listen', `:${port}`]);
  t.match(both.stderr, /--rate: [^]*--metrics-listen: /, 'all problems at once');
  const { code } = await runCli(['doctor', target, '--metrics-listen', `:${port}`]);
  t.equal(code, 2, 'the doctor checks it too');
});

t.test('a header with a colon in the environment is refused without its value', async (t) => {
  const env = { CONNGEN_OTLP_HEADER: 'Authorization: Bearer secret' };
  const run = await runCli(['client', target, '--otlp', 'http://127.0.0.1:1'], { env });
  t.equal(run.code, 2);
  t.match(run.stderr, /CONNGEN_OTLP_HEADER: got "Authorization:…", expected NAME=VALUE of a header/);
  t.notMatch(run.stderr + run.stdout, 'secret');
});

t.test('a header from the environment needs no --otlp', async (t) => {
  const run = await runCli(['client', target, '-n', '1', '--quiet'], { env: { CONNGEN_OTLP_HEADER: 'A=secret' } });
  t.not(run.code, 2, run.stderr);
  t.notMatch(run.stderr, 'otlp');
});
