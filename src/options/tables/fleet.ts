/** The options of a fleet: those that every command with one has, and those of `conngen fleet`. */
import { AGENTS_MAX, parseAgents, parseFleetServers, parseShares } from '../../plan/fleet/fleet-choice.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { choiceParser, parseSwitch } from '../../units/quantity.ts';
import { parseFileName } from '../parsers.ts';
import { shownServers } from '../secrets.ts';
import { COMMON_OPTIONS, FORMAT_OPTIONS } from './common.ts';

/** How to connect to the NATS server. `conngen agent`, `conngen fleet` and the commands that a fleet can run have these. */
export const FLEET_CONNECTION_OPTIONS = {
  fleet: {
    parse: parseFleetServers,
    masked: shownServers,
    value: 'URL',
    group: GROUPS.fleet,
    isCommon: true,
    help: "run on a fleet's agents: its NATS server, such as nats://10.0.0.1:4222",
    details:
      'With tls:// the connection is encrypted. Servers of a cluster are separated by commas. The URL may hold a user and a password, ' +
      'or a token: nats://USER:PASSWORD@HOST. Other users of this machine can read a command line: CONNGEN_FLEET or --fleet-creds keep a ' +
      'password out of it. Results and messages show the URL without credentials.',
  },
  'fleet-creds': {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.fleet,
    help: 'credentials for the NATS server: a .creds file, or the seed of an NKey',
  },
  'fleet-ca': {
    parse: parseFileName,
    value: 'FILE',
    defaultHelp: "Node's own list",
    group: GROUPS.fleet,
    help: 'certificates (PEM) of the authorities that the NATS server is checked against',
  },
  'fleet-cert': {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.fleet,
    help: 'certificate (PEM) to show to the NATS server, with --fleet-cert-key',
  },
  'fleet-cert-key': {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.fleet,
    help: 'private key (PEM) of --fleet-cert',
  },
} as const satisfies OptionTable;

/** What `conngen fleet` does. */
export const FLEET_ACTIONS = ['list', 'keygen'] as const;

/** The options of `conngen fleet`. */
export const FLEET_COMMAND_OPTIONS = {
  action: {
    parse: choiceParser(FLEET_ACTIONS),
    value: 'ACTION',
    positional: true,
    default: 'list',
    group: GROUPS.fleet,
    isCommon: true,
    help: 'list the agents that are there, or make a key pair',
    words: {
      list: 'the agents that are there, what each may aim at and what it is doing',
      keygen: 'make the key that signs what agents are told, and its public key for --trust of the agents',
    },
  },
  ...FLEET_CONNECTION_OPTIONS,
  fleet: {
    ...FLEET_CONNECTION_OPTIONS.fleet,
    help: 'where the NATS server of the fleet is, such as nats://10.0.0.1:4222',
  },
  watch: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['w'],
    group: GROUPS.fleet,
    isCommon: true,
    help: 'go on until a signal: redraw each second on a terminal, else a line for each change',
  },
  out: {
    parse: parseFileName,
    value: 'FILE',
    default: '.',
    group: GROUPS.fleet,
    isCommon: true,
    help: 'with keygen: file or directory for the private key; the public one is beside it',
  },
  ...FORMAT_OPTIONS,
  quiet: COMMON_OPTIONS.quiet,
  config: COMMON_OPTIONS.config,
} as const satisfies OptionTable;

/** The options with which a command runs on a fleet in place of this machine. */
export const FLEET_OPTIONS = {
  fleet: FLEET_CONNECTION_OPTIONS.fleet,
  agents: {
    parse: parseAgents,
    value: 'N|NAMES',
    group: GROUPS.fleet,
    isCommon: true,
    help: `agents of --fleet to use: how many, 1 to ${String(AGENTS_MAX)}, or which, such as a,b`,
    details:
      'A number takes agents that are free, may aim at the target and have the engine, in the order of their names. The agents share one ' +
      'schedule: rates, counts and --max-in-flight are those of all agents together. With rtt each agent has --connections of its own.',
  },
  share: {
    parse: parseShares,
    value: 'NAME=PARTS,…',
    defaultHelp: 'equal shares',
    group: GROUPS.fleet,
    help: 'shares of unequal agents: with a=3,b=1 agent a starts three of four connections',
    details:
      'The names must be in --agents; an agent that is not named has one part. Parts are whole numbers from 1 to 1000.',
  },
  'fleet-key': {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.fleet,
    isCommon: true,
    help: 'private key that signs what the agents are told (conngen fleet keygen makes one)',
    details:
      'An agent that was started with --trust does only what is signed with a key in its file. Agents without --trust run only where the ' +
      'NATS server is on their own machine.',
  },
  'fleet-creds': FLEET_CONNECTION_OPTIONS['fleet-creds'],
  'fleet-ca': FLEET_CONNECTION_OPTIONS['fleet-ca'],
  'fleet-cert': FLEET_CONNECTION_OPTIONS['fleet-cert'],
  'fleet-cert-key': FLEET_CONNECTION_OPTIONS['fleet-cert-key'],
} as const satisfies OptionTable;
