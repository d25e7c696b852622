/** The words of other tools (ab, hey, wrk, oha, k6, vegeta) for what a criterion calls otherwise, and what to write here. */
const BY_WORD: ReadonlyMap<string, string> = new Map(
  Object.entries({
    failures: ['error', 'errors', 'fail', 'fails', 'failed', 'failure', 'http_req_failed', 'checks'],
    loss: ['lost', 'drop', 'drops', 'dropped', 'dropped_iterations'],
    'connect_timeout or exchange_timeout': ['timeout', 'timeouts', 'timed_out'],
    'rate(completed)': ['cps', 'rps', 'qps', 'tps', 'throughput', 'reqs', 'requests', 'http_reqs', 'iterations'],
    'p99(total)': [
      'p',
      'latency',
      'latencies',
      'duration',
      'response_time',
      'rtt',
      'http_req_duration',
      'total',
      'corrected_total',
    ],
    'p99(connect)': ['connect', 'connecting', 'http_req_connecting'],
    'p99(first_byte)': ['first_byte', 'ttfb', 'http_req_waiting'],
    'p50(total)': ['median', 'med'],
    'mean(total)': ['avg', 'average'],
  }).flatMap(([metric, words]) => words.map((word) => [word, metric] as const)),
);

/** `; did you mean failures?`, or nothing. */
export function meantMetric(word: string): string {
  const metric = BY_WORD.get(word.toLowerCase());
  return metric === undefined ? '' : `; did you mean ${metric}?`;
}

/** A kind of metric, for the reference page. `example` is a criterion of the kind, which the parser takes. */
export interface MetricWords {
  readonly metric: string;
  readonly values: string;
  readonly meaning: string;
  readonly example: string;
}

export const METRIC_WORDS: readonly MetricWords[] = [
  {
    metric: 'STATISTIC(CLOCK)',
    values: 'a duration with its unit: `20ms`, `250us`, `1s`',
    meaning:
      'a latency of the round, from all its counts. STATISTIC is `p50`, `p75`, `p90`, `p95`, `p99`, `p99.9`, `min`, `mean` or `max`; CLOCK is ' +
      '`schedule_lag`, `connect`, `first_byte`, `total`, `corrected_total`, or `probe`: the round trip of --probe',
    example: 'p99(total)>20ms',
  },
  {
    metric: 'failures',
    values: '`12`, or `0.1%` of those started',
    meaning: 'attempts that were started and did not end `ok`, whichever side caused it',
    example: 'failures>0.1%',
  },
  {
    metric: 'loss',
    values: '`12`, or `0.1%` of those started',
    meaning: 'the same as `failures`, here and in a goal',
    example: 'loss<=0.1%',
  },
  {
    metric: 'missed',
    values: '`12`, or `0.1%` of those due',
    meaning: 'attempts that were due and never started: caused by this machine, so no loss',
    example: 'missed>0',
  },
  {
    metric: 'empty',
    values: '`12`, or `0.1%` of those started',
    meaning: 'exchanges that ended without a byte of answer where a payload was sent, whatever the outcome',
    example: 'empty>0',
  },
  {
    metric: 'held_lost',
    values: '`12`, or `0.1%` of those started',
    meaning:
      'connections that the peer ended while they were kept open (`--hold`), whatever the outcome of their exchange',
    example: 'held_lost>0',
  },
  {
    metric: 'an outcome: refused, reset, connect_timeout …',
    values: '`0`, or `0.1%` of those started',
    meaning: 'attempts that ended so',
    example: 'connect_timeout>0.1%',
  },
  {
    metric: 'rate(started), rate(established), rate(completed)',
    values: '`9900`, `9.9k`, or `99%` of what was offered',
    meaning: 'a rate over the time of the round',
    example: 'rate(completed)<99%',
  },
  {
    metric: 'cpu',
    values: 'a duration with its unit: `50us`',
    meaning: 'processor time of this process for each connection',
    example: 'cpu>50us',
  },
];
