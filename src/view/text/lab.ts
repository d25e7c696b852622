/** A lab as text: its cells beforehand, its progress, its result. */
import type { LabDescription } from '../../document/lab-description.ts';
import type { Cell } from '../../document/lab-description.ts';
import { LAB_DESCRIPTIONS } from '../../document/labs.ts';
import { isDone, type CellResult, type DoneCell, type LabResult } from '../../document/lab.ts';
import { formatBytes, formatCountOf, formatLatency, formatSeconds, threeDigits } from '../../units/format.ts';
import { printable } from '../../units/printable.ts';
import type { Rows } from '../facts.ts';
import { foldedTable, paint, wrap, type TextStyle } from '../layout.ts';
import { ownValue } from '../../units/record.ts';

/** A value in a lab's unit: nanoseconds as people read them. */
export function formatQuantity(value: number, unit: string): string {
  if (unit === 'ns') return value < 100 ? `${threeDigits(value)} ns` : formatLatency(value);
  return unit === 'B/s' ? `${formatBytes(value)}/s` : `${threeDigits(value)} ${unit}`;
}

/** `--list`: the names, and how long all of them take. */
export function labListText(lab: LabDescription, cells: readonly Cell[], secEach: number): string {
  const lines = cells.map(({ name }) => name);
  return `${lines.join('\n')}\n${summaryOf(lab, cells.length, secEach)}\n`;
}

function summaryOf(lab: LabDescription, count: number, secEach: number): string {
  return `lab ${lab.name}: ${formatCountOf(count, 'cell')} of about ${formatSeconds(secEach)}, ${formatSeconds(count * secEach)} in all`;
}

/** The line of a cell that is under way: where it stands among all, and the time left. */
export function labProgressLine(name: string, position: string, elapsedSec: number, leftSec: number): string {
  return `cell ${position}  ${printable(name)}  ${Math.floor(elapsedSec)} s  about ${formatSeconds(Math.ceil(leftSec))} left`;
}

/** The line that stays when a cell has ended. */
export function cellLine(lab: LabDescription, cell: CellResult, position: string): string {
  const told = isDone(cell) ? `median ${medianText(lab, cell)}` : `failed: ${printable(cell.error)}`;
  return `cell ${position}  ${printable(cell.cell)}  ${told}`;
}

function medianText(lab: LabDescription, { summary }: DoneCell): string {
  const { unit } = lab.quantity;
  const median = formatQuantity(summary.median, unit);
  if (summary.median_lower === null || summary.median_upper === null) return median;
  return `${median} (${formatQuantity(summary.median_lower, unit)} to ${formatQuantity(summary.median_upper, unit)})`;
}

/** Returns the description of a result's lab. One that this version does not have is described by what the result holds. */
export function describedBy({ lab, title, quantity, cells }: LabResult): LabDescription {
  const known = LAB_DESCRIPTIONS.find(({ name }) => name === lab);
  if (known !== undefined) return { ...known, title };
  const figures = Object.keys(cells.find(isDone)?.figures ?? {});
  return {
    name: lab,
    title,
    quantity: { ...quantity, label: quantity.name },
    figures: figures.map((name) => ({ name, label: name, format: threeDigits })),
    plots: [],
  };
}

/** The whole result, for a terminal. */
export function labText(result: LabResult, directory: string | null, style: TextStyle): string {
  const lab = describedBy(result);
  const done = result.cells.filter(isDone);
  const failed = result.cells.filter((cell) => !isDone(cell));
  const lines = [
    paint(style, 'bold', `conngen lab ${lab.name}`),
    wrap(`${lab.title}; ${labMachine(result)}`, style.columns, 0),
    '',
    ...cellTable(lab, done, style),
    ...failed.map((cell) => paint(style, 'red', wrap(cellLine(lab, cell, 'failed'), style.columns, 2))),
    '',
  ];
  const missing = missingText(result, directory);
  if (missing !== null) lines.push(paint(style, 'yellow', wrap(missing, style.columns, 0)));
  if (directory !== null) lines.push(`${printable(directory)}: cells.csv, lab.json, plots as *.svg`);
  return `${lines.join('\n')}\n`;
}

export function labMachine({ system }: LabResult): string {
  return `Node ${system.node}, Linux ${system.kernel}, ${system.cpus} × ${system.cpu_model}`;
}

/** How to measure the cells that are missing; null where none is. */
export function missingText({ plan, cells }: LabResult, directory: string | null): string | null {
  const missing = plan.cells.length - cells.filter(isDone).length;
  if (missing === 0) return null;
  return `${missing} of ${plan.cells.length} cells are missing; to go on: conngen lab --resume ${directory ?? 'DIRECTORY'}`;
}

function cellTable(lab: LabDescription, cells: readonly DoneCell[], style: TextStyle): string[] {
  return cells.length === 0 ? ['  nothing was measured'] : foldedTable(cellRows(lab, cells), style, 2);
}

/** The cells that were measured, a row each. */
export function cellRows(lab: LabDescription, cells: readonly DoneCell[]): Rows {
  const { unit } = lab.quantity;
  const head = ['cell', 'median', '95 % interval', 'p99', ...lab.figures.map(({ label }) => label)];
  const rows = cells.map(({ cell, summary, figures }) => [
    cell,
    formatQuantity(summary.median, unit),
    summary.median_lower === null || summary.median_upper === null
      ? '-'
      : `${formatQuantity(summary.median_lower, unit)} to ${formatQuantity(summary.median_upper, unit)}`,
    formatQuantity(summary.p99, unit),
    ...lab.figures.map(({ name, format }) => {
      const value = ownValue(figures, name) ?? null;
      return value === null ? '-' : format(value);
    }),
  ]);
  return [head, ...rows];
}
