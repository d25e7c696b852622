/** Whether runs can be compared at all: what stands against it, and what differs without standing against it. */
import { createHash } from 'node:crypto';
import type { Verdict, VerdictReason, VerdictStatus } from '../document/common.ts';
import { kindOf, type Document, type DocumentOf } from '../document/read.ts';
import type { Problem } from '../units/problem.ts';

/** A result that can be compared. */
export type Comparable = DocumentOf<'client' | 'rtt' | 'search' | 'saturate'>;

/** A result, and what it is called in messages. */
export interface NamedResult<T extends Document = Document> {
  readonly file: string;
  readonly document: T;
}

/** Something against a comparison. */
export interface Objection extends Problem {
  /** `--force` compares all the same. */
  readonly isForcible: boolean;
}

const KINDS: readonly string[] = ['client', 'rtt', 'search', 'saturate'];

export function isComparable(result: NamedResult): result is NamedResult<Comparable> {
  return KINDS.includes(kindOf(result.document));
}

/** Returns what is wrong with the kinds of the results: only the same kind can be compared, and it needs figures. */
export function kindObjections(results: readonly NamedResult[]): Objection[] {
  const unfit = results.filter((result) => !isComparable(result));
  if (unfit.length > 0) {
    const expected = 'a result of client, rtt, search or saturate';
    return unfit.map(({ file, document }) => ({ option: file, got: document.schema, expected, isForcible: false }));
  }
  const [first, ...rest] = results;
  return rest
    .filter(({ document }) => document.schema !== first?.document.schema)
    .map(({ file, document }) => {
      const expected = `${first?.document.schema}, as in ${first?.file}: only results of one kind can be compared`;
      return { option: file, got: document.schema, expected, isForcible: false };
    });
}

/** Returns an objection for each result whose content another one has as well. */
export function twinObjections(results: readonly NamedResult[]): Objection[] {
  const seen = new Map<string, string>();
  return results.flatMap(({ file, document }) => {
    const content = createHash('sha256').update(JSON.stringify(document)).digest('hex');
    const twin = seen.get(content);
    seen.set(content, twin ?? file);
    if (twin === undefined) return [];
    const expected = `another run than ${twin}, which has the same content: a run compared with itself shows nothing`;
    return [{ option: file, got: file, expected, isForcible: true }];
  });
}

/** Returns an objection for each run whose figures are not those of the target. */
export function verdictObjections(results: readonly NamedResult<Comparable>[]): Objection[] {
  return results.flatMap(({ file, document }) => {
    const fault = faultOf(document);
    if (fault === null) return [];
    const { where, status, reason } = fault;
    const why = reason === undefined ? '' : ` (${reason.code})`;
    const expected = `valid: these figures are not those of the target${why}`;
    return [{ option: `${file}: ${where}`, got: status, expected, isForcible: true }];
  });
}

interface Fault {
  readonly where: string;
  readonly status: string;
  readonly reason?: Pick<VerdictReason, 'code'> | undefined;
}

/** The worst of a run's rounds, or of its answers. */
function faultOf(document: Comparable): Fault | null {
  switch (document.schema) {
    case 'conngen.saturate/1': {
      const { stopped_by: status, limited_by: reason } = document;
      return status === 'generator_limited' ? { where: 'stopped_by', status, reason: reason ?? undefined } : null;
    }
    case 'conngen.search/1': {
      const index = document.goals.findIndex(({ status }) => status === 'generator_limited');
      const goal = document.goals[index];
      if (goal === undefined) return null;
      return { where: `goals[${index}].status`, status: goal.status, reason: goal.limited_by ?? undefined };
    }
    default: {
      const verdicts: readonly Verdict[] = document.rounds.map(({ verdict }) => verdict);
      const index = verdicts.findIndex(({ status }) => status !== 'valid');
      const verdict = verdicts[index];
      if (verdict === undefined) return null;
      return { where: `rounds[${index}].verdict`, status: verdict.status, reason: verdict.reasons[0] };
    }
  }
}

/** Returns the worst verdict of a run's rounds; null where its kind of result has none of its own. */
export function worstVerdict(document: Comparable): VerdictStatus | null {
  if (!('rounds' in document)) return null;
  const order: readonly VerdictStatus[] = ['invalid', 'generator_limited', 'valid'];
  const found = document.rounds.map(({ verdict }) => verdict.status);
  return order.find((status) => found.includes(status)) ?? null;
}

