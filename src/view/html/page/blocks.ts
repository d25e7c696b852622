/** The blocks that pages are made of: tables, facts, lists, charts. */
import { printable } from '../../../units/printable.ts';
import type { Fact, Rows } from '../../facts.ts';
import { unbroken } from '../../layout.ts';
import { CHART_CLASSES, type ChartSpec } from '../chart/spec.ts';
import { svgChart } from '../chart/svg-chart.ts';
import { Html, html, type HtmlValue } from './template.ts';

/**
 * A table with its caption, the heading first. The first column names the row. It scrolls by itself where it is wider than the page,
 * and can then be reached with the keyboard.
 */
export function table(caption: string, [head = [], ...rows]: readonly (readonly HtmlValue[])[]): Html {
  const [corner = '', ...columns] = head;
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">${corner}</th>
          ${columns.map((each) => html`<th scope="col">${each}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(row)}
      </tbody>
    </table>
  </div> `;
}

function row([first = '', ...cells]: readonly HtmlValue[]): Html {
  return html`<tr>
    <th scope="row">${first}</th>
    ${cells.map((cell) => html`<td>${cell}</td>`)}
  </tr> `;
}

/** A table of columns, as texts have them. */
export function columnsTable(
  caption: string,
  columns: readonly { readonly header: string; readonly cells: readonly string[] }[],
): Html {
  const count = columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: count }, (_, index) => columns.map(({ cells }) => cells[index] ?? ''));
  return table(caption, [columns.map(({ header }) => header), ...rows]);
}

/** Facts as pairs of a term and what is said of it. A fact without a label goes on with the one before. */
export function facts(list: readonly Fact[]): Html {
  const groups: { label: string; texts: string[] }[] = [];
  for (const [label, text] of list) {
    const last = groups.at(-1);
    if (label === '' && last !== undefined) last.texts.push(text);
    else groups.push({ label: label === '' ? 'note' : label, texts: [text] });
  }
  if (groups.length === 0) return html``;
  return html`<dl>
    ${groups.map(
      ({
        label,
        texts,
      }) => html`<dt${label.startsWith(' ') ? html` class="part"` : null}>${label.trim()}</dt>${texts.map((text) => html`<dd>${unbroken(text)}</dd>`)}
`,
    )}
  </dl> `;
}

/** Many short pairs, in columns beside each other where there is room. */
export function pairs(rows: readonly (readonly [name: string, value: string])[]): Html {
  if (rows.length === 0) return html``;
  return html`<dl class="pairs">
    ${rows.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div> `,
    )}
  </dl> `;
}

/** A list, or nothing where it has no entry. */
export function list(entries: readonly HtmlValue[]): Html {
  if (entries.length === 0) return html``;
  return html`<ul>
    ${entries.map((each) => html`<li>${typeof each === 'string' ? unbroken(each) : each}</li> `)}
  </ul> `;
}

export function paragraph(text: HtmlValue): Html {
  return html`<p>${typeof text === 'string' ? unbroken(text) : text}</p> `;
}

export function code(text: string): Html {
  return html`<code>${text}</code>`;
}

/** Text with its line breaks, to be copied. */
export function listing(label: string, text: string): Html {
  const lines = text.split('\n').map((line, index) => [index === 0 ? '' : new Html('\n'), line]);
  return html`<pre class="scroll" tabindex="0" role="group" aria-label="${label}"><code>${lines}</code></pre> `;
}

/** A chart in its figure; nothing where there is nothing to draw. */
export function chart(spec: ChartSpec): Html {
  if (!spec.series.some(({ values }) => values.some((value) => value !== null))) return html``;
  const shown = printableSpec(spec);
  const figure = html`<figure class="${CHART_CLASSES.figure}" data-chart="${shown.id}">
    <figcaption>${shown.title}</figcaption>
    <div class="${CHART_CLASSES.drawing}">${new Html(svgChart(shown))}</div>
  </figure> `;
  return new Html(figure.text, [shown]);
}

/** Every text of a chart is made printable here, for the drawing and for the script. */
function printableSpec(spec: ChartSpec): ChartSpec {
  const { x, y, series, bands, marks } = spec;
  return {
    ...spec,
    title: printable(spec.title),
    description: printable(spec.description),
    x: {
      ...x,
      label: printable(x.label),
      ...(x.names === undefined ? {} : { names: x.names.map((each) => printable(each)) }),
    },
    y: { ...y, label: printable(y.label) },
    series: series.map((each) => ({ ...each, label: printable(each.label) })),
    ...(bands === undefined ? {} : { bands: bands.map((each) => ({ ...each, label: printable(each.label) })) }),
    ...(marks === undefined ? {} : { marks: marks.map((each) => ({ ...each, label: printable(each.label) })) }),
  };
}

export function rowsTable(caption: string, rows: Rows): Html {
  return table(caption, rows);
}
