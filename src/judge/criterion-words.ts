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
