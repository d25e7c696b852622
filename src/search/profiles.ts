/**
 * Profiles: recipes for a search, as values that options have where the user gives none, and where a run differs from them.
 * A recipe is after a standard's procedure; what the search does otherwise is always said.
 */
import { isExplicit, type Given } from '../plan/problem.ts';
import { NS_PER_SEC } from '../plan/quantity.ts';

export const PROFILES = ['quick', 'rfc3511-rate', 'rfc9411-cps'] as const;
export type ProfileName = (typeof PROFILES)[number];

interface Setting {
  /** The value, as a user would write it. */
  readonly text: string;
  /** For deviations; left out where the procedure leaves the value open. */
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
  /** By option. */
  settings(maxPerSec: number): Readonly<Record<string, Setting>>;
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
      'source-ports': { text: '1024-65535' },
      // As long as Linux keeps a tracked connection after its reset (nf_conntrack_tcp_timeout_close).
      cooldown: { text: '10s' },
      'max-time': { text: '1h' },
    }),
    limits: ({ cooldown }) => [
      'every trial has the same length, not the same number of connections',
      'each connection is reset at its own end, not all of them after the trial',
      ...(isGiven(cooldown)
        ? []
        : ["a cooldown of 10 s stands for the device's ageing time, which --cooldown is to be set to"]),
    ],
  },
  'rfc9411-cps': {
    title: 'TCP/HTTP connections per second, after RFC 9411 section 7.2; --max-rate is the target rate',
    differs: NOT_CONFORMANT,
    settings: (maxPerSec) => ({
      goal: { text: 'loss<0.001%', what: 'criterion' },
      'min-rate': { text: String(Math.max(1, Math.round(maxPerSec / 10))), what: 'initial rate' },
      duration: { text: '300s', what: 'sustain', isTime: true, isAtLeast: true },
      warmup: { text: '5s', what: 'initialisation (as warm-up)', isTime: true, isAtLeast: true },
      'source-ports': { text: '1024-65535', what: 'source ports' },
      close: { text: 'fin', what: 'close' },
      'explore-duration': { text: '10s' },
      'max-time': { text: '3h' },
    }),
    limits: ({ payload, 'payload-size': size }) => [
      'no ramp-up and no ramp-down: a warm-up at the rate of the trial, which is not measured, instead of a ramp from 0',
      'one response size, which is what the target answers with, instead of an iteration each of 1, 2, 4, 16 and 64 KB',
      'whether concurrent connections vary by less than 10 % is not checked',
      ...(payload === undefined && size === undefined
        ? ['TCP connections without a request instead of HTTP transactions (--payload and --finish eof send one)']
        : []),
    ],
  },
};

/** What a profile is, in a few words; null for a name that is none. */
export function profileTitle(name: string): string | null {
  const found = PROFILES.find((each) => each === name);
  return found === undefined ? null : TABLE[found].title;
}

/** By option, the text that stands where the user gives none. `maxPerSec` is the highest rate that may be offered. */
export function profileDefaults(name: ProfileName, maxPerSec: number): ReadonlyMap<string, string> {
  return new Map(Object.entries(TABLE[name].settings(maxPerSec)).map(([option, { text }]) => [option, text]));
}

/**
 * A sentence for everything in which `input` is not `recipe`, the same options with nothing given by the user, and for what no
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
