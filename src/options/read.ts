/** Reads options from the command line, the environment and a file into the input of a plan, and collects every problem. */
import { ORIGINS, refuse, type Given, type Origin, type Parsed, type Problem } from '../units/problem.ts';
import { ENV_PREFIX, envName, wordsFor } from './names.ts';
import type { InputOf, OptionSpec, OptionTable } from '../units/option.ts';
import { meantOption } from './meanings.ts';
import { HIDDEN, secretFlag, shownUnknown } from './secrets.ts';
import { didYouMean, nearest } from './suggest.ts';

/** What the command line and the environment hold, unparsed. */
export interface RawInput {
  /** The command, for messages: `conngen client`. */
  readonly command: string;
  /** Every text that was given, by the full name of the option. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** What was given without a name, beyond the table's positional. */
  readonly extra: readonly string[];
  /** How many of the texts of the positional option stood behind `--`; undefined without a `--`. */
  readonly behind?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the file of `--config` holds (`loadConfig`), where there is one. */
  readonly config?: Parsed<string> | undefined;
  /** What a program gives, by the names of `--config`. */
  readonly values?: object;
  /** The tables of other commands, whose variables may be set as well. */
  readonly others?: readonly OptionTable[];
}

/** An input that was read. */
export interface ReadInput<Input> {
  /** Complete even where there are problems: a default stands in for what could not be read. */
  readonly input: Input;
  readonly problems: readonly Problem[];
  /** What is odd and no problem. */
  readonly warnings: readonly string[];
}

export type ReadOptions<Table extends OptionTable> = ReadInput<InputOf<Table>>;

/** What one place says of one option. */
interface Saying {
  readonly origin: Origin;
  readonly label: string;
  readonly texts: readonly string[];
  /** Set where it cannot even be parsed: a problem, unless a stronger place has something else to say. */
  readonly problem?: Problem;
  /** The texts may be the rest of a secret that the shell has split. */
  readonly isHidden?: boolean;
}

type Sayings = Map<string, Saying>;

/** Reads a table: a flag beats the environment, the environment beats the file, the file beats the default. */
export function readOptions<Table extends OptionTable>(table: Table, raw: RawInput): ReadOptions<Table> {
  const problems: Problem[] = [];
  const flags = readFlags(table, raw, problems);
  const { environment, warnings } = readEnvironment(table, raw);
  const file =
    raw.values === undefined
      ? readFile(table, raw, (flags.get('config') ?? environment.get('config'))?.texts[0], problems)
      : readValues(table, raw, raw.values, '', problems);
  // The strongest place of each option.
  const sayings: Sayings = new Map([...file, ...environment, ...flags]);
  for (const name of replacedBy(table, sayings)) sayings.delete(name);
  const input: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    const saying = sayings.get(name);
    const given = saying === undefined ? [] : parseAll(spec, saying, problems);
    const values = given.length > 0 ? given : defaultOf(name, spec);
    input[name] = spec.repeatable === true ? values : values[0];
  }
  // The one place where the table's types and its values meet.
  return { input: input as InputOf<Table>, problems, warnings };
}

/** Options whose value comes from a weaker place than that of an option which stands instead of them. */
function replacedBy(table: OptionTable, sayings: Sayings): string[] {
  const strength = ({ origin }: Saying): number => ORIGINS.indexOf(origin);
  return [...sayings].flatMap(([name, saying]) => {
    const spec = table[name];
    const [text] = saying.texts;
    if (spec?.replaces === undefined || text === undefined) return [];
    const parsed = spec.parse(text);
    if (!parsed.ok) return [];
    return spec.replaces(parsed.value).filter((other) => {
      const weaker = sayings.get(other);
      return weaker !== undefined && strength(weaker) < strength(saying);
    });
  });
}

function parseAll(spec: OptionSpec, saying: Saying, problems: Problem[]): Given<unknown>[] {
  const { label, texts, origin, problem, isHidden = false } = saying;
  if (problem !== undefined) {
    problems.push(problem);
    return [];
  }
  if (texts.length > 1 && spec.repeatable !== true) {
    problems.push({ option: label, got: texts.map((text) => shownText(spec, text)).join(', '), expected: 'it once' });
    return [];
  }
  const given: Given<unknown>[] = [];
  for (const text of texts) {
    const parsed = spec.parse(text);
    const shown = isHidden ? HIDDEN : shownText(spec, text);
    const isBare = spec.isSwitch === true && origin === 'flag' && text === 'true';
    if (parsed.ok) given.push({ value: parsed.value, text: shown, label, origin, ...(isBare ? { isBare } : {}) });
    else problems.push({ option: label, got: text === '' ? null : shown, expected: parsed.expected });
  }
  return given;
}

