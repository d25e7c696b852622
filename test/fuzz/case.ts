/** What one case of the fuzzer does: a function of its seed and of the table of options, and of nothing else. */
import { TABLES, type CommandName } from '../../src/cli/commands.ts';
import { envName } from '../../src/options/names.ts';
import { FLEET_OPTIONS } from '../../src/options/tables/fleet.ts';
import type { OptionSpec } from '../../src/units/option.ts';
import type { RawInput } from '../../src/options/read.ts';
import { random } from '../engine/conformance/random.ts';
import { takesAnyText, valuesFor } from '../support/option-values.ts';
import { planOf } from '../support/planners.ts';
import { MACHINE } from '../support/plans.ts';
import { PEERS, type PeerName } from './peers.ts';

export type FuzzedCommand = 'client' | 'rtt' | 'search' | 'saturate' | 'server';

export interface SignalAt {
  readonly name: 'SIGINT' | 'SIGTERM' | 'SIGHUP';
  readonly afterMs: number;
}

export interface Case {
  readonly seed: number;
  readonly command: FuzzedCommand;
  /** Who answers, or for `server` who connects; `conngen` is a server of our own with `serverOptions`. */
  readonly peer: PeerName | 'conngen' | 'nobody';
  readonly options: readonly Chosen[];
  readonly serverOptions: readonly Chosen[];
  readonly signals: readonly SignalAt[];
}

/** One option, its texts, and where it is given. */
export interface Chosen {
  readonly name: string;
  readonly texts: readonly string[];
  readonly place: 'flag' | 'environment' | 'file';
}

/** The files that are there in the directory of a case. */
export const FILES = { payload: 'payload', response: 'response' } as const;

/** Where to, what is written where, and what a case sets itself. A fleet has machines of its own. */
const NOT_CHOSEN = [
  ...['target', 'host', 'port', 'json', 'config', 'quiet', 'cpu', 'backlog', 'otlp-header'],
  ...Object.keys(FLEET_OPTIONS),
];

/** What keeps each command short. A chosen option beats it. */
const SHORT: Readonly<Record<FuzzedCommand, Readonly<Record<string, string>>>> = {
  client: { rate: '100', duration: '400ms', timeout: '400ms' },
  rtt: { rate: '100', duration: '400ms', timeout: '400ms' },
  search: {
    'min-rate': '30',
    'max-rate': '120',
    'max-time': '2s',
    'explore-duration': '150ms',
    duration: '400ms',
    cooldown: '20ms',
    timeout: '400ms',
    precision: '50%',
  },
  saturate: { start: '50', 'max-rate': '150', 'max-time': '2s', duration: '400ms', cooldown: '20ms', timeout: '400ms' },
  server: { listeners: '1', 'idle-timeout': '400ms' },
};

/** Values that go on for longer than a case may take, whatever else is given. */
const LONG = ['profile'];

const COMMANDS: readonly FuzzedCommand[] = ['client', 'client', 'client', 'rtt', 'rtt', 'search', 'saturate', 'server'];
const TRIES = 40;

class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

/** The case of a seed. `directory` has the files that options name; the plan is checked against a machine that is always the same. */
export async function planCase(seed: number, directory: string): Promise<Case> {
  const dice = new Dice(seed);
  const command = dice.pick(COMMANDS);
  const peer = command === 'server' ? dice.pick(PEERS) : dice.pick([...PEERS, 'conngen', 'conngen', 'nobody'] as const);
  const options = await validOptions(command, dice, directory);
  const serverOptions = peer === 'conngen' ? await validOptions('server', dice, directory) : [];
  const count = command === 'server' ? 1 : dice.pick([0, 0, 0, 1, 1, 2]);
  const signals = Array.from({ length: count }, () => ({
    name: dice.pick(['SIGINT', 'SIGTERM', 'SIGHUP'] as const),
    afterMs: dice.below(2500),
  }));
  return { seed, command, peer, options, serverOptions, signals };
}

/** Options that a plan can be made of: those that it refuses are left out one by one. */
async function validOptions(command: FuzzedCommand, dice: Dice, directory: string): Promise<Chosen[]> {
  const table: Readonly<Record<string, OptionSpec>> = TABLES[command];
  const names = Object.keys(table).filter((name) => !NOT_CHOSEN.includes(name) && !LONG.includes(name));
  const chosen: Chosen[] = Object.entries(SHORT[command]).map(([name, text]) => ({
    name,
    texts: [text],
    place: 'flag',
  }));
  const wanted = 1 + dice.below(9);
  for (let tries = 0, added = 0; tries < TRIES && added < wanted; tries++) {
    const name = dice.pick(names);
    const spec = table[name]!;
    const one = (): string => valueOf(name, spec, dice, directory);
    const texts = spec.repeatable === true && dice.chance(0.3) ? [one(), one()] : [one()];
    const place = dice.pick(['flag', 'flag', 'flag', 'environment', 'file'] as const);
    const next = [...chosen.filter((each) => each.name !== name), { name, texts, place }];
    if (isHeavy(next) || !(await isPlanned(command, next, directory))) continue;
    chosen.splice(0, chosen.length, ...next);
    added++;
  }
  return chosen;
}

function valueOf(name: string, spec: OptionSpec, dice: Dice, directory: string): string {
  if (name === 'metrics-listen') return ':0';
  if (!takesAnyText(spec)) return dice.pick(valuesFor(spec));
  if (spec.value === 'DIR') return directory;
  if (name === 'verify') return dice.pick(['echo', `${directory}/${FILES.response}`]);
  if (name === 'payload' || name === 'response') return `${directory}/${FILES[name]}`;
  // What is written: one file each, so that none overwrites another.
  return `${directory}/${name}.out`;
}

/** As fast as it goes only with few connections: a case is not a load. */
function isHeavy(options: readonly Chosen[]): boolean {
  const textsOf = (name: string): readonly string[] => options.find((each) => each.name === name)?.texts ?? [];
  const isMax = textsOf('rate').includes('max');
  const isFew = ['1', '2', '5'].includes(textsOf('max-in-flight')[0] ?? '');
  return (isMax && !isFew) || Number(textsOf('busy-tasks')[0] ?? 0) > 5 || Number(textsOf('listeners')[0] ?? 0) > 5;
}

async function isPlanned(command: CommandName, options: readonly Chosen[], directory: string): Promise<boolean> {
  const machine = { ...MACHINE, missingSources: async () => [], isOwnAddress: async () => false };
  const flags = new Map(options.map(({ name, texts }) => [name, texts]));
  const raw: RawInput = { command: `conngen ${command}`, flags, extra: [], env: {} };
  const { plan } = await planOf(command, raw, machine);
  return plan !== null && directory !== '';
}

/** The same options as words of a command line, as variables, and as a file. */
export function given(options: readonly Chosen[]): {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly file: Readonly<Record<string, unknown>>;
} {
  const at = (place: Chosen['place']): readonly Chosen[] => options.filter((each) => each.place === place);
  return {
    args: at('flag').flatMap(({ name, texts }) => texts.map((text) => `--${name}=${text}`)),
    env: Object.fromEntries(at('environment').map(({ name, texts }) => [envName(name), texts.join(',')])),
    file: Object.fromEntries(at('file').map(({ name, texts }) => [name, texts.length > 1 ? texts : texts[0]])),
  };
}
