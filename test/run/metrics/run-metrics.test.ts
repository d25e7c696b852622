/** Events in, texts and requests out: what is counted, what is escaped, and that formats say the same. */
import t from 'tap';
import { CLOCKS } from '../../../src/document/client.ts';
import type { TrialResult } from '../../../src/document/limit.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { METRIC_NAMES, familyName, metricOf, queryName } from '../../../src/run/metrics/catalogue.ts';
import { exposition, formatFor } from '../../../src/run/metrics/exposition.ts';
import { otlpRequest } from '../../../src/run/metrics/otlp-request.ts';
import { RunMetrics } from '../../../src/run/metrics/run-metrics.ts';
import { VERSION } from '../../../src/units/version.ts';
import { agentTold } from '../../support/agents.ts';
import { loadSecond, pingSecond, runStarted } from '../../support/events.ts';
import { histogramOf } from '../../support/histograms.ts';
import { decodedRequest } from '../../support/otlp.ts';
import type { RttInterval } from '../../../src/document/rtt.ts';
import { interval, latency as summary, roundResult } from '../../support/results.ts';

function metricsOf(...events: RunEvent[]): RunMetrics {
  const metrics = new RunMetrics();
  for (const event of events) metrics.on(event);
  return metrics;
}

/** The samples of a scrape, by name and labels. */
function samplesOf(metrics: RunMetrics): Record<string, number> {
  const lines = exposition(metrics.families(), 'prometheus').split('\n');
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const latency = (values: number[]) => Object.fromEntries(CLOCKS.map((clock) => [clock, histogramOf(values)]));

t.test('seconds of connections add up; those of a warm-up only say what is open', async (t) => {
  const metrics = metricsOf(
    runStarted({ startedAt: new Date(1_767_225_600_250) }),
    { type: 'round-started', round: 0, offeredRatePerSec: 1000 },
    loadSecond(interval({ in_flight: 7 }), { warmup: true, latency: latency([5]) }),
  );
  t.match(samplesOf(metrics), {
    [`conngen_build_info{version="${VERSION}",engine="epoll",command="client"}`]: 1,
    conngen_run_start_time_seconds: 1_767_225_600.25,
    conngen_round: 1,
    conngen_offered_rate: 1000,
    conngen_warmup: 1,
    conngen_connections_in_flight: 7,
    conngen_connections_started_total: 0,
    'conngen_connections_finished_total{outcome="refused",owner="target"}': 0,
  });
  t.notOk('conngen_connect_seconds_count' in samplesOf(metrics), 'no histogram yet');
  const counts = interval({
    ...{ scheduled: 12, started: 10, missed: 2, established: 9, ok: 6, failed: 4, in_flight: 1, held: 1 },
    ...{ outcomes: { refused: 1, exchange_timeout: 2, aborted: 1 }, bytes: { sent: 100, received: 200 } },
  });
  for (let second = 0; second < 2; second++) metrics.on(loadSecond(counts, { latency: latency([1e6, 40e6]) }));
  const samples = samplesOf(metrics);
  t.match(samples, {
    conngen_warmup: 0,
    conngen_connections_scheduled_total: 24,
    conngen_connections_started_total: 20,
    conngen_connections_missed_total: 4,
    conngen_connections_established_total: 18,
    'conngen_connections_finished_total{outcome="ok",owner="none"}': 12,
    'conngen_connections_finished_total{outcome="refused",owner="target"}': 2,
    'conngen_connections_finished_total{outcome="exchange_timeout",owner="target"}': 4,
    'conngen_connections_finished_total{outcome="aborted",owner="unattributed"}': 2,
    conngen_connections_in_flight: 1,
    conngen_sent_bytes_total: 200,
    conngen_received_bytes_total: 400,
    'conngen_connect_seconds_bucket{le="0.0005"}': 0,
    'conngen_connect_seconds_bucket{le="0.001"}': 2,
    'conngen_connect_seconds_bucket{le="0.05"}': 4,
    'conngen_connect_seconds_bucket{le="+Inf"}': 4,
    conngen_connect_seconds_count: 4,
  });
  t.ok(Math.abs(samples.conngen_connect_seconds_sum! - 0.082) < 1e-9);
});

t.test('verdicts of rounds, an unlimited rate, a time that is left', async (t) => {
  const [reason] = [{ code: 'late_starts', message: 'late' }];
  const limited = roundResult({ verdict: { status: 'generator_limited', reasons: [reason] } });
  const metrics = metricsOf(
    runStarted(),
    { type: 'round-started', round: 0, offeredRatePerSec: 10 },
    { type: 'estimate', totalSec: 60, leftSec: 30, isUpperBound: false },
    { type: 'round-ended', round: 0, result: roundResult(), latency: {} },
    { type: 'round-started', round: 1, offeredRatePerSec: null },
    { type: 'round-ended', round: 1, result: limited, latency: {} },
  );
  const samples = samplesOf(metrics);
  t.match(samples, {
    conngen_round: 2,
    'conngen_rounds_total{status="valid"}': 1,
    'conngen_rounds_total{status="generator_limited"}': 1,
    'conngen_verdict{status="valid",reason="none"}': 1,
    'conngen_verdict{status="generator_limited",reason="late_starts"}': 1,
  });
  t.notOk('conngen_offered_rate' in samples);
  const left = samples['conngen_expected_end_time_seconds']! - Date.now() / 1e3;
  t.ok(left > 0 && left < 31, `${left} s left`);
});

t.test('the bounds of a search follow the last trial at each load', async (t) => {
  const trial = (rate: number, met: boolean | null): RunEvent => {
    const result = { quantity: 'rate', rate_per_sec: rate, passed: { 'loss<=0.1%': met } } as unknown as TrialResult;
    return { type: 'trial-ended', trial: 0, result, reason: null };
  };
  const bounds = (...events: RunEvent[]) => {
    const samples = samplesOf(metricsOf(runStarted({ command: 'search' }), ...events));
    const labels = '{goal="loss<=0.1%",quantity="rate",payload=""}';
    return [samples[`conngen_search_lower${labels}`], samples[`conngen_search_upper${labels}`]];
  };
  t.same(bounds(trial(100, true)), [100, undefined]);
  t.same(bounds(trial(100, true), trial(200, true), trial(400, false)), [200, 400]);
  t.same(bounds(trial(100, true), trial(400, false), trial(200, null)), [100, 400], 'our own limit says nothing');
  t.same(bounds(trial(100, true), trial(400, false), trial(400, true), trial(800, false)), [400, 800]);
});

t.test('agents of a fleet: how many do what, and the lag of each of the first 100', async (t) => {
  const agents = Array.from({ length: 150 }, (_, index) => agentTold(`a${String(index)}`, { state: 'ended' }));
  const metrics = metricsOf(runStarted(), ...agents, agentTold('a0'), agentTold('a1', { state: 'lost', why: 'x' }));
  const samples = samplesOf(metrics);
  t.match(samples, {
    'conngen_agents{state="ended"}': 148,
    'conngen_agents{state="running"}': 1,
    'conngen_agents{state="lost"}': 1,
    'conngen_agent_schedule_lag_p99_seconds{agent="a0"}': 0.00009,
    'conngen_agent_clock_error_seconds{agent="a99"}': 0.00004,
  });
  t.equal(Object.keys(samples).filter((name) => name.includes('lag_p99')).length, 100);
});

t.test('pings', async (t) => {
  const counts: RttInterval = {
    ...{ start_sec: 0, length_sec: 1, scheduled: 6, sent: 5, received: 4, lost: 1, missed: 1, aborted: 0 },
    ...{ out_of_order: 0, late: 0, duplicates: 0, in_flight: 2 },
    ...{ rtt_ns: summary(0, 0), corrected_rtt_ns: summary(0, 0), schedule_lag_ns: summary(0, 0) },
  };
  const second = pingSecond(counts, { latency: { rtt: histogramOf([2e6]) } });
  t.match(samplesOf(metricsOf(runStarted({ command: 'rtt' }), second)), {
    conngen_pings_sent_total: 5,
    conngen_pings_received_total: 4,
    conngen_pings_lost_total: 1,
    conngen_pings_in_flight: 2,
    conngen_rtt_seconds_count: 1,
  });
});

t.test("a user's text is escaped in labels, and nothing in it reaches a terminal", async (t) => {
  const goal = 'a"b\\c\nd\u001b[2J</script><!--';
  const result = { quantity: 'rate', rate_per_sec: 1, passed: { [goal]: true } } as unknown as TrialResult;
  const metrics = metricsOf(runStarted({ command: 'search' }), { type: 'trial-ended', trial: 0, result, reason: null });
  const text = exposition(metrics.families(), 'prometheus');
  t.match(text, String.raw`goal="a\"b\\c\\nd\\u001b[2J</script><!--"`);
  t.notMatch(text, '\u001b');
});

t.test('both text formats, and the request of OTLP, have the same series', async (t) => {
  const metrics = metricsOf(
    runStarted(),
    { type: 'round-started', round: 0, offeredRatePerSec: 2.5 },
    loadSecond(interval({ outcomes: { other: 3 } }), { latency: latency([0, 1, 1e6, 2e6, 3e9]) }),
    {
      ...{ type: 'health', round: 0, lengthSec: 1, cpuUsec: 1500, added: { retransmits: 2 } },
      ...{ fills: { 'sockets.time_wait': 9 }, threads: [{ cpu_usec: 1000 }] },
      packet: { sent: 70, 'retransmits.syn': 3 },
    },
    { type: 'round-ended', round: 0, result: roundResult(), latency: {} },
  );
  const plain = exposition(metrics.families(), 'prometheus');
  const open = exposition(metrics.families(), 'openmetrics');
  const samples = (text: string) => text.split('\n').filter((line) => !line.startsWith('#') && line !== '');
  t.same(samples(open), samples(plain));
  t.match(open, /# EOF\n$/);
  t.match(open, '# TYPE conngen_connections_started counter\n');
  t.match(open, '# UNIT conngen_connect_seconds seconds\n');
  t.match(plain, '# TYPE conngen_connections_started_total counter\n');
  t.match(plain, 'conngen_kernel_events_total{counter="retransmits"} 2\n');
  t.match(plain, 'conngen_packet_events_total{counter="retransmits.syn"} 3\n');
  t.match(plain, 'conngen_thread_cpu_seconds_total{thread="0"} 0.001\n');

  const request = { families: metrics.families(), resource: { 'service.name': 'conngen' }, startMs: 1000, nowMs: 3500 };
  const decoded = decodedRequest(JSON.stringify(otlpRequest(request)));
  t.same(decoded.resource, { 'service.name': 'conngen' });
  t.same(
    decoded.metrics.map(({ name }) => name),
    metrics.families().map(({ name }) => `conngen.${name}`),
  );
  for (const { name, spec, points } of metrics.families()) {
    const metric = decoded.metrics.find((each) => each.name === `conngen.${name}`)!;
    const kinds = { counter: 'sum', gauge: 'gauge', histogram: 'exponentialHistogram' } as const;
    const body = metric[kinds[spec.kind]];
    if (body?.dataPoints.length !== points.length) t.fail(name);
    for (const { labels } of points) t.same(Object.keys(labels), spec.labels ?? [], `labels of ${name}`);
    t.same(metric.unit, { seconds: 's', bytes: 'By', none: '' }[spec.unit ?? 'none'], `unit of ${name}`);
    for (const point of body?.dataPoints ?? [])
      t.same([point.startTimeUnixNano, point.timeUnixNano], ['1000000000', '3500000000'], name);
  }
  const total = decoded.metrics.find(({ name }) => name === 'conngen.total')!;
  t.match(total, { unit: 's', exponentialHistogram: { aggregationTemporality: 2 } });
  t.match(total.exponentialHistogram!.dataPoints[0], { count: '5', zeroCount: '1', min: 0, max: 3 });
});

t.test('the catalogue: names as Prometheus wants them, each once', async (t) => {
  const names = METRIC_NAMES.map(queryName);
  t.equal(new Set(names).size, names.length);
  for (const name of METRIC_NAMES) {
    const { labels = [], of, help } = metricOf(name);
    t.match(familyName(name), /^conngen_[a-z][a-z0-9_]*$/);
    t.notMatch(familyName(name), /_(?:total|count|sum|bucket)$/);
    t.ok(of.length > 0 && !help.endsWith('.'), name);
    for (const label of labels) t.match(label, /^[a-z]+$/);
  }
});

t.test('the format that is asked for', async (t) => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
  const cases = [
    [undefined, 'prometheus'],
    ['', 'prometheus'],
    ['*/*', 'prometheus'],
    [prometheus, 'openmetrics'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['text/plain, application/openmetrics-text;q=0.5', 'prometheus'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=nonsense', 'prometheus'],
    [',;,=;q', 'prometheus'],
  ] as const;
  for (const [accept, format] of cases) t.equal(formatFor(accept), format, String(accept));
});
