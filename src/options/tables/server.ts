/** The options of `conngen server`. */
import { IN_FLIGHT_MAX } from '../../plan/demand/open-files.ts';
import { parseCpuList } from '../../plan/demand/cpus.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import { parseListenHost } from '../../plan/packet/packet-server-plan.ts';
import { DATAGRAM_RATE } from '../../plan/ping-plan.ts';
import { BUSY_TASKS_MAX, parseWork, parseWorkStrategy } from '../../plan/work.ts';
import type { OptionTable } from '../../units/option.ts';
import {
  NS_PER_DAY,
  NS_PER_MS,
  choiceParser,
  countParser,
  durationParser,
  parseRate,
  portParser,
} from '../../units/quantity.ts';
import { parseFileName } from '../parsers.ts';
import { COMMON_OPTIONS, SINK_OPTIONS } from './common.ts';
import { METRIC_OPTIONS } from './metrics.ts';
import { PACKET_OPTIONS } from './packet.ts';

const BACKLOG_MAX = 2 ** 31 - 1;

const SERVER_ONLY = {
  host: {
    parse: parseListenHost,
    value: 'HOST',
    defaultHelp: 'all addresses, both families',
    group: GROUPS.listen,
    isCommon: true,
    help: 'address to listen on',
    details: 'With --engine packet: an address or a prefix, such as 198.18.1.0/24, that the server answers for.',
  },
  port: {
    parse: portParser(0),
    value: 'PORT',
    default: '2345',
    group: GROUPS.listen,
    isCommon: true,
    help: 'port to listen on; 0 picks a free one',
  },
  protocol: {
    parse: choiceParser(['tcp', 'udp', 'both']),
    value: 'NAME',
    default: 'tcp',
    group: GROUPS.listen,
    isCommon: true,
    help: 'tcp, udp (echo datagrams) or both on one port',
    words: { tcp: 'connections', udp: 'an echo of datagrams', both: 'both on one port' },
  },
  listeners: {
    parse: countParser('listeners', { min: 1, max: 256 }),
    value: 'N',
    defaultHelp: 'one for each core',
    group: GROUPS.listen,
    isCommon: true,
    help: 'SO_REUSEPORT sockets, each on its own thread',
    details: 'With --engine packet at most one for each receive queue of --interface, which is the default too.',
  },
  cpu: {
    parse: parseCpuList,
    value: 'CORES',
    defaultHelp: "the kernel's choice",
    group: GROUPS.listen,
    isCommon: true,
    help: 'pin listeners to these cores in turn, such as 0, 0-3 or 0,2',
  },
  backlog: {
    parse: countParser('connections', { min: 1, max: BACKLOG_MAX }),
    value: 'N',
    default: '20480',
    group: GROUPS.listen,
    isCommon: true,
    help: 'connections that may wait for accept on each listener',
    details: 'The kernel cuts the backlog to net.core.somaxconn; the server says so when it starts.',
  },
  mode: {
    parse: choiceParser(['echo', 'respond', 'discard', 'hold', 'reset']),
    value: 'NAME',
    defaultHelp: 'echo; respond with --response',
    group: GROUPS.answer,
    isCommon: true,
    help: 'how to answer: echo, respond, discard, hold or reset',
    words: {
      echo: 'send back what comes; close when the peer ends',
      respond: 'send the content of --response, then close',
      discard: 'read and drop; close when the peer ends',
      hold: 'accept and neither read nor answer',
      reset: 'answer each connection with a RST',
    },
  },
  response: {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.answer,
    isCommon: true,
    help: 'file that the mode respond sends; - reads stdin',
  },
  'respond-on': {
    parse: choiceParser(['eof', 'data', 'accept']),
    value: 'WHEN',
    default: 'eof',
    group: GROUPS.answer,
    isCommon: true,
    help: 'when the mode respond answers: on eof, data or accept',
    words: {
      eof: 'when the peer has shut down writing',
      data: 'when the first bytes arrive',
      accept: 'as soon as the connection is accepted',
    },
  },
  work: {
    parse: parseWork,
    value: 'WORK',
    default: 'none',
    group: GROUPS.work,
    help: 'work between the end of a request and its answer: none, cpu:N or sleep:TIME',
    words: {
      none: 'answer immediately',
      'cpu:N': 'shuffle and sort N integers',
      'sleep:TIME': 'block the thread for TIME; sleep:1us-49us varies, with short ones more often',
    },
  },
  'work-strategy': {
    parse: parseWorkStrategy,
    value: 'HOW',
    default: 'direct',
    group: GROUPS.work,
    help: 'which thread does blocking work: direct, permit:N, dispatch:N,queue=L or pool',
    words: {
      direct: 'the loop of the listener',
      'permit:N': 'the loops, at most N of them at a time',
      'dispatch:N,queue=L': 'N threads of their own; when L jobs queue, the loop runs the oldest',
      pool: "the runtime's own threads; needs --engine node",
    },
  },
  'busy-tasks': {
    parse: countParser('tasks', { min: 0, max: BUSY_TASKS_MAX }),
    value: 'N',
    default: '0',
    group: GROUPS.work,
    help: 'tasks on each listener that wake every millisecond and compute',
  },
  'idle-timeout': {
    parse: durationParser({ min: NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    default: '60s',
    group: GROUPS.limits,
    isCommon: true,
    help: 'close and count a connection that makes no progress for TIME',
  },
  'max-connections': {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    defaultHelp: 'from the limit of open files',
    details: 'With --engine packet the default is 1,000,000: that limit does not bound its connections.',
    group: GROUPS.limits,
    isCommon: true,
    help: 'most open connections; further ones are closed and counted as rejected',
  },
  'datagram-rate': {
    parse: parseRate,
    value: 'N/s',
    default: String(DATAGRAM_RATE),
    group: GROUPS.limits,
    help: 'most datagrams echoed to one address and port; more are dropped and counted',
    details: 'Pings of conngen rtt are not limited.',
  },
} as const satisfies OptionTable;

export const SERVER_OPTIONS = {
  ...SERVER_ONLY,
  interface: PACKET_OPTIONS.interface,
  vlan: PACKET_OPTIONS.vlan,
  stream: {
    ...SINK_OPTIONS.stream,
    help: 'write one line of JSON per second; - writes to stdout in place of the text',
  },
  ...METRIC_OPTIONS,
  ...COMMON_OPTIONS,
} as const satisfies OptionTable;
