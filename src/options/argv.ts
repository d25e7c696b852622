/**
 * One spelling for every flag, `--name=value`, before yargs sees it: yargs would take `--json -` for a flag without a value
 * and a positional, and `--rate --duration 5` silently for an empty rate.
 */
import type { OptionSpec, OptionTable } from '../units/option.ts';

interface Known {
  readonly name: string;
  readonly spec: OptionSpec;
}

/**
 * Rewrites the flags that the tables know, and only those. A flag whose value is missing becomes `--name=`. A letter that only other commands
 * than that of `own` have keeps its name, since it may stand for something else there.
 */
export function spellOut(argv: readonly string[], tables: readonly OptionTable[], own?: OptionTable): string[] {
  const known = new Map<string, Known>();
  for (const table of tables) {
    for (const [name, spec] of Object.entries(table)) {
      if (spec.positional === true) continue;
      known.set(`--${name}`, { name, spec });
      for (const alias of spec.alias ?? []) known.set(alias.length === 1 ? `-${alias}` : `--${alias}`, { name, spec });
    }
  }
  const spelled: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') return [...spelled, ...argv.slice(index)];
    const flag = flagOf(word, known);
    if (flag === null) {
      spelled.push(word);
      continue;
    }
    const isForeignLetter = own !== undefined && !word.startsWith('--') && !Object.hasOwn(own, flag.name);
    const name = isForeignLetter ? word.slice(0, 2) : `--${flag.name}`;
    if (flag.value !== null) {
      spelled.push(`${name}=${flag.value}`);
    } else if (flag.spec.isSwitch === true) {
      spelled.push(`${name}=true`);
    } else {
      const next = argv[index + 1];
      const takesNext = next !== undefined && !next.startsWith('--') && flagOf(next, known) === null;
      spelled.push(`${name}=${takesNext ? next : ''}`);
      if (takesNext) index++;
    }
  }
  return spelled;
}

/** The same where a `--` stands between two sides of words: flags behind it are flags, and stand before it in what is returned. */
export function spellOutSides(argv: readonly string[], tables: readonly OptionTable[], own?: OptionTable): string[] {
  const at = argv.indexOf('--');
  if (at === -1) return spellOut(argv, tables, own);
  const isFlag = (word: string): boolean => word.startsWith('-') && word !== '-';
  const behind = spellOut(argv.slice(at + 1), tables, own);
  const flags = behind.filter(isFlag);
  return [...spellOut(argv.slice(0, at), tables, own), ...flags, '--', ...behind.filter((word) => !isFlag(word))];
}

function flagOf(word: string, known: ReadonlyMap<string, Known>): (Known & { readonly value: string | null }) | null {
  if (!word.startsWith('-')) return null;
  const equals = word.indexOf('=');
  const plain = known.get(equals === -1 ? word : word.slice(0, equals));
  if (plain !== undefined) return { ...plain, value: equals === -1 ? null : word.slice(equals + 1) };
  // -r25k
  const short = word.startsWith('--') ? undefined : known.get(word.slice(0, 2));
  return short === undefined || short.spec.isSwitch === true ? null : { ...short, value: word.slice(2) };
}
