/** Blocks of Markdown, for reports to paste into a ticket. */
import { formatCountOf } from '../../units/format.ts';
import { printable, printableLines } from '../../units/printable.ts';
import type { EngineSystem } from '../../document/system.ts';
import { engineText } from '../engine-text.ts';
import type { Fact, Part, Rows } from '../facts.ts';
import { asteriskMeaning, type Column } from '../text/round-table.ts';
import type { RoundResult } from '../../document/client.ts';

/** What every result says of itself. */
interface Head {
  readonly conngen: string;
  readonly started_at: string;
  readonly system: {
    readonly kernel: string;
    readonly node: string;
    readonly cpus: number;
    readonly engine?: string;
    readonly packet?: EngineSystem['packet'] | undefined;
    readonly workers?: number;
  };
  readonly config?: object;
}

/** A whole report: what was run, when and where, the blocks, and the options, with which it can be run again. */
export function document(result: Head, title: string, blocks: readonly string[]): string {
  const { system, config } = result;
  const facts = [
    `conngen ${result.conngen}`,
    ...(system.engine === undefined ? [] : [engineText({ engine: system.engine, packet: system.packet })]),
    ...(system.workers === undefined ? [] : [formatCountOf(system.workers, 'worker')]),
    `Linux ${system.kernel}`,
    `Node ${system.node}`,
    `${system.cpus} cores`,
  ];
  const options = config === undefined ? [] : [`### Options\n\n${jsonBlock(config)}`];
  const head = [`## ${plain(title)}`, plain(`${result.started_at}, ${facts.join(', ')}`)];
  return `${[...head, ...blocks, ...options].join('\n\n')}\n`;
}

export function jsonBlock(value: unknown): string {
  return `\`\`\`json\n${printableLines(JSON.stringify(value, null, 2))}\n\`\`\``;
}

/** A code span. What it holds is shown as it is, but for line ends; a text with backticks has longer ones around it. */
export function code(text: string): string {
  const shown = printable(text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  if (longest === 0) return `\`${shown}\``;
  const ticks = '`'.repeat(longest + 1);
  return `${ticks} ${shown} ${ticks}`;
}

/** A list of facts; what belongs to the fact before is a list below it. */
export function factList(facts: readonly Fact[]): string {
  const lines = facts.map(([label, text], index) => {
    const shown = plain(text);
    if (label === '') return index === 0 ? `- ${shown}` : `  - ${shown}`;
    return `${label.startsWith(' ') ? '  ' : ''}- **${plain(label.trim())}**: ${shown}`;
  });
  return lines.join('\n');
}

/** Facts as lists and rows as tables. */
export function partBlocks(parts: readonly Part[]): string[] {
  return parts.map((part) => ('facts' in part ? factList(part.facts) : rowsTable(part.rows)));
}

/** Text that means itself: what would be a mark of Markdown, or HTML, is escaped. */
export function plain(text: string): string {
  return printable(text).replaceAll(/[\\`*<]/g, String.raw`\$&`);
}

/** A sentence or a cell that may have marks of its own: what would begin a tag or a comment is escaped, where it is not yet. */
export function untagged(text: string): string {
  return printable(text).replaceAll(/(?<!\\)<(?=[a-z!/?])/gi, String.raw`\<`);
}

/** The table, followed by what its asterisks mean. */
export function roundsTable(columns: readonly Column[], rounds: readonly RoundResult[]): string {
  const count = columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: count }, (_, index) => columns.map(({ cells }) => cells[index] ?? ''));
  const lines = rowsTable([columns.map(({ header }) => header), ...rows]);
  const meaning = asteriskMeaning(rounds);
  return meaning === null ? lines : `${lines}\n\n\\* ${meaning}`;
}

/** The first column to the left, the others to the right. */
export function rowsTable([head = [], ...rows]: Rows): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cellText(cell).replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** A code span stays as it is: in it a backslash would be shown. */
function cellText(cell: string): string {
  return cell.startsWith('`') && cell.endsWith('`') && cell.length > 1 ? cell : untagged(cell);
}
