/** Metrics as text: the Prometheus format 0.0.4, and OpenMetrics 1.0.0. */
import { BOUNDS, countsBelow } from './buckets.ts';
import { familyName, queryName } from './catalogue.ts';
import type { Family, Labels, Point } from './store.ts';

export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The format that an Accept header prefers; the Prometheus format where it says nothing of the other. */
export function formatFor(accept: string | undefined): TextFormat {
  let open = 0;
  let plain = 0;
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    const given = parameters.find((each) => each.startsWith('q='));
    const quality = given === undefined ? 1 : Number(given.slice(2));
    if (type === 'application/openmetrics-text') open = Math.max(open, quality);
    if (type === 'text/plain' || type === 'text/*') plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain ? 'openmetrics' : 'prometheus';
}

/** The whole text of a scrape. */
export function exposition(families: readonly Family[], format: TextFormat): string {
  const lines = families.flatMap((family) => [...headOf(family, format), ...family.points.flatMap(linesOf(family))]);
  if (format === 'openmetrics') lines.push('# EOF');
  return lines.map((line) => `${line}\n`).join('');
}

function headOf({ name, spec }: Family, format: TextFormat): string[] {
  const title = format === 'openmetrics' ? familyName(name) : queryName(name);
  const unit = format === 'openmetrics' && spec.unit !== undefined ? [`# UNIT ${title} ${spec.unit}`] : [];
  return [`# HELP ${title} ${escapedHelp(spec.help)}.`, `# TYPE ${title} ${spec.kind}`, ...unit];
}

function linesOf({ name }: Family): (point: Point) => string[] {
  const title = queryName(name);
  return ({ labels, value, histogram }) => {
    if (histogram === undefined) return [`${title}${labelText(labels)} ${value}`];
    const below = countsBelow(histogram);
    const bucket = (le: string, count: number): string => `${title}_bucket${labelText({ ...labels, le })} ${count}`;
    return [
      ...BOUNDS.map(([le], index) => bucket(le, below[index]!)),
      bucket('+Inf', histogram.count),
      `${title}_sum${labelText(labels)} ${histogram.sum / 1e9}`,
      `${title}_count${labelText(labels)} ${histogram.count}`,
    ];
  };
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapedLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
