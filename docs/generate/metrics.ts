/** The reference page of metrics, from their catalogue. */
import { BOUNDS } from '../../src/run/metrics/buckets.ts';
import { METRIC_NAMES, metricOf, queryName } from '../../src/run/metrics/catalogue.ts';
import { code, page, prose, table } from './markdown.ts';

export function metricsPage(): string {
  return page(
    'Metrics',
    '`src/run/metrics/catalogue.ts`',
    'What `--metrics-listen` exposes and `--otlp` posts; [metrics while it runs](../guide/metrics.md) says how to use them. Counters and histograms ' +
      'have everything since the run began, except for warm-ups.',
    table(
      ['metric', 'type', 'labels', 'commands', 'meaning'],
      METRIC_NAMES.map((name) => {
        const { kind, labels = [], of, help } = metricOf(name);
        return [code(queryName(name)), kind, labels.map(code).join(', '), of.join(', '), prose(`${help}.`)];
      }),
    ),
    '## Histograms',
    `A scrape has these upper bounds, in seconds, and \`+Inf\`: ${BOUNDS.map(([text]) => text).join(', ')}. A value that is less than 0.1 % above a bound can ` +
      'be counted below it. A quantile is interpolated between two bounds, so it can be off by half. `--otlp` posts exponential histograms instead, of at ' +
      'most 160 buckets: values from 100 µs to 10 ms get buckets that are 4.4 % wide (scale 4), from 10 µs to 1 s 9 % (scale 3).',
    '## Names in OTLP',
    'The name has a point after `conngen`, and neither unit nor `_total`: `conngen.connect` with the unit `s`, `conngen.connections_started`. Receivers ' +
      'that make Prometheus names of them arrive at the names above. Sums and histograms are cumulative. The resource has `service.name`, ' +
      '`service.version`, `service.instance.id`, `host.name`, `conngen.command` and `conngen.target`.',
  );
}
