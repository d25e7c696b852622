import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import type { ClientConfig } from '../../src/document/config.ts';
import type { Document } from '../../src/document/read.ts';
import { saturateConfig, type SaturatePlan } from '../../src/limit/plan/saturate.ts';
import { searchConfig, type SearchPlan } from '../../src/limit/plan/search.ts';
import { spellOut } from '../../src/options/argv.ts';
import { repetitionOf } from '../../src/options/repetition.ts';
import { shellWord } from '../../src/options/shell-word.ts';
import { TABLES } from '../../src/cli/commands.ts';
import { clientConfig } from '../../src/plan/client-plan.ts';
import type { ClientPlan, ServerPlan } from '../../src/plan/plan.ts';
import { rttConfig, type RttPlan } from '../../src/plan/ping-plan.ts';
import { serverConfig } from '../../src/plan/server-plan.ts';
import { formatProblem } from '../../src/units/problem.ts';
import { planOf } from '../support/planners.ts';
import { MACHINE, rawInput, type Typed } from '../support/plans.ts';
import { holds } from '../support/property.ts';
import { clientConfig as plainConfig, clientResult } from '../support/results.ts';
import { EVIL_TEXTS } from '../support/any-document.ts';

type Kind = 'client' | 'doctor' | 'search' | 'saturate' | 'rtt' | 'server';

const CONFIGS: Readonly<Record<Kind, (plan: never) => object>> = {
  client: (plan: ClientPlan) => clientConfig(plan),
  doctor: (plan: ClientPlan) => clientConfig(plan),
  search: (plan: SearchPlan) => searchConfig(plan),
  saturate: (plan: SaturatePlan) => saturateConfig(plan),
  rtt: (plan: RttPlan) => rttConfig(plan),
  server: (plan: ServerPlan) => serverConfig(plan),
};

/** What a result would have as its `config`. */
async function configOf(kind: Kind, typed: Typed): Promise<object> {
  const { plan, problems } = await planOf(kind, rawInput(typed, {}, `conngen ${kind}`), MACHINE);
  if (plan === null) throw new Error(problems.map(formatProblem).join('\n'));
  return CONFIGS[kind](plan as never);
}

/** The words of a command line as what was typed. */
function typedOf([, kind = '', ...words]: readonly string[]): Typed {
  const typed: Record<string, string[]> = {};
  for (const word of spellOut(words, [TABLES[kind as Kind]])) {
    const [, name = 'target', value = word] = /^--([a-z0-9-]+)=([^]*)$/.exec(word) ?? [];
    (typed[name] ??= []).push(value);
  }
  return typed;
}

const FILE = 'README.md';

const CASES: readonly (readonly [Kind, Typed])[] = [
  ['client', {}],
  [
    'client',
    { target: '[::1]:80', rate: ['500', '30/m', 'max'], duration: '1500us', 'max-in-flight': '7', workers: '2' },
  ],
  ['client', { ramp: '100..5k/30s', close: 'rst', hold: '250ms', warmup: '1s' }],
  [
    'client',
    {
      'ramp-up': '2s',
      'ramp-down': '3s',
      steps: '50..200*2/5s',
      'source-ports': '20000-29999,31000',
      source: ['127.0.0.1', '127.0.0.5-127.0.0.9'],
    },
  ],
  ['client', { count: '100', 'payload-size': '64', finish: 'echo', verify: 'echo', probe: '100', timeout: '1m' }],
  [
    'client',
    {
      payload: FILE,
      finish: 'bytes:12',
      sink: 'memory',
      'max-memory': '4KiB',
      'max-body': '1MiB',
      freebind: 'true',
      source: '127.0.0.2',
    },
  ],
  [
    'client',
    {
      'expect-status': '200,30x',
      'expect-prefix': "HTTP/1.1 '200'",
      finish: 'eof',
      'min-response': '1',
      cooldown: '2m',
    },
  ],
  [
    'client',
    { sink: 'gather', 'sink-strategy': 'dispatch:2,queue=10', 'first-byte-timeout': '5ms', histograms: 'true' },
  ],
  ['doctor', { rate: '5k', duration: '20s' }],
  ['search', {}],
  [
    'search',
    {
      goal: ['p99(total)<=20ms', 'loss<=1%'],
      'min-rate': '10',
      'max-rate': '10k',
      precision: '0.5%',
      'max-time': '1h',
      'explore-duration': '50s',
      duration: '50s',
    },
  ],
  [
    'search',
    {
      quantity: ['connections', 'teardown'],
      connections: '50',
      'min-connections': '20',
      'max-connections': '400',
      precision: '10%',
      'attempt-rate': '200',
    },
  ],
  ['search', { profile: 'rfc9411-cps', 'max-rate': '500' }],
  ['search', { profile: 'quick', goal: 'loss<=0.1%' }],
  ['search', { payload: [FILE, 'package.json'], finish: 'eof' }],
  [
    'saturate',
    { start: '60', factor: '1.5', slowdown: '3', compare: 'previous', goal: 'failures<1%', duration: '10s' },
  ],
  ['rtt', { protocol: 'udp', rate: ['10', 'max'], size: '128', samples: '7', cpu: '1', 'busy-tasks': '2' }],
  ['rtt', { pipeline: '4', connections: '3', timeout: '2s' }],
  ['rtt', { think: '1ms', connections: '3' }],
  ['server', {}],
  [
    'server',
    { host: '127.0.0.1', port: '0', response: FILE, 'respond-on': 'data', listeners: '3', cpu: '0-1', backlog: '5' },
  ],
  [
    'server',
    {
      protocol: 'both',
      'datagram-rate': 'max',
      'idle-timeout': '5m',
      'max-connections': '9',
      work: 'cpu:100',
      'work-strategy': 'permit:2',
    },
  ],
];

