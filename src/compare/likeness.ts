/** Whether runs can be compared at all: what stands against it, and what differs without standing against it. */
import { createHash } from 'node:crypto';
import type { Verdict, VerdictReason, VerdictStatus } from '../document/common.ts';
import { kindOf, type Document, type DocumentOf } from '../document/read.ts';
import { nameFiles, runsIn } from '../units/file-list.ts';
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
  /** The same as a sentence of a report that was forced. */
  readonly told: string;
}

/** Values by a key, in the order in which the keys come first. */
function grouped<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return [...groups.values()];
}

const filesOf = (results: readonly { readonly file: string }[]): string[] => results.map(({ file }) => file);

const KINDS: readonly string[] = ['client', 'rtt', 'search', 'saturate'];

export function isComparable(result: NamedResult): result is NamedResult<Comparable> {
  return KINDS.includes(kindOf(result.document));
}

/** Returns what is wrong with the kinds of the results: only the same kind can be compared, and it needs figures. */
export function kindObjections(results: readonly NamedResult[]): Problem[] {
  const unfit = results.filter((result) => !isComparable(result));
  const [first, ...rest] = results;
  const expected =
    unfit.length > 0
      ? 'a result of client, rtt, search or saturate'
      : `${first?.document.schema}, as in ${first?.file}: only results of one kind can be compared`;
  const wrong = unfit.length > 0 ? unfit : rest.filter(({ document }) => document.schema !== first?.document.schema);
  return grouped(wrong, ({ document }) => document.schema).map((group) => ({
    option: runsIn(filesOf(group)),
    got: group[0]!.document.schema,
    expected,
  }));
}

/** Returns an objection to the results whose content another one has as well. */
export function twinObjections(results: readonly NamedResult[]): Objection[] {
  const seen = new Map<string, string>();
  const twins = results.flatMap(({ file, document }) => {
    const content = createHash('sha256').update(JSON.stringify(document)).digest('hex');
    const twin = seen.get(content);
    seen.set(content, twin ?? file);
    return twin === undefined ? [] : [{ file, twin }];
  });
  const [first] = twins;
  if (first === undefined) return [];
  const why = 'a run compared with itself shows nothing';
  const [file, of] = [runsIn(filesOf(twins)), nameFiles([...new Set(twins.map(({ twin }) => twin))])];
  const isOne = twins.length === 1;
  return [
    {
      option: file,
      got: isOne ? file : nameFiles(filesOf(twins)),
      expected: isOne
        ? `another run than ${of}, which has the same content: ${why}`
        : `other runs than ${of}, which have the same content: ${why}`,
      told: `${file} ${isOne ? 'has' : 'have'} the same content as ${of}: ${why}`,
    },
  ];
}

