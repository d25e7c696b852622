/** The findings of a doctor for a person: what is wrong, by how much, and the command that cures it. */
import type { RateConfig } from '../../document/config.ts';
import type { Check, CheckStatus, DoctorResult } from '../../document/doctor.ts';
import { formatCount, formatCountOf, formatPerSec, formatSeconds } from '../../units/format.ts';
import { printable } from '../../units/printable.ts';
import { targetLine } from '../headline.ts';
import { PLAIN, paint, wrap, type Colour, type TextStyle } from '../layout.ts';

const LOOKS: Readonly<Record<CheckStatus, Colour>> = { ok: 'green', warning: 'yellow', problem: 'red', unknown: 'dim' };
const STATUS_COLUMNS = 9;
const ID_COLUMNS = 21;
const INDENT = 2;

/** Every check, or with `leavesOutOk` those that are not ok, and a closing line. With a newline at its end. */
export function doctorText(
  result: DoctorResult,
  { leavesOutOk = false }: { readonly leavesOutOk?: boolean } = {},
  style: TextStyle = PLAIN,
): string {
  const shown = shownChecks(result, leavesOutOk);
  const blocks = [
    headline(result, style),
    ...(shown.length > 0 ? [shown.map((check) => checkText(check, style)).join('\n')] : []),
    closing(result, style),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function rateText(rate: RateConfig): string {
  if (rate === 'max') return rate;
  return typeof rate === 'number' ? formatPerSec(rate) : `${formatPerSec(rate.from)} to ${formatPerSec(rate.to)}`;
}

export function shownChecks({ checks }: DoctorResult, leavesOutOk: boolean): Check[] {
  return checks.filter(({ status }) => !leavesOutOk || status !== 'ok');
}

function headline({ config }: DoctorResult, style: TextStyle): string {
  return `${paint(style, 'bold', targetLine('doctor', config))}\n${wrap(planText(config), style.columns, 0)}`;
}

/** The plan that is examined, in one line. */
export function planText(config: DoctorResult['config']): string {
  const { count, duration_sec: durationSec } = config;
  const length = count === undefined ? formatSeconds(durationSec ?? 0) : formatCountOf(count, 'attempt');
  return [
    `${config.rates_per_sec.map(rateText).join(', ')} for ${length}`,
    `hold ${formatSeconds(config.hold_sec)}`,
    `timeout ${formatSeconds(config.timeout_sec)}`,
    `finish ${config.finish}`,
    `close ${config.close}`,
  ].join(', ');
}

/** Two lines or more: value and need, the reason, and the fix alone on its line, so that it can be copied. */
function checkText(check: Check, style: TextStyle): string {
  const status = paint(style, LOOKS[check.status], check.status.padEnd(STATUS_COLUMNS));
  const indent = INDENT + STATUS_COLUMNS;
  const beside = wrap(amounts(check), style.columns, indent + ID_COLUMNS);
  const first = `${' '.repeat(INDENT)}${status}${check.id.padEnd(ID_COLUMNS)}${beside}`.trimEnd();
  const margin = ' '.repeat(indent);
  const lines = [first, margin + wrap(check.why, style.columns, indent)];
  if (check.fix !== null) lines.push(`${margin}fix: ${paint(style, 'bold', printable(check.fix))}`);
  return lines.join('\n');
}

/** `28,232, needs 200,000`. */
export function amounts({ value, needed }: Check): string {
  const have = value === null ? '' : shown(value);
  if (needed === null) return have;
  return have === '' ? `needs ${shown(needed)}` : `${have}, needs ${shown(needed)}`;
}

function shown(value: number | string): string {
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? formatCount(value) : String(value);
}

function closing(result: DoctorResult, style: TextStyle): string {
  return paint(style, LOOKS[result.status], wrap(closingText(result), style.columns, 0));
}

/** How many checks found something, and what follows from that. */
export function closingText({ checks, status }: DoctorResult): string {
  const tally = (['problem', 'warning', 'unknown'] as const)
    .map((each) => ({ each, number: checks.filter((check) => check.status === each).length }))
    .filter(({ number }) => number > 0)
    .map(({ each, number }) => (each === 'unknown' ? `${number} unknown` : formatCountOf(number, each)));
  const words = {
    problem: 'this plan cannot work here as things stand.',
    warning: 'this plan may meet a limit of this machine.',
    ok: `nothing ${checks.some((check) => check.status === 'unknown') ? 'that is known ' : ''}here stands in the way of this plan.`,
  }[status];
  const counts = tally.length === 0 ? '' : `${tally.join(', ')}: `;
  return `${counts}${words}`;
}

/** One line for a log, such as `source_ports: 28,232, needs 200,000. … Fix: --source-ports 1024-65535`. */
export function checkLine(check: Check): string {
  const fix = check.fix === null ? '' : ` Fix: ${check.fix}`;
  return `${check.id}: ${amounts(check)}. ${check.why}${fix}`;
}