function shownText({ masked }: OptionSpec, text: string): string {
  return masked === undefined ? text : masked(text);
}

/** What a message shows of the value of an option that the command does not have. Another command may have it. */
function shownForeign(name: string, text: string, others: readonly OptionTable[] = []): string {
  const spec = others.find((table) => Object.hasOwn(table, name))?.[name];
  return spec?.masked === undefined ? shownUnknown(name, text) : spec.masked(text);
}

function defaultOf(name: string, spec: OptionSpec): Given<unknown>[] {
  if (spec.default === undefined) return [];
  const texts = spec.repeatable === true ? spec.default.split(',') : [spec.default];
  return texts.map((text) => {
    const parsed = spec.parse(text);
    if (!parsed.ok) throw new Error(`the default of ${name} does not fit its own parser: ${parsed.expected}`);
    return { value: parsed.value, text, label: `--${name}`, origin: ORIGINS[0] };
  });
}

function flagNames(table: OptionTable): string[] {
  return Object.entries(table)
    .filter(([, spec]) => spec.positional !== true)
    .flatMap(([name, spec]) => [name, ...(spec.alias ?? [])])
    .map((name) => (name.length === 1 ? `-${name}` : `--${name}`));
}

function readFlags(table: OptionTable, raw: RawInput, problems: Problem[]): Sayings {
  const sayings: Sayings = new Map();
  const secret = secretFlag(raw.flags);
  for (const [name, texts] of raw.flags) {
    const spec = Object.hasOwn(table, name) ? table[name] : undefined;
    if (spec === undefined) {
      const flag = name.length === 1 ? `-${name}` : `--${name}`;
      const meant = meantOption(flag, table) ?? didYouMean(flag, [...flagNames(table), '--help']);
      const expected = `an option of ${raw.command}${meant}`;
      problems.push({
        option: flag,
        // Without a value it is read as a switch.
        got: texts.every((text) => text === '' || text === 'true')
          ? flag
          : texts.map((text) => shownForeign(name, text, raw.others)).join(', '),
        expected,
      });
    } else {
      const isHidden = spec.positional === true && secret !== undefined && (raw.extra.length > 0 || secret.isCut);
      sayings.set(name, { origin: 'flag', label: spec.positional === true ? name : `--${name}`, texts, isHidden });
    }
  }
  for (const text of raw.extra) {
    // Without quotes, the shell splits 'Authorization=Bearer TOKEN' in two.
    const got = secret === undefined ? text : HIDDEN;
    const quotes = secret === undefined ? '' : `; the value of ${secret.flag} needs quotes if it has spaces`;
    // hey and others have their rate there.
    const quiet = table['quiet']?.alias?.includes('q') === true && sayings.has('quiet') && /^\d/.test(text);
    const rate = quiet && Object.hasOwn(table, 'rate') ? '; -q is --quiet here, a rate is --rate' : '';
    problems.push({ option: 'argument', got, expected: `no further argument${quotes}${rate}` });
  }
  return sayings;
}

function readEnvironment(table: OptionTable, raw: RawInput): { environment: Sayings; warnings: string[] } {
  const environment: Sayings = new Map();
  // Set and empty is how a shell script says "not set".
  const given = Object.entries(raw.env).filter(
    (entry): entry is [string, string] => entry[0].startsWith(ENV_PREFIX) && (entry[1] ?? '') !== '',
  );
  if (given.length === 0) return { environment, warnings: [] };
  const byVariable = new Map(
    Object.entries(table).flatMap(([name, spec]) =>
      wordsFor(name, spec).map((word) => [envName(word), { name, spec }]),
    ),
  );
  const known = [table, ...(raw.others ?? [])].flatMap((each) =>
    Object.entries(each).flatMap(([name, spec]) => wordsFor(name, spec).map(envName)),
  );
  const warnings: string[] = [];
  const links: string[] = [];
  for (const [variable, text] of given) {
    if (isServiceLink(variable, text)) {
      links.push(variable);
      continue;
    }
    const option = byVariable.get(variable);
    const same = option === undefined ? undefined : environment.get(option.name);
    if (option !== undefined && same !== undefined) {
      const got = shownText(option.spec, text);
      const problem = { option: variable, got, expected: `to be left out beside ${same.label}` };
      environment.set(option.name, { ...same, problem });
    } else if (option !== undefined) {
      const texts = option.spec.repeatable === true ? text.split(',') : [text];
      environment.set(option.name, { origin: 'environment', label: variable, texts });
    } else if (!known.includes(variable)) {
      warnings.push(`${variable} is no option and has no effect${didYouMeanVariable(variable, known)}`);
    }
  }
  if (links.length > 0) warnings.push(linksRemark(links));
  return { environment, warnings };
}

