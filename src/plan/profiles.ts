/**
 * Profiles: recipes for a search, as values that options have where the user gives none, and where a run differs from them.
 * A recipe is after a standard's procedure; what the search does otherwise is always said.
 */
import type { GoalResult } from '../document/limit.ts';
import { isExplicit, type Given } from '../units/problem.ts';
import { NS_PER_SEC } from '../units/quantity.ts';

export const PROFILES = [
  'quick',
  'rfc3511-rate',
  'rfc3511-capacity',
  'rfc3511-teardown',
  'rfc9693-nat',
  'rfc9411-cps',
] as const;
export type ProfileName = (typeof PROFILES)[number];

interface Setting {
  /** The value, as a user would write it. */
  readonly text: string;
  /** The name of the value in deviations; left out where the procedure leaves the value open. */
  readonly what?: string;
  /** A duration: in nanoseconds once it is parsed. */
  readonly isTime?: true;
  /** Longer is no deviation. */
  readonly isAtLeast?: true;
}

interface Profile {
  /** Completes "rfc9411-cps: …". */
  readonly title: string;
  /** How a deviation begins. */
  readonly differs: string;
  /** The settings, by option. */
  settings(maxPerSec: number): Readonly<Record<string, Setting>>;
  /** What each connection does, by option, unless the user says what it sends. */
  readonly exchange?: Readonly<Record<string, Setting>>;
  /** What this search cannot do as the procedure has it. */
  limits(input: ProfiledInput): readonly string[];
}

/** Options as they were read: one value, several, or none. */
export type ProfiledInput = Readonly<Record<string, unknown>>;

/** A profile that is followed, and where it is not. */
export interface Followed {
  readonly name: ProfileName;
  readonly deviations: readonly string[];
}

const NOT_CONFORMANT = 'not conformant';

/** How long Linux keeps a tracked connection after its reset (nf_conntrack_tcp_timeout_close). */
const AGEING: Setting = { text: '10s' };
const PORTS_MAX: Setting = { text: 'most' };
/** Every target of the kind that `conngen server` is answers it. */
const ECHO = { 'payload-size': { text: '64' }, finish: { text: 'echo' } } as const;

function ageingLimits({ cooldown }: ProfiledInput): string[] {
  if (isGiven(cooldown)) return [];
  return ["a cooldown of 10 s stands for the device's ageing time, which --cooldown is to be set to"];
}

function exchangeLimits({ payload, finish }: ProfiledInput, procedure: string): string[] {
  if (isGiven(payload) || isGiven(finish)) return [];
  return [
    `an echo of 64 bytes on every connection instead of ${procedure} (--payload and --finish say what to exchange)`,
  ];
}

