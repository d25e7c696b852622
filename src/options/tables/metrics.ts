/** The options of metrics that others read while a run goes on. */
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { parseHeader, parseListenPlace, parseOtlpUrl } from '../metric-parsers.ts';
import { shownAddress, shownHeader } from '../secrets.ts';

export const METRIC_OPTIONS = {
  'metrics-listen': {
    parse: parseListenPlace,
    value: 'HOST:PORT',
    group: GROUPS.output,
    help: 'answer Prometheus scrapes at /metrics while it runs; :9464 listens on 127.0.0.1 only',
    details:
      'Other machines can scrape only where you name an address of this one, such as 10.0.0.5:9464 or 0.0.0.0:9464. Port 0 takes one that is ' +
      'free; the log says which, but not with --quiet. The last figures can be scraped until the run ends.',
  },
  otlp: {
    parse: parseOtlpUrl,
    masked: shownAddress,
    value: 'URL',
    group: GROUPS.output,
    help: 'post metrics each second to an OpenTelemetry collector, such as http://127.0.0.1:4318',
    details:
      'OTLP over HTTP in JSON, with exponential histograms. A base URL gets /v1/metrics appended. A collector that fails costs a warning and ' +
      'at most 2 s at the end.',
  },
  'otlp-header': {
    parse: parseHeader,
    masked: shownHeader,
    value: 'NAME=VALUE',
    repeatable: true,
    group: GROUPS.output,
    help: "send this header with --otlp, such as 'Authorization=Bearer TOKEN'; repeatable",
    details: 'Other users of this machine can read a command line. CONNGEN_OTLP_HEADER keeps a token out of it.',
  },
} as const satisfies OptionTable;
