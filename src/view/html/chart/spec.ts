/**
 * A chart of an HTML page as data. `svgChart` draws it into the page; the script of the page reads the same data from the page and
 * draws it again, with zoom and a cursor.
 */

/** What the numbers of an axis are. `percentile` is 1/(1-q): 2 is the median, 100 is the 99th percentile. */
export type ChartUnit =
  | 'ns'
  | 'sec'
  | 'usec'
  | 'per_sec'
  | 'count'
  | 'percent'
  | 'ratio'
  | 'bytes'
  | 'bytes_per_sec'
  | 'percentile'
  | 'category';

/** What a series stands for: its colour, and its dashes or markers, are the same in every chart of every page. */
export type ChartRole =
  | 'offered'
  | 'ok'
  | 'missed'
  | 'target'
  | 'network'
  | 'generator'
  | 'p50'
  | 'p90'
  | 'p99'
  | 'p99_9'
  | 'max'
  | 'passed'
  | 'failed'
  | 'inconclusive'
  | 'neutral'
  /** One of several things of a kind, such as the runs side by side or the lines of a lab: told apart by number. */
  | `run${number}`;

export interface ChartAxis {
  /** The label, without its unit. */
  readonly label: string;
  readonly unit: ChartUnit;
  /** A logarithmic axis shows nothing at or below 0. Of `percentile` always logarithmic. */
  readonly scale: 'linear' | 'log';
  /** A linear axis begins at 0 unless this is there. */
  readonly startsAnywhere?: true;
}

export interface ChartX extends ChartAxis {
  /** Ascending; equal neighbours are allowed. Of a `category` 0, 1, 2 and so on. */
  readonly values: readonly number[];
  /** Where the last interval ends: each value is then the beginning of an interval that lasts to the next, and lines are steps. */
  readonly end?: number;
  /** The names of the categories, in the order of `values`. Only there with the unit `category`. */
  readonly names?: readonly string[];
}

export interface ChartSeries {
  readonly label: string;
  readonly role: ChartRole;
  /** One for each value of x; null where there is none, which is a gap in a line. */
  readonly values: readonly (number | null)[];
  /** The ends of a bar through each point, such as an interval of confidence. Both or none. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  readonly kind: 'line' | 'points' | 'area';
  /** The line goes on across nulls, which are values of x that other series have. Only of a line. */
  readonly spansNulls?: true;
  /** A stacked series lies on the sum of the stacked series before it. Its values are its own, not sums. */
  readonly stacked?: true;
}

/** A shaded range with a label, such as the bounds of an answer. */
export interface ChartBand {
  readonly axis: 'x' | 'y';
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** A line across with a label, such as a limit. */
export interface ChartMark {
  readonly axis: 'x' | 'y';
  readonly value: number;
  readonly label: string;
}

export interface ChartSpec {
  /** Unique in the page: a letter, then letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  /** What the chart shows, in a sentence or two, for who does not see it. */
  readonly description: string;
  readonly x: ChartX;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
  /** Charts of one group have the same x axis, and share cursor and zoom. */
  readonly group?: string;
  readonly bands?: readonly ChartBand[];
  readonly marks?: readonly ChartMark[];
}

/**
 * The data of a page: the text of `<script type="application/json" id="data">`. Where it is long, the text is
 * `{"gzip": "…"}` instead: the same, packed (`packed-lists.ts`), compressed and in base64.
 */
export interface PageData {
  readonly charts: readonly ChartSpec[];
  /** What can be saved as a file: the documents as they were, which are saved as JSON with two spaces of indent. */
  readonly downloads: readonly { readonly file: string; readonly document: unknown }[];
}

/** Where things are in the page, for the script. */
export const PAGE_IDS = {
  /** The data: `PageData`. */
  data: 'data',
  /** An empty element in the head of the page, for buttons: the theme. */
  tools: 'tools',
  /** An empty element for a button for each download. */
  downloads: 'downloads',
} as const;

/**
 * A chart in the page is
 * `<figure class="chart" data-chart="ID"><figcaption>TITLE</figcaption><div class="drawing">SVG</div></figure>`.
 * The script appends its own drawing to the figure. The SVG stays: it is what is printed, and is hidden on a screen while
 * `<html>` has the class `has-script`. The theme is `data-theme="light"` or `"dark"` on `<html>`, and the system's where that is not there.
 */
export const CHART_CLASSES = { figure: 'chart', drawing: 'drawing', hasScript: 'has-script' } as const;
