/**
 * Criteria about a change, as `--fail-if` of a comparison has them.
 *
 *     criterion  = figure comparison change
 *     figure     = the name of a figure of a comparison: "p99(total)", "rate(completed)", "cpu", "failures", "answer"
 *     comparison = "<" | "<=" | ">" | ">="
 *     change     = ("+" | "-") number "%"
 */
import { accept, refuse, type Parsed } from '../units/problem.ts';
import type { Comparison } from './criterion.ts';

/** Plain data, like a `Criterion`. */
export interface ChangeCriterion {
  /** The text that the user wrote. */
  readonly expression: string;
  /** The figure, as comparisons name it. `answer` stands for every answer of a search. */
  readonly figure: string;
  readonly comparison: Comparison;
  /** In per cent; of a share in percentage points. */
  readonly limitPercent: number;
}

const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9'] as const;
const CLOCKS = ['total', 'connect', 'first_byte', 'corrected_total', 'rtt', 'corrected_rtt'] as const;
const RATES = ['completed', 'established', 'received'] as const;
const OTHERS = ['cpu', 'failures', 'loss', 'sustained', 'answer'] as const;

/** The names of all figures of comparisons. An answer of a search has its goal in its name. */
export const CHANGE_FIGURES: readonly string[] = [
  ...PERCENTILES.flatMap((percentile) => CLOCKS.map((clock) => `${percentile}(${clock})`)),
  ...RATES.map((rate) => `rate(${rate})`),
  ...OTHERS,
];

const EXPECTED =
  'a figure such as p99(total), p50(rtt), rate(completed), cpu, failures, loss, sustained or answer; percentiles are p50, p90, p99 and p99.9';

/** The name of a figure, with or without spaces, in either case; p99_9 is p99.9. */
export function parseChangeFigure(text: string): Parsed<string> {
  const name = text.trim().toLowerCase().replaceAll(/\s/g, '').replace('p99_9', 'p99.9');
  return CHANGE_FIGURES.includes(name) ? accept(name) : refuse(EXPECTED);
}

const WHOLE = /^([^<>=]+)(<=|>=|<|>)(.*)$/s;
const CHANGE = /^([+-]\d{1,6}(?:\.\d{1,6})?)\s*%$/;

/** Such as `p99(total)>+5%`, `rate(completed) < -3%`. A change has a sign, which tells it from a value. */
export function parseChangeCriterion(text: string): Parsed<ChangeCriterion> {
  const [, figureText = '', comparison = '', changeText = ''] = WHOLE.exec(text) ?? [];
  if (comparison === '') return refuse("a figure, a comparison and a change, such as 'p99(total)>+5%'");
  const figure = parseChangeFigure(figureText);
  if (!figure.ok) return figure;
  const change = CHANGE.exec(changeText.trim());
  if (change === null) {
    return refuse(`a change with its sign and % after ${comparison}, such as ${comparison}+5% or ${comparison}-3%`);
  }
  const limitPercent = Number(change[1]);
  if (limitPercent <= -100) return refuse('a change above -100%');
  return accept({ expression: text.trim(), figure: figure.value, comparison: comparison as Comparison, limitPercent });
}
