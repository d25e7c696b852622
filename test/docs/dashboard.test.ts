/** The dashboard for Grafana: it asks for nothing that a scrape does not have, and Grafana can lay it out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { METRIC_NAMES, metricOf, queryName } from '../../src/run/metrics/catalogue.ts';
import { dashboardQueries, type Dashboard } from '../support/dashboard.ts';
import { ROOT } from '../support/modules.ts';

const dashboard = JSON.parse(readFileSync(join(ROOT, 'docs/grafana/conngen.json'), 'utf8')) as Dashboard;

/** The labels of each name that a query can have; those of a scrape are on every one. */
const LABELS = new Map<string, readonly string[]>(
  METRIC_NAMES.flatMap((name): [string, readonly string[]][] => {
    const { kind, labels = [] } = metricOf(name);
    const all = [...labels, 'instance', 'job'];
    const title = queryName(name);
    return kind === 'histogram'
      ? [
          [`${title}_bucket`, [...all, 'le']],
          ...[`${title}_sum`, `${title}_count`].map((each): [string, string[]] => [each, all]),
        ]
      : [[title, all]];
  }),
);

t.test('every metric and label that it queries is exposed', async (t) => {
  const queries = dashboardQueries(dashboard);
  t.ok(queries.length > 40, `${queries.length} queries`);
  for (const { expr, legend } of queries) {
    const names = [...expr.matchAll(/conngen_\w+/g)].map(([name]) => name);
    t.ok(names.length > 0, expr);
    for (const name of names) t.ok(LABELS.has(name), `${name} in ${expr}`);
    const known = names.flatMap((name) => LABELS.get(name) ?? []);
    const matched = [...expr.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label]) => label!);
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/,\s*/));
    const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
    for (const label of [...matched, ...grouped, ...shown]) t.ok(known.includes(label), `${label} in ${expr}`);
    if (expr.includes('sum')) for (const label of shown) t.ok(grouped.includes(label), `${label} is left by ${expr}`);
  }
});

t.test('most of what is exposed is on it', async (t) => {
  const text = dashboardQueries(dashboard)
    .map(({ expr }) => expr)
    .join('\n');
  const unused = METRIC_NAMES.filter((name) => !text.includes(queryName(name)));
  t.ok(unused.length < METRIC_NAMES.length / 3, unused.join(' '));
});

t.test('Grafana can lay it out', async (t) => {
  t.type(dashboard.schemaVersion, 'number');
  t.equal(dashboard.uid, 'conngen');
  const { panels } = dashboard;
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, 'an id each');
  const taken = new Map<string, string>();
  for (const {
    title,
    gridPos: { x, y, w, h },
    type,
    description,
    targets = [],
  } of panels) {
    t.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        const other = taken.get(`${column} ${line}`);
        if (other !== undefined) t.fail(`${title} lies on ${other}`);
        taken.set(`${column} ${line}`, title);
      }
    }
    if (type === 'row') continue;
    t.ok(description, `${title} says what it shows`);
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
});

t.test('the source of data is a variable, everywhere', async (t) => {
  const text = JSON.stringify(dashboard);
  const sources = [...text.matchAll(/"datasource":\{"type":"prometheus","uid":"([^"]*)"\}/g)].map(
    ([, source]) => source,
  );
  t.ok(sources.length > dashboard.panels.length / 2);
  t.same(new Set(sources), new Set(['${datasource}']));
  t.equal(sources.length, text.split('"datasource":').length - 1, 'no other source');
  t.match(dashboard.templating.list[0], { name: 'datasource', type: 'datasource', query: 'prometheus' });
});
