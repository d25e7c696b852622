/** The options that several commands have. */
import { parseCriterion } from '../../judge/criterion.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionSpec, OptionTable } from '../../units/option.ts';
import { choiceParser, parseSwitch } from '../../units/quantity.ts';
import { DOCUMENT_FORMATS, FORMAT_NAMES, type FormatName } from '../../document/formats.ts';
import { ENGINE_NAMES, traitsOf, type AnyEngineName, type EngineChoice } from '../../plan/engines.ts';
import { SINKS, SINK_NAMES, type SinkName, type SinkRow } from '../../run/sinks/table.ts';
import { parseFileName, parseJsonFile, parseRecordFile } from '../parsers.ts';

type FormatOptions = Readonly<Record<FormatName, OptionSpec<string> & { readonly isCommon: true }>>;

/** One option for each format of results. */
export const FORMAT_OPTIONS = Object.fromEntries(
  FORMAT_NAMES.map((name) => [
    name,
    { parse: parseJsonFile, value: 'FILE', group: GROUPS.output, isCommon: true, help: DOCUMENT_FORMATS[name].help },
  ]),
) as FormatOptions;

/** Results that a command reads, without the sentence that says which. */
export const RESULT_FILES = {
  parse: parseFileName,
  value: 'FILE',
  positional: true,
  repeatable: true,
  group: GROUPS.output,
  isCommon: true,
} as const;

/** What each engine is, and `auto`. */
export function engineWords(names: readonly AnyEngineName[]): Readonly<Record<string, string>> {
  return {
    auto: 'the first that works here',
    ...Object.fromEntries(names.map((name) => [name, traitsOf(name).about])),
  };
}

export const COMMON_OPTIONS = {
  engine: {
    parse: choiceParser<EngineChoice>(['auto', ...ENGINE_NAMES]),
    value: 'NAME',
    default: 'auto',
    group: GROUPS.generator,
    isCommon: true,
    help: `I/O engine: ${ENGINE_NAMES.join(', ')}; auto takes the first that works here`,
    words: engineWords(ENGINE_NAMES),
  },
  ...FORMAT_OPTIONS,
  quiet: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['q'],
    group: GROUPS.output,
    isCommon: true,
    help: 'show only warnings and the result',
    replaces: (isQuiet: boolean) => (isQuiet ? ['ui'] : []),
  },
  config: {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.output,
    isCommon: true,
    help: 'read options from a JSON file; flags and CONNGEN_* variables override it',
    details:
      'The file holds one object whose keys are names of options, such as {"rate": ["1k", "2k"], "duration": "5s"}. Values are texts or ' +
      'numbers as on the command line, true for a switch, and a list for an option that may be repeated.',
  },
} as const satisfies OptionTable;

/** What makes a run a failure for a script; the same wherever rounds are run. */
export const THRESHOLD_OPTIONS = {
  'fail-if': {
    parse: parseCriterion,
    value: 'CRITERION',
    repeatable: true,
    group: GROUPS.passOrFail,
    isCommon: true,
    help: "exit 99 if true in any round: 'p99(total)>20ms', 'failures>0.1%'; repeatable",
    details:
      'A criterion is a figure, a comparison (<, <=, > or >=) and a value: p99(total)>20ms, failures>0.1%, rate(completed)<9900. A round that ' +
      'this machine limited fails too, unless --allow-generator-limited is given.',
  },
  'allow-generator-limited': {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.passOrFail,
    help: 'with --fail-if, accept rounds that this machine limited',
  },
} as const satisfies OptionTable;

/** What the result of a run of rounds holds beside its figures. */
export const RESULT_OPTIONS = {
  histograms: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.output,
    help: 'put the histograms of every round and interval into the result, for compare and for other tools',
    details:
      'Each is a V2 compressed HdrHistogram in base64, as in a line of --stream. An interval takes about 4 KB more of the JSON at ' +
      '1,000/s, and encoding it a few ms of the main thread; pacing threads do nothing for it.',
  },
} as const satisfies OptionTable;

/** The options of sinks, from their own table. */
export const SINK_OPTIONS = Object.fromEntries(
  SINK_NAMES.map((name): [SinkName, OptionSpec<string>] => {
    const { help, details, isCommon, mayBeStdout }: SinkRow = SINKS[name];
    const parse = mayBeStdout ? parseJsonFile : parseRecordFile;
    const spec = { parse, value: 'FILE', group: GROUPS.output, help };
    return [name, { ...spec, ...(details !== undefined && { details }), ...(isCommon === true && { isCommon }) }];
  }),
) as Readonly<Record<SinkName, OptionSpec<string>>>;

/** Returns a table without the options of these names. */
export function without<T extends object, K extends keyof T & string>(table: T, names: readonly K[]): Omit<T, K> {
  const kept = Object.entries(table).filter(([name]) => !names.some((each) => each === name));
  return Object.fromEntries(kept) as Omit<T, K>;
}
