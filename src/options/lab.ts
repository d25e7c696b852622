/** The options that only `conngen lab` has; a part of the option table. */
import { LAB_DESCRIPTIONS } from '../document/labs.ts';
import { accept, refuse, type Parsed } from '../units/problem.ts';
import { NS_PER_DAY, NS_PER_MS, choiceParser, durationParser, parseSwitch } from '../units/quantity.ts';

const WHICH = 'Which cells';
const HOW_LONG = 'How long';
const WHERE = 'Output and settings';

function parseDirectory(text: string): Parsed<string> {
  return text === '' || text.includes('\0') ? refuse('the name of a directory') : accept(text);
}

function parsePattern(text: string): Parsed<string> {
  return text.trim() === '' ? refuse("a pattern such as 'async/*' or '!*/1'") : accept(text.trim());
}

export const LAB_OWN_OPTIONS = {
  name: {
    parse: choiceParser(LAB_DESCRIPTIONS.map(({ name }) => name)),
    value: 'NAME',
    positional: true,
    group: WHICH,
    help: `the experiment: ${LAB_DESCRIPTIONS.map(({ name }) => name).join(', ')}`,
  },
  only: {
    parse: parsePattern,
    value: 'PATTERN',
    repeatable: true,
    group: WHICH,
    help: "cells whose name matches, such as 'async/*'; with ! in front, cells to leave out; repeatable",
  },
  list: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: WHICH,
    help: 'print the cells and how long they take, and run none',
  },
  quick: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: HOW_LONG,
    help: 'a short look: fewer cells, and less time for each',
  },
  duration: {
    parse: durationParser({ min: NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    defaultHelp: "the lab's own",
    alias: ['d'],
    group: HOW_LONG,
    help: 'of each cell, measured',
  },
  warmup: {
    parse: durationParser({ min: 0, max: NS_PER_DAY }),
    value: 'TIME',
    defaultHelp: "the lab's own",
    group: HOW_LONG,
    help: 'of each cell, not measured',
  },
  settle: {
    parse: durationParser({ min: 0, max: NS_PER_DAY }),
    value: 'TIME',
    defaultHelp: "the lab's own",
    group: HOW_LONG,
    help: 'pause before each cell',
  },
  out: {
    parse: parseDirectory,
    value: 'DIR',
    defaultHelp: 'a new one, named after the lab and the time',
    group: WHERE,
    help: 'directory for cells.csv, lab.json and the plots; empty, or not there yet',
    replaces: () => ['resume'],
  },
  resume: {
    parse: parseDirectory,
    value: 'DIR',
    group: WHERE,
    help: 'go on in the directory of a lab that was interrupted: cells that are done are skipped',
    replaces: () => ['out'],
  },
} as const;