/**
 * Orchestrators describe a service called `conngen`, or `conngen-…`, to every program beside it, in variables of these names
 * (Kubernetes: "Accessing the Service, environment variables"; Docker: legacy container links).
 */
const LINK_NAME = /_(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
/** The command that has the name of an option, and is recognised by its value. */
const LINK_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

function isServiceLink(variable: string, text: string): boolean {
  return LINK_NAME.test(variable) || (variable.endsWith('_PORT') && LINK_ADDRESS.test(text));
}

const LINKS_SHOWN = 2;

function linksRemark(links: readonly string[]): string {
  const more = links.length > LINKS_SHOWN ? ` and ${links.length - LINKS_SHOWN} more` : '';
  return `${links.slice(0, LINKS_SHOWN).join(', ')}${more}: service links of an orchestrator, not options; ignored`;
}

/** Compared without the prefix that all of them share, which would make any two look alike. */
function didYouMeanVariable(variable: string, known: readonly string[]): string {
  const bare = (name: string): string => name.slice(ENV_PREFIX.length);
  const found = nearest(bare(variable), known.map(bare));
  return found === null ? '' : `; did you mean ${ENV_PREFIX}${found}?`;
}

function readFile(table: OptionTable, raw: RawInput, path: string | undefined, problems: Problem[]): Sayings {
  if (path === undefined || path === '' || !Object.hasOwn(table, 'config')) return new Map();
  const content = parseJson(raw.config ?? refuse('a file that was read'));
  if ('expected' in content) {
    problems.push({ option: '--config', got: path, expected: content.expected });
    return new Map();
  }
  return readValues(table, raw, content.object, `${path}: `, problems);
}

/** Reads values by the names of options, with `-` or `_`. `source` stands before each name in a problem. */
function readValues(table: OptionTable, raw: RawInput, values: object, source: string, problems: Problem[]): Sayings {
  const sayings: Sayings = new Map();
  const options = Object.entries(table).filter(([name]) => name !== 'config');
  const nameOf = new Map(options.flatMap(([name, spec]) => wordsFor(name, spec).map((word) => [word, name])));
  for (const [key, value] of Object.entries(values)) {
    const word = key.replaceAll('_', '-');
    const label = `${source}${key}`;
    const name = nameOf.get(word) ?? word;
    const spec = nameOf.has(word) ? table[name] : undefined;
    const got = shownValue(value, (text) =>
      spec === undefined ? shownForeign(word, text, raw.others) : shownText(spec, text),
    );
    if (spec === undefined) {
      problems.push({
        option: label,
        got,
        expected: `an option of ${raw.command}${didYouMean(word, [...nameOf.keys()])}`,
      });
    } else if (sayings.has(name)) {
      problems.push({ option: label, got, expected: `it once; ${sayings.get(name)!.label} is there too` });
    } else {
      const read = textsOf(value, spec);
      const said = 'expected' in read ? { texts: [], problem: { option: label, got, ...read } } : read;
      sayings.set(name, { origin: 'file', label, ...said });
    }
  }
  return sayings;
}

function parseJson(text: Parsed<string>): { readonly object: object } | { readonly expected: string } {
  if (!text.ok) return text;
  try {
    const value: unknown = JSON.parse(withoutMark(text.value));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { object: value };
    return { expected: 'a file that holds one JSON object' };
  } catch (error) {
    return { expected: `a file of JSON (${syntaxProblem(error)})` };
  }
}

/** What JSON.parse says, without the excerpt of the file that Node puts into it: `, "{"otlp_hea"... is not valid JSON`. */
function syntaxProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');
}

/** Some editors begin a file with a byte-order mark, which JSON.parse does not take. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function textsOf(value: unknown, spec: OptionSpec): { readonly texts: string[] } | { readonly expected: string } {
  if (Array.isArray(value)) {
    if (spec.repeatable !== true) return { expected: 'one value, not a list' };
    if (value.length === 0) return { expected: 'at least one value' };
    const texts = value.map(textOf);
    return texts.every((text) => text !== null) ? { texts } : { expected: 'a list of texts and numbers' };
  }
  const text = textOf(value);
  return text === null ? { expected: 'a text or a number' } : { texts: [text] };
}

/** What a problem shows of a value of a file or a program. It is quoted there: texts have no quotes of their own. */
export function shownOf(value: unknown): string {
  return shownValue(value, (text) => text);
}

/** The same where `shown` says what of a text may be seen. */
export function shownValue(value: unknown, shown: (text: string) => string): string {
  if (Array.isArray(value)) return `[${value.map((each) => shownValue(each, shown)).join(', ')}]`;
  return shown(textOf(value) ?? jsonOf(value) ?? `a value of type ${typeof value}`);
}

/** Undefined for what JSON has no form of: functions, and objects that hold themselves. A program can give those. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | null {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : null;
}