const TABLE: Readonly<Record<ProfileName, Profile>> = {
  quick: {
    title: 'a first impression in about half a minute; no standard',
    differs: 'not as the profile has it',
    settings: () => ({
      goal: { text: 'loss<=0.1%', what: 'goal' },
      'explore-duration': { text: '1s', what: 'exploratory trials of', isTime: true },
      duration: { text: '5s', what: 'full-length trials of', isTime: true },
      precision: { text: '5%', what: 'precision' },
      cooldown: { text: '500ms', what: 'cooldown', isTime: true },
      'max-time': { text: '2m' },
    }),
    limits: () => [],
  },
  'rfc3511-rate': {
    title: 'maximum TCP connection establishment rate, after RFC 3511 section 5.3',
    differs: NOT_CONFORMANT,
    settings: () => ({
      goal: { text: 'loss<=0', what: 'criterion' },
      close: { text: 'rst', what: 'close' },
      duration: { text: '30s' },
      'source-ports': PORTS_MAX,
      cooldown: AGEING,
      'max-time': { text: '1h' },
    }),
    limits: (input) => [
      // With --connections a trial is in stages: as many each time, reset together.
      ...(isGiven(input['connections'])
        ? []
        : [
            'every trial has the same length, not the same number of connections (--connections gives it one)',
            'each connection is reset at its own end, not all of them after the trial',
          ]),
      ...ageingLimits(input),
    ],
  },
  'rfc3511-capacity': {
    title: 'concurrent TCP connection capacity, after RFC 3511 section 5.2',
    differs: NOT_CONFORMANT,
    settings: () => ({
      quantity: { text: 'connections', what: 'searched' },
      goal: { text: 'loss<=0', what: 'criterion' },
      'attempt-rate': { text: '1000' },
      close: { text: 'rst', what: 'close' },
      'source-ports': PORTS_MAX,
      cooldown: AGEING,
      'max-time': { text: '2h' },
    }),
    exchange: ECHO,
    limits: (input) => [...exchangeLimits(input, 'one HTTP GET'), ...ageingLimits(input)],
  },
  'rfc3511-teardown': {
    title: 'maximum TCP connection tear-down rate, after RFC 3511 section 5.4',
    differs: NOT_CONFORMANT,
    settings: () => ({
      quantity: { text: 'teardown', what: 'searched' },
      goal: { text: 'loss<=0', what: 'criterion' },
      connections: { text: '5000' },
      'attempt-rate': { text: '1000' },
      close: { text: 'fin', what: 'close' },
      'min-rate': { text: '500' },
      'source-ports': PORTS_MAX,
      cooldown: AGEING,
      'max-time': { text: '2h' },
    }),
    limits: (input) => [
      'one close method and direction: our FIN first, then the FIN of the peer, which is when a connection counts as torn down',
      ...ageingLimits(input),
    ],
  },
  'rfc9693-nat': {
    title: 'stateful NAT: establishment rate, table capacity and tear-down rate, after RFC 9693',
    differs: NOT_CONFORMANT,
    settings: () => ({
      quantity: { text: 'rate,connections,teardown', what: 'searched' },
      goal: { text: 'loss<=0', what: 'criterion' },
      connections: { text: '5000' },
      'attempt-rate': { text: '1000' },
      'min-rate': { text: '500' },
      close: { text: 'rst', what: 'close' },
      'source-ports': PORTS_MAX,
      cooldown: AGEING,
      'max-time': { text: '3h' },
    }),
    exchange: ECHO,
    limits: (input) => [
      'TCP connections to one address and port instead of frames between ranges on both sides; their 4-tuples differ by source address and port, and none is used twice in a trial',
      ...exchangeLimits(input, 'frames from the far side through every entry'),
      'the tear-down rate is that of connections closed by both ends, not the time that the device takes to clear its table',
      ...ageingLimits(input),
    ],
  },
  'rfc9411-cps': {
    title: 'TCP/HTTP connections per second, after RFC 9411 section 7.2; --max-rate is the target rate',
    differs: NOT_CONFORMANT,
    settings: (maxPerSec) => ({
      goal: { text: 'loss<0.001%', what: 'criterion' },
      'min-rate': { text: String(Math.max(1, Math.round(maxPerSec / 10))), what: 'initial rate' },
      duration: { text: '300s', what: 'sustain', isTime: true, isAtLeast: true },
      cooldown: { text: '5s', what: 'initialisation', isTime: true, isAtLeast: true },
      'ramp-up': { text: '10s', what: 'ramp-up', isTime: true, isAtLeast: true },
      'ramp-down': { text: '10s', what: 'ramp-down', isTime: true, isAtLeast: true },
      'source-ports': { ...PORTS_MAX, what: 'source ports' },
      close: { text: 'fin', what: 'close' },
      'explore-duration': { text: '10s' },
      'max-time': { text: '6h' },
    }),
    limits: (input) => [
      'rates between the initial one and the target are tried before the target',
      `trials that look for the limit sustain ${secondsOf(input['explore-duration'])} s; only those that confirm it sustain the whole time`,
      ...sizeLimits(input),
      ...(listOf(input['payload']).length === 0 && input['payload-size'] === undefined
        ? ['TCP connections without a request instead of HTTP transactions (--payload sends one)']
        : []),
    ],
  },
};

/** RFC 9411: 1, 2, 4, 16 and 64 KB. */
const SIZES = 5;

function sizeLimits({ payload }: ProfiledInput): string[] {
  const count = Math.max(1, listOf(payload).length);
  if (count >= SIZES) return [];
  const here = count === 1 ? 'one response size' : `${count} response sizes`;
  return [
    `${here}, as the target answers, instead of an iteration each of 1, 2, 4, 16 and 64 KB (--payload for each asks for it)`,
  ];
}