/** Returns an objection to the runs whose figures are not those of the target, one for each verdict. */
export function verdictObjections(results: readonly NamedResult<Comparable>[]): Objection[] {
  const faults = results.flatMap(({ file, document }) => {
    const fault = faultOf(document);
    return fault === null ? [] : [{ file, ...fault }];
  });
  return grouped(faults, ({ status }) => status).map((group) => {
    const [{ where, status }] = group as [Fault & { readonly file: string }];
    const codes = [...new Set(group.flatMap(({ reason }) => reason?.code ?? []))];
    const why = codes.length === 0 ? '' : ` (${codes.join(', ')})`;
    const files = filesOf(group);
    const isAlike = group.every((each) => each.where === where);
    const key = isAlike ? where : where.replace(/\[\d+\]/, '[]');
    const told =
      files.length === 1
        ? `${files[0]!} is ${status}${why}: its figures are not those of the target`
        : `${files.length} runs are ${status}${why}: their figures are not those of the target (${nameFiles(files)})`;
    const expected = `valid: these figures are not those of the target${why}`;
    return { option: `${runsIn(files)}: ${key}`, got: status, expected, told };
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
  'interface',
  'gateway',
  'vlan',
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
/** Keys of `config` whose difference says nothing: nothing is measured by them. Which agents measured is in `fleet`. */
const SILENT_KEYS: ReadonlySet<string> = new Set([
  'fail_if',
  'allow_generator_limited',
  'histograms',
  'samples',
  'fleet',
]);

/** Other keys in which runs may not differ: what measured. */
const HARD_KEYS: ReadonlySet<string> = new Set(['system.engine', 'fleet.agents']);

const SYSTEM_KEYS = ['kernel', 'node', 'cpus', 'workers'] as const;

/** What differs between the first run and others. */
interface Difference {
  readonly key: string;
  readonly base: string;
  readonly other: string;
  readonly file: string;
}

/** Up to this number of other values, each has a line of its own. */
const VALUES_APART = 2;

/** Returns the differences of the plans that stand against a comparison, and a sentence for each of the others. */
export function planDifferences(results: readonly NamedResult<Comparable>[]): {
  readonly objections: Objection[];
  readonly warnings: string[];
} {
  const [first, ...rest] = results;
  if (first === undefined) return { objections: [], warnings: [] };
  const found = rest.flatMap(({ file, document }) =>
    differingKeys(first.document, document).map(([key, base, other]): Difference => ({ key, base, other, file })),
  );
  const objections: Objection[] = [];
  const warnings: string[] = [];
  const lines = grouped(found, ({ key }) => key).flatMap((ofKey) => {
    const byValue = grouped(ofKey, ({ other }) => other);
    return byValue.length > VALUES_APART ? [ofKey] : byValue;
  });
  for (const group of lines) {
    const [{ key, base, other, file }] = group as [Difference];
    const values = [...new Set(group.map((each) => each.other))];
    const got = values.length === 1 ? other : nameFiles(values);
    const where =
      values.length > 1 ? `${group.length} others` : group.length > 1 ? `${file} and ${group.length - 1} more` : file;
    const told = `${key} is ${base} in ${first.file} and ${got} in ${where}`;
    if (isHard(key))
      objections.push({ option: `${where}: ${key}`, got, expected: `${base}, as in ${first.file}`, told });
    else warnings.push(told);
  }
  return { objections, warnings };
}

function isHard(key: string): boolean {
  return key.startsWith('config.') ? !SOFT_KEYS.has(key.slice('config.'.length)) : HARD_KEYS.has(key);
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
  hold('fleet.agents', agentsOf(base), agentsOf(other));
  for (const { name, system } of base.fleet?.agents ?? []) {
    const same = other.fleet?.agents.find((agent) => agent.name === name);
    if (same === undefined) continue;
    for (const key of SYSTEM_KEYS) hold(`fleet.${name}.${key}`, valueAt(system, key), valueAt(same.system, key));
  }
  const keys = new Set([...Object.keys(base.config), ...Object.keys(other.config)]);
  for (const key of keys) {
    if (SILENT_KEYS.has(key)) continue;
    // What `auto` chose is what was used: the same engine by another word is no difference.
    if (key === 'engine' && base.system.engine === other.system.engine) continue;
    hold(`config.${key}`, valueAt(base.config, key), valueAt(other.config, key));
  }
  return found;
}

/** The agents with their shares, in the order of their names; undefined where one machine measured. */
function agentsOf({ fleet }: Comparable): string | undefined {
  const percent = (share: number): string => `${String(Math.round(share * 1000) / 10)}%`;
  return fleet?.agents
    .map(({ name, share }) => `${name} (${percent(share)})`)
    .toSorted()
    .join(', ');
}

/** The options of a side that has not run yet. */
export interface NamedConfig {
  readonly file: string;
  readonly config: object;
}

/** Keys whose values are lists of what is compared one by one: without a common entry nothing can be compared. */
const COMPARED_KEYS: ReadonlySet<string> = new Set(['rates_per_sec', 'goals', 'quantities']);

/** Returns the differences of two plans that would stand against a comparison of their runs, less those that `isForced` overrules. */
export function configObjections(base: NamedConfig, next: NamedConfig, isForced: boolean): Problem[] {
  const keys = [...new Set([...Object.keys(base.config), ...Object.keys(next.config)])];
  return keys.flatMap((key) => {
    const [ours, theirs] = [valueAt(base.config, key), valueAt(next.config, key)];
    if (shown(ours) === shown(theirs) || !isHard(`config.${key}`)) return [];
    const isHopeless = COMPARED_KEYS.has(key) && !haveCommon(ours, theirs);
    if (isForced && !isHopeless) return [];
    const expected = isHopeless
      ? `one of ${shown(ours)}, as in ${base.file}: there would be nothing to compare`
      : `${shown(ours)}, as in ${base.file} (--force compares all the same)`;
    return [{ option: `${next.file}: ${key}`, got: shown(theirs), expected }];
  });
}

function haveCommon(ours: unknown, theirs: unknown): boolean {
  if (!Array.isArray(ours) || !Array.isArray(theirs)) return false;
  const found = new Set(ours.map((each) => JSON.stringify(each)));
  return theirs.some((each) => found.has(JSON.stringify(each)));
}

function valueAt(object: object, key: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[key];
}

function shown(value: unknown): string {
  return value === undefined ? 'not there' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns sentences about runs that did not go to their end, one for each reason. */
export function endWarnings(results: readonly NamedResult<Comparable>[]): string[] {
  const ends = results.flatMap(({ file, document: { interrupted, error } }) => [
    ...(interrupted === true
      ? [{ file, one: 'was ended early by a signal', many: 'were ended early by a signal' }]
      : []),
    ...(error === undefined ? [] : [{ file, one: `broke off: ${error.message} (${error.code})`, many: '' }]),
  ]);
  return grouped(ends, ({ one }) => one).map((group) => {
    const [{ file, one, many }] = group as [(typeof ends)[number]];
    if (group.length === 1) return `${file} ${one}`;
    return `${runsIn(filesOf(group))} ${many === '' ? one : many}`;
  });
}