t.test('the command asks for the same', async (t) => {
  for (const [kind, typed] of CASES) {
    const config = await configOf(kind, typed);
    const profile = kind === 'search' ? { profile: (typed['profile'] as string | undefined) ?? null } : {};
    const document = { schema: `conngen.${kind}/1`, config, ...profile } as unknown as Document;
    const { words, notes } = repetitionOf(document)!;
    t.same(await configOf(kind, typedOf(words)), config, words.join(' '));
    t.notMatch(notes, ['is not in the command']);
  }
});

t.test('what has its default is left out', (t) => {
  const { words } = repetitionOf(
    clientResult({ config: plainConfig({ rates_per_sec: [1000], max_in_flight: 6000 }) }),
  )!;
  t.same(
    words.join(' '),
    'conngen client 127.0.0.1:2345 --payload-size 64 --finish echo --source-ports 10000-32767 --max-in-flight 6000 --workers 1',
  );
  t.end();
});

t.test('what a command line cannot bring back is said', (t) => {
  const notesOf = (changes: Parameters<typeof plainConfig>[0]): readonly string[] =>
    repetitionOf(clientResult({ config: plainConfig(changes) }))!.notes;
  t.match(notesOf({ payload_file: '-' }), [/came from stdin/]);
  t.match(notesOf({ payload_file: 'get.txt', verify: '@want.bin' }), [
    /does not hold the content of get\.txt, @want\.bin/,
  ]);
  t.match(notesOf({ of_tomorrow: 7 } as object), [/of_tomorrow was \(7\) is not in the command/]);
  t.end();
});

t.test('a shell reads each word back', (t) => {
  const readBack = (word: string): string =>
    execFileSync('bash', ['-c', `printf %s ${shellWord(word)}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  // No argument of a process has a NUL or half a character in it.
  const possible = EVIL_TEXTS.filter((text) => !/\0|\p{Cs}/u.test(text));
  for (const text of [...possible, "it's", 'a b', '$HOME', '~/x', '-', 'a=b', '\\n', "'\u0001\\'"])
    t.equal(readBack(text), text);
  holds(
    t,
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      (text) => text.includes('\0') || readBack(text) === text,
    ),
    { numRuns: 30 },
  );
  t.end();
});

t.test('a fleet is repeated with its agents and shares, and without its secrets', (t) => {
  const repeated = (fleet: ClientConfig['fleet']): string[] => {
    const { words, notes } = repetitionOf(clientResult({ config: plainConfig({ fleet: fleet! }) }))!;
    t.same(notes, ['Keys and credentials of the fleet are not in the result.']);
    return words.slice(words.indexOf('--fleet'));
  };
  t.same(repeated({ url: 'nats://h:4222', agents: 3 }), ['--fleet', 'nats://h:4222', '--agents', '3']);
  t.same(repeated({ url: 'tls://h:1,tls://i:1', agents: ['a', 'b'], share: { a: 3 } }), [
    ...['--fleet', 'tls://h:1,tls://i:1'],
    ...['--agents', 'a,b'],
    ...['--share', 'a=3'],
  ]);
  t.end();
});
