/** The data of a page, as the text of its `<script type="application/json">`. */
import { gzipSync } from 'node:zlib';
import { printable } from '../../units/printable.ts';
import type { ChartSeries, ChartSpec, PageData } from './chart-spec.ts';

/** From this length on the JSON is compressed: the seconds of ten minutes are half a megabyte. */
const PLAIN_MAX_CHARACTERS = 64 * 1024;
/** What a chart shows: a thousandth of a value is less than a pixel. */
const CHART_DIGITS = 4;

/** Returns JSON that ends no script and hides no character. */
export function pageDataText({ charts, downloads }: PageData): string {
  const json = embeddable({ charts: charts.map(withFewerDigits), downloads });
  if (json.length <= PLAIN_MAX_CHARACTERS) return json;
  return embeddable({ gzip: gzipSync(json, { level: 9 }).toString('base64') });
}

/** `<` could end the element or begin a comment in it. Escapes of JSON leave the value the same. */
function embeddable(value: unknown): string {
  return printable(JSON.stringify(value)).replaceAll('<', '\\u003c');
}

function withFewerDigits(spec: ChartSpec): ChartSpec {
  return { ...spec, series: spec.series.map(seriesWithFewerDigits) };
}

function seriesWithFewerDigits(series: ChartSeries): ChartSeries {
  const { values, low, high } = series;
  return {
    ...series,
    values: values.map(rounded),
    ...(low === undefined ? {} : { low: low.map(rounded) }),
    ...(high === undefined ? {} : { high: high.map(rounded) }),
  };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(CHART_DIGITS));
}
