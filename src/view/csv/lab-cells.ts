/** `cells.csv`: a row for each cell that has a result. */
import type { LabDescription } from '../../document/lab-description.ts';
import { isDone, type CellResult } from '../../document/lab.ts';
import type { Summary } from '../../units/statistics.ts';
import { ownValue } from '../../units/record.ts';

const SUMMARY: readonly (keyof Summary)[] = [
  'median',
  'median_lower',
  'median_upper',
  'min',
  'mean',
  'p90',
  'p95',
  'p99',
  'max',
];

/** Axes, status, how many samples, what they say in the unit of the lab's quantity, its figures. Empty is not measured. */
export function cellsCsv(lab: LabDescription, axisNames: readonly string[], cells: readonly CellResult[]): string {
  const head = [
    'cell',
    ...axisNames,
    'status',
    'started_at',
    'took_sec',
    'samples',
    ...SUMMARY.map((name) => `${lab.quantity.name}_${name}`),
    ...lab.figures.map(({ name }) => name),
    'error',
  ];
  const rows = cells.map((cell) => [
    cell.cell,
    ...axisNames.map((name) => ownValue(cell.axes, name) ?? null),
    cell.status,
    cell.started_at,
    cell.took_sec,
    ...(isDone(cell)
      ? [
          cell.summary.count,
          ...SUMMARY.map((name) => cell.summary[name]),
          ...lab.figures.map(({ name }) => ownValue(cell.figures, name) ?? null),
          null,
        ]
      : [0, ...SUMMARY.map(() => null), ...lab.figures.map(() => null), cell.error]),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvCell).join(',')}\n`).join('');
}

/** RFC 4180: quoted where it holds what separates. */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