function secondsOf(option: unknown): number {
  return Number(listOf(option)[0]?.value) / NS_PER_SEC;
}

/** Most that a sample of the sustain phase may differ from the mean, in per cent. */
const RATE_DEVIATION = 5;
const CONCURRENCY_DEVIATION = 10;

/** What only the trials show of a run that followed `name`. */
export function deviationsFound(name: ProfileName, goals: readonly GoalResult[]): string[] {
  if (name !== 'rfc9411-cps') return [];
  const found = goals.flatMap(({ kpi, payload_file: payload }) => {
    if (kpi === null) return [];
    const where = payload === undefined || payload === null ? '' : ` with ${payload}`;
    return [
      deviationText(`the rate${where}`, kpi.rate_deviation_percent, RATE_DEVIATION),
      deviationText(`the number of open connections${where}`, kpi.concurrency_deviation_percent, CONCURRENCY_DEVIATION),
    ].filter((text) => text !== null);
  });
  return found.map((each) => `${NOT_CONFORMANT}: ${each}`);
}

function deviationText(what: string, percent: number | null, most: number): string | null {
  if (percent === null) return `whether ${what} deviated by less than ${most} % cannot be told: too little to sample`;
  return percent < most
    ? null
    : `${what} deviated from its mean by up to ${percent} %, where less than ${most} % is asked for`;
}

/** What a profile is, in a few words; null for a name that is none. */
export function profileTitle(name: string): string | null {
  const found = PROFILES.find((each) => each === name);
  return found === undefined ? null : TABLE[found].title;
}

/** The defaults of a profile, by option, as text. `maxPerSec` is the highest rate that may be offered. */
export function profileDefaults(
  name: ProfileName,
  maxPerSec: number,
  hasPayload: boolean,
): ReadonlyMap<string, string> {
  const profile = TABLE[name];
  const all = { ...profile.settings(maxPerSec), ...(hasPayload ? {} : profile.exchange) };
  return new Map(Object.entries(all).map(([option, { text }]) => [option, text]));
}

/**
 * A sentence for every difference of `input` from `recipe`, the same options with nothing given by the user, and for what no
 * run can do as the procedure has it.
 */
export function deviationsFrom(
  name: ProfileName,
  input: ProfiledInput,
  recipe: ProfiledInput,
  maxPerSec: number,
): string[] {
  const profile = TABLE[name];
  const changed = Object.entries(profile.settings(maxPerSec)).flatMap(([option, setting]) => {
    const given = listOf(input[option]);
    const expected = listOf(recipe[option]);
    if (setting.what === undefined || !differsFrom(given, expected, setting)) return [];
    return [`${setting.what} ${shown(given, setting)} instead of ${shown(expected, setting)}`];
  });
  return [...changed, ...profile.limits(input)].map((each) => `${profile.differs}: ${each}`);
}

function differsFrom(
  given: readonly Given<unknown>[],
  expected: readonly Given<unknown>[],
  { isAtLeast }: Setting,
): boolean {
  if (isAtLeast === true) return given.some((each, index) => Number(each.value) < Number(expected[index]?.value));
  // Goals beside the recipe's own take nothing from it.
  const values = given.map(canonical);
  return expected.some((each) => !values.includes(canonical(each)));
}

/** The same for the same value, however it was written. */
function canonical({ value }: Given<unknown>): string {
  return JSON.stringify(value, (key, each: unknown) => (key === 'expression' ? undefined : each));
}

/** Times in seconds, as the standards have them. */
function shown(given: readonly Given<unknown>[], { isTime }: Setting): string {
  const texts = given.map(({ value, text }) => (isTime === true ? `${Number(value) / NS_PER_SEC} s` : text));
  return texts.length === 0 ? 'none' : texts.join(', ');
}

function isGiven(value: unknown): boolean {
  return listOf(value).some(isExplicit);
}

function listOf(value: unknown): readonly Given<unknown>[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]) as readonly Given<unknown>[];
}
