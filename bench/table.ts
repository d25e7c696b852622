import type { Row } from './pairs.ts';
import type { Spread } from './statistics.ts';

function formatted({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

/** Rows of pairs: medians with their spread, and the ratios to the reference. */
export function printPairs(rows: readonly Row[]): void {
  for (const row of rows) {
    process.stdout.write(
      `${row.name.padEnd(36)} ${formatted(row.ratePerSec, 0).padStart(22)}/s ${formatted(row.usecPerConnection, 1).padStart(18)} µs ` +
        `${inUserSpace(row)}errors ${row.errors}  ratio ${formatted(row.rateRatio, 3)}  cpu ${formatted(row.cpuRatio, 3)}\n`,
    );
  }
}

function inUserSpace({ userUsecPerConnection: user, threadUserUsecPerConnection: thread, gcPauses }: Row): string {
  if (user === undefined) return '';
  const ofThread = thread === undefined ? '' : `, ${formatted(thread, 2)} of the load thread`;
  return `(${user.median.toFixed(2)} in user space${ofThread}, ${gcPauses ?? 0} gc)  `;
}

/** Any rows of plain figures, one column a property. */
export function printTable(rows: readonly object[]): void {
  const keys = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => keys.map((key) => cell((row as Record<string, unknown>)[key])));
  const widths = keys.map((key, i) => Math.max(key.length, ...cells.map((line) => line[i]!.length)));
  for (const line of [keys, ...cells]) {
    process.stdout.write(`${line.map((text, i) => text.padStart(widths[i]!)).join('  ')}\n`);
  }
}

function cell(value: unknown): string {
  return typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : String(value);
}
