/** The options of `conngen lab`. */
import { LAB_DESCRIPTIONS } from '../../document/labs.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { accept, refuse, type Parsed } from '../../units/problem.ts';
import { NS_PER_DAY, NS_PER_MS, choiceParser, durationParser, parseSwitch } from '../../units/quantity.ts';
import { parseDirectory } from '../parsers.ts';
import { COMMON_OPTIONS, FORMAT_OPTIONS, SINK_OPTIONS } from './common.ts';
import { UI_OPTIONS } from './ui.ts';

const LAB_NAMES = LAB_DESCRIPTIONS.map(({ name }) => name);

function parsePattern(text: string): Parsed<string> {
  return text.trim() === '' ? refuse("a pattern such as 'async/*' or '!*/1'") : accept(text.trim());
}

const LAB_ONLY = {
  name: {
    parse: choiceParser(LAB_NAMES),
    value: 'NAME',
    positional: true,
    group: GROUPS.cells,
    isCommon: true,
    help: `the experiment: ${LAB_NAMES.join(', ')}`,
    words: Object.fromEntries(LAB_DESCRIPTIONS.map(({ name, title }) => [name, title])),
  },
  only: {
    parse: parsePattern,
    value: 'PATTERN',
    repeatable: true,
    group: GROUPS.cells,
    isCommon: true,
    help: "run only cells whose name matches, such as 'async/*'; '!PATTERN' leaves cells out; repeatable",
  },
  list: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.cells,
    isCommon: true,
    help: 'print the cells and how long they take, and run none',
  },
  quick: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.cells,
    isCommon: true,
    help: 'run fewer cells, and each for a shorter time',
  },
  duration: {
    parse: durationParser({ min: NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    defaultHelp: "the lab's own",
    alias: ['d'],
    group: GROUPS.cellTimes,
    isCommon: true,
    help: 'measured time of each cell',
  },
  warmup: {
    parse: durationParser({ min: 0, max: NS_PER_DAY }),
    value: 'TIME',
    defaultHelp: "the lab's own",
    group: GROUPS.cellTimes,
    isCommon: true,
    help: 'time of each cell before it is measured',
  },
  settle: {
    parse: durationParser({ min: 0, max: NS_PER_DAY }),
    value: 'TIME',
    defaultHelp: "the lab's own",
    group: GROUPS.cellTimes,
    isCommon: true,
    help: 'pause before each cell',
  },
  out: {
    parse: parseDirectory,
    value: 'DIR',
    defaultHelp: 'a new one, named after the lab and the time',
    group: GROUPS.output,
    isCommon: true,
    help: 'directory for cells.csv, lab.json and the plots; must be empty or not exist',
    replaces: () => ['resume'],
  },
  resume: {
    parse: parseDirectory,
    value: 'DIR',
    group: GROUPS.output,
    isCommon: true,
    help: 'continue an interrupted lab in DIR; cells that are done are skipped',
    replaces: () => ['out'],
  },
} as const satisfies OptionTable;

export const LAB_OPTIONS = {
  ...LAB_ONLY,
  ...FORMAT_OPTIONS,
  json: {
    ...COMMON_OPTIONS.json,
    help: 'write the result as JSON here too; - writes it to stdout in place of the text',
  },
  // A lab tells cells and no seconds, so only what tells cells is there.
  stream: {
    ...SINK_OPTIONS.stream,
    help: 'write every cell as a line of JSON when it ends; - writes to stdout in place of the text',
  },
  ...UI_OPTIONS,
  quiet: COMMON_OPTIONS.quiet,
  config: COMMON_OPTIONS.config,
} as const satisfies OptionTable;