/** The keys of `config` in which runs may differ: they change no figure, or show what the machine had. */
const SOFT_KEYS: ReadonlySet<string> = new Set([
  'address',
  'sources',
  'source_ports',
  'freebind',
  'cooldown_sec',
  'max_in_flight',
  'payload_file',
  'payload_files',
  'spill_directory',
  'histograms',
  'samples',
  'max_time_sec',
  'fail_if',
  'allow_generator_limited',
]);
/** Keys of `config` whose difference says nothing: nothing is measured by them. */
const SILENT_KEYS: ReadonlySet<string> = new Set(['fail_if', 'allow_generator_limited', 'histograms', 'samples']);

const SYSTEM_KEYS = ['kernel', 'node', 'cpus', 'workers'] as const;

/** What differs between two runs. */
interface Difference {
  readonly key: string;
  readonly base: string;
  readonly other: string;
  /** The first file that differs so, and how many do. */
  readonly file: string;
  readonly count: number;
}

/** Returns the differences of the plans that stand against a comparison, and a sentence for each of the others. */
export function planDifferences(results: readonly NamedResult<Comparable>[]): {
  readonly objections: Objection[];
  readonly warnings: string[];
} {
  const [first, ...rest] = results;
  if (first === undefined) return { objections: [], warnings: [] };
  const found = new Map<string, Difference>();
  for (const result of rest) {
    for (const [key, base, other] of differingKeys(first.document, result.document)) {
      const name = JSON.stringify([key, other]);
      const known = found.get(name);
      found.set(name, { key, base, other, file: known?.file ?? result.file, count: (known?.count ?? 0) + 1 });
    }
  }
  const objections: Objection[] = [];
  const warnings: string[] = [];
  for (const { key, base, other, file, count } of found.values()) {
    const also = count > 1 ? ` and ${count - 1} more` : '';
    if (isHard(key)) {
      const expected = `${base}, as in ${first.file}`;
      objections.push({ option: `${file}${also}: ${key}`, got: other, expected, isForcible: true });
    } else warnings.push(`${key} is ${base} in ${first.file} and ${other} in ${file}${also}`);
  }
  return { objections, warnings };
}

function isHard(key: string): boolean {
  return key.startsWith('config.') ? !SOFT_KEYS.has(key.slice('config.'.length)) : key === 'system.engine';
}

function differingKeys(base: Comparable, other: Comparable): (readonly [key: string, base: string, other: string])[] {
  const found: (readonly [string, string, string])[] = [];
  const hold = (key: string, ours: unknown, theirs: unknown): void => {
    const [a, b] = [shown(ours), shown(theirs)];
    if (a !== b) found.push([key, a, b]);
  };
  hold('conngen', base.conngen, other.conngen);
  for (const key of SYSTEM_KEYS) hold(`system.${key}`, valueAt(base.system, key), valueAt(other.system, key));
  hold('system.engine', base.system.engine, other.system.engine);
  const keys = new Set([...Object.keys(base.config), ...Object.keys(other.config)]);
  for (const key of keys) {
    if (SILENT_KEYS.has(key)) continue;
    // What `auto` chose is what was used: the same engine by another word is no difference.
    if (key === 'engine' && base.system.engine === other.system.engine) continue;
    hold(`config.${key}`, valueAt(base.config, key), valueAt(other.config, key));
  }
  return found;
}

/** The options of a side that has not run yet. */
export interface NamedConfig {
  readonly file: string;
  readonly config: object;
}

/** Returns the differences of two plans that would stand against a comparison of their runs. */
export function configObjections(base: NamedConfig, next: NamedConfig): Objection[] {
  const keys = [...new Set([...Object.keys(base.config), ...Object.keys(next.config)])];
  return keys.flatMap((key) => {
    const [ours, theirs] = [shown(valueAt(base.config, key)), shown(valueAt(next.config, key))];
    if (ours === theirs || !isHard(`config.${key}`)) return [];
    const expected = `${ours}, as in ${base.file} (--force compares all the same)`;
    return [{ option: `${next.file}: ${key}`, got: theirs, expected, isForcible: true }];
  });
}

function valueAt(object: object, key: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[key];
}

function shown(value: unknown): string {
  return value === undefined ? 'not there' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns a sentence for each run that did not go to its end. */
export function endWarnings(results: readonly NamedResult<Comparable>[]): string[] {
  return results.flatMap(({ file, document: { interrupted, error } }) => [
    ...(interrupted === true ? [`${file} was ended early by a signal`] : []),
    ...(error === undefined ? [] : [`${file} broke off: ${error.message} (${error.code})`]),
  ]);
}
