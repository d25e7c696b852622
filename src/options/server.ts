/** The options that only `conngen server` has; a part of the option table. */
import { IN_FLIGHT_MAX } from '../plan/client-plan.ts';
import { parseHost } from '../plan/address.ts';
import { parseCpuList } from '../plan/cpus.ts';
import {
  NS_PER_DAY,
  NS_PER_MS,
  choiceParser,
  countParser,
  durationParser,
  parseRate,
  portParser,
} from '../units/quantity.ts';
import { DATAGRAM_RATE } from '../plan/ping-plan.ts';
import { BUSY_TASKS_MAX, parseWork, parseWorkStrategy } from '../plan/work.ts';
import { parseFileName } from './parsers.ts';

const LISTEN = 'Where to listen';
const ANSWER = 'What to answer';
const WORK = 'What else to do';
const LIMITS = 'Limits';

const BACKLOG_MAX = 2 ** 31 - 1;

export const SERVER_ONLY = {
  host: {
    parse: parseHost,
    value: 'HOST',
    defaultHelp: 'all addresses, both families',
    group: LISTEN,
    help: 'address to listen on',
  },
  port: {
    parse: portParser(0),
    value: 'PORT',
    default: '2345',
    group: LISTEN,
    help: 'port to listen on; 0 picks a free one',
  },
  protocol: {
    parse: choiceParser(['tcp', 'udp', 'both']),
    value: 'NAME',
    default: 'tcp',
    group: LISTEN,
    help: 'tcp, udp (an echo of datagrams) or both on one port',
  },
  'datagram-rate': {
    parse: parseRate,
    value: 'N/s',
    default: String(DATAGRAM_RATE),
    group: LIMITS,
    help: 'of udp, echoed to one address and port; more is dropped and counted (pings of conngen rtt are not limited)',
  },
  listeners: {
    parse: countParser('listeners', { min: 1, max: 256 }),
    value: 'N',
    defaultHelp: 'one for each core',
    group: LISTEN,
    help: 'SO_REUSEPORT sockets, each on a thread of its own',
  },
  cpu: {
    parse: parseCpuList,
    value: 'CORES',
    defaultHelp: "the kernel's choice",
    group: LISTEN,
    help: 'keep listeners on these cores, in turn, such as 0, 0-3 or 0,2',
  },
  backlog: {
    parse: countParser('connections', { min: 1, max: BACKLOG_MAX }),
    value: 'N',
    default: '20480',
    group: LISTEN,
    help: 'connections that may wait to be accepted, on each listener',
  },
  mode: {
    parse: choiceParser(['echo', 'respond', 'discard', 'hold', 'reset']),
    value: 'NAME',
    defaultHelp: 'echo; respond with --response',
    group: ANSWER,
    help: 'echo, respond (send --response, then close), discard (read and drop), hold (never answer) or reset (answer with RST)',
  },
  response: { parse: parseFileName, value: 'FILE', group: ANSWER, help: 'what respond sends; - is stdin' },
  'respond-on': {
    parse: choiceParser(['eof', 'data', 'accept']),
    value: 'WHEN',
    default: 'eof',
    group: ANSWER,
    help: 'eof (the peer shut down writing), data (its first bytes) or accept (at once)',
  },
  work: {
    parse: parseWork,
    value: 'WORK',
    default: 'none',
    group: WORK,
    help:
      'done for each connection between the end of its request and the answer: none, cpu:300 (shuffle and sort 300 integers) ' +
      'or sleep:20us (a blocking sleep; sleep:1us-49us: of different lengths, short ones more often)',
  },
  'work-strategy': {
    parse: parseWorkStrategy,
    value: 'HOW',
    default: 'direct',
    group: WORK,
    help:
      'where that is done: direct (on the loop), permit:N (on at most N loops at once), dispatch:N,queue=L (on N threads; where L jobs ' +
      "wait, the loop does the oldest) or pool (the runtime's own threads, engine node)",
  },
  'busy-tasks': {
    parse: countParser('tasks', { min: 0, max: BUSY_TASKS_MAX }),
    value: 'N',
    default: '0',
    group: WORK,
    help: 'on each listener, that wake every millisecond and compute',
  },
  'idle-timeout': {
    parse: durationParser({ min: NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    default: '60s',
    group: LIMITS,
    help: 'a connection with no progress for this long is closed and counted',
  },
  'max-connections': {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    defaultHelp: 'from the limit of open files',
    group: LIMITS,
    help: 'beyond it: accepted, counted as rejected and closed',
  },
} as const;
