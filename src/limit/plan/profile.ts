/** The options of `search`, with those of a profile where the user gives none. */
import type { SearchInput } from './search.ts';
import { deviationsFrom, profileDefaults } from '../../plan/profiles.ts';
import { SEARCH_OPTIONS } from '../../options/tables/search.ts';
import type { InputOf, OptionTable } from '../../units/option.ts';
import { readOptions, type RawInput, type ReadInput } from '../../options/read.ts';

type SearchTable = typeof SEARCH_OPTIONS;

type ReadSearch = ReadInput<InputOf<SearchTable> & Pick<SearchInput, 'followed'>>;

/** Reads twice where there is a profile: first which, then everything, with its defaults. */
export function readSearchOptions(raw: RawInput): ReadSearch {
  const plain = readOptions(SEARCH_OPTIONS, raw);
  const name = plain.input.profile?.value;
  if (name === undefined) return { ...plain, input: { ...plain.input, followed: null } };
  const maxPerSec = plain.input['max-rate'].value;
  const hasPayload = plain.input.payload.length > 0 || plain.input['payload-size'] !== undefined;
  const table = withDefaults(SEARCH_OPTIONS, profileDefaults(name, maxPerSec, hasPayload));
  const read = readOptions(table, raw);
  const recipe = readOptions(table, { command: raw.command, flags: new Map(), extra: [], env: {} }).input;
  const deviations = deviationsFrom(name, read.input, recipe, maxPerSec);
  return { ...read, input: { ...read.input, followed: { name, deviations } } };
}

function withDefaults<T extends OptionTable>(table: T, defaults: ReadonlyMap<string, string>): T {
  const changed = Object.entries(table).map(([name, spec]) => {
    const text = defaults.get(name);
    return [name, text === undefined ? spec : { ...spec, default: text }];
  });
  return Object.fromEntries(changed) as T;
}
