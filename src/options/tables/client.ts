/** The options of `conngen client`. Those whose value the plan takes as it is are in `plan/client-options.ts`. */
import { parseHost, parseHostPort, type HostPort } from '../../plan/address/address.ts';
import { parsePrefix, parseStatuses } from '../../plan/exchange/answer-plan.ts';
import { parseSink, parseVerify } from '../../plan/exchange/body-plan.ts';
import { DAYS_30_NS, HOUR_NS, PLAIN_CLIENT_OPTIONS } from '../../plan/client-options.ts';
import { IN_FLIGHT_MAX } from '../../plan/demand/open-files.ts';
import { COUNT_MAX, parseRamp, parseSteps } from '../../plan/load/offer.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import { PAYLOAD_MAX_BYTES } from '../../plan/exchange/payload.ts';
import { parseSourcePorts } from '../../plan/ports/source-ports.ts';
import { parseSource } from '../../plan/address/sources.ts';
import { parseWorkStrategy } from '../../plan/work.ts';
import type { OptionTable } from '../../units/option.ts';
import {
  NS_PER_MS,
  NS_PER_US,
  countParser,
  durationParser,
  parseRate,
  parseSwitch,
  portParser,
  sizeParser,
} from '../../units/quantity.ts';
import { parseFileName, parseWorkers } from '../parsers.ts';
import { COMMON_OPTIONS, RESULT_OPTIONS, SINK_OPTIONS, THRESHOLD_OPTIONS } from './common.ts';
import { FLEET_OPTIONS } from './fleet.ts';
import { METRIC_OPTIONS } from './metrics.ts';
import { PACKET_OPTIONS } from './packet.ts';
import { UI_OPTIONS } from './ui.ts';

const BODY_MAX_BYTES = 2 ** 40;

const TARGET_OPTIONS = {
  target: {
    parse: parseHostPort,
    value: 'HOST:PORT',
    positional: true,
    group: GROUPS.target,
    isCommon: true,
    help: 'target to connect to; in place of --host and --port',
    details:
      'The host is an IPv4 address, an IPv6 address in brackets, or a name. A name is resolved once, before the run. A link-local IPv6 ' +
      'address needs its device: [fe80::1%eth0]:80.',
    replaces: ({ port }: HostPort) => (port === null ? ['host'] : ['host', 'port']),
  },
  host: {
    parse: parseHost,
    value: 'HOST',
    default: '127.0.0.1',
    group: GROUPS.target,
    help: 'address or name to connect to',
  },
  port: { parse: portParser(1), value: 'PORT', default: '2345', group: GROUPS.target, help: 'port to connect to' },
  ipv4: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['4'],
    group: GROUPS.target,
    help: 'use only the IPv4 addresses of a host name',
    replaces: (isGiven: boolean) => (isGiven ? ['ipv6'] : []),
  },
  ipv6: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['6'],
    group: GROUPS.target,
    help: 'use only the IPv6 addresses of a host name',
    replaces: (isGiven: boolean) => (isGiven ? ['ipv4'] : []),
  },
} as const satisfies OptionTable;

const OFFER_OPTIONS = {
  rate: {
    parse: parseRate,
    value: 'N/s',
    default: '1000',
    repeatable: true,
    alias: ['r'],
    group: GROUPS.load,
    isCommon: true,
    help: 'new connections per second, such as 25000, 25k or 30/m; max keeps --max-in-flight open; repeat for rounds',
    words: { max: 'closed loop: a new connection starts as soon as one ends' },
    replaces: () => ['ramp', 'steps'],
  },
  duration: {
    parse: durationParser({ min: NS_PER_MS, max: DAYS_30_NS }),
    value: 'TIME',
    default: '10s',
    alias: ['d'],
    group: GROUPS.load,
    isCommon: true,
    help: 'length of each round, such as 10s, 500ms or 2m',
    replaces: () => ['count'],
  },
  count: {
    parse: countParser('attempts', { min: 1, max: COUNT_MAX }),
    value: 'N',
    alias: ['n'],
    group: GROUPS.load,
    isCommon: true,
    help: 'make exactly N attempts in each round, in place of --duration',
    details:
      'The attempts are counted over all workers, after the warm-up. At a rate the round lasts N / rate, and what could not be started in ' +
      'time is missed. With --rate max it lasts until the last exchange has ended.',
    replaces: () => ['duration'],
  },
  ramp: {
    parse: parseRamp,
    value: 'FROM..TO/TIME',
    group: GROUPS.load,
    isCommon: true,
    help: 'one round whose rate changes linearly, such as 100..5k/30s; in place of --rate',
    replaces: () => ['rate', 'steps', 'duration', 'count'],
  },
  steps: {
    parse: parseSteps,
    value: 'FROM..TO*F/TIME',
    group: GROUPS.load,
    isCommon: true,
    help: 'rounds at rising rates, such as 50..5k*1.25/5s or 1k..5k+500/5s; in place of --rate',
    replaces: () => ['rate', 'ramp', 'duration', 'count'],
  },
} as const satisfies OptionTable;

const EXCHANGE_OPTIONS = {
  payload: {
    parse: parseFileName,
    value: 'FILE',
    group: GROUPS.exchange,
    isCommon: true,
    defaultHelp: 'nothing',
    help: 'send the content of FILE on each connection; - reads stdin',
    replaces: () => ['payload-size'],
  },
  'payload-size': {
    parse: sizeParser({ min: 0, max: PAYLOAD_MAX_BYTES }),
    value: 'BYTES',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'send this many made-up bytes, such as 64 or 64KiB',
    details: 'At most 256 KiB with --engine packet, as for --payload.',
    replaces: () => ['payload'],
  },
  finish: PLAIN_CLIENT_OPTIONS.finish,
  close: PLAIN_CLIENT_OPTIONS.close,
  hold: PLAIN_CLIENT_OPTIONS.hold,
  timeout: PLAIN_CLIENT_OPTIONS.timeout,
  'first-byte-timeout': {
    parse: durationParser({ min: NS_PER_US, max: HOUR_NS }),
    value: 'TIME',
    defaultHelp: 'none beside --timeout',
    group: GROUPS.exchange,
    help: 'time limit from the start of a connection to the first byte of the response',
  },
  'min-response': {
    parse: sizeParser({ min: 0, max: BODY_MAX_BYTES }),
    value: 'BYTES',
    default: '0',
    group: GROUPS.exchange,
    help: 'count an exchange that ends with fewer bytes of response as short_response',
    details:
      'In search and saturate, an exchange that ends without a byte is a failure where the lowest load was answered with bytes, whatever ' +
      'this option says.',
  },
  'expect-status': {
    parse: parseStatuses,
    value: 'LIST',
    defaultHelp: 'any',
    group: GROUPS.exchange,
    help: 'HTTP statuses that count as success, such as 200,30x; others are unexpected_response',
    details: 'An x stands for any digit. A response without an HTTP status is unexpected_response too.',
  },
  'expect-prefix': {
    parse: parsePrefix,
    value: 'TEXT|@FILE',
    defaultHelp: 'any',
    group: GROUPS.exchange,
    help: 'what a good response begins with; others are unexpected_response',
  },
} as const satisfies OptionTable;

const RESPONSE_OPTIONS = {
  sink: {
    parse: parseSink,
    value: 'KIND',
    default: 'null',
    group: GROUPS.responses,
    help: 'where responses go: null (counted only), memory, gather or file:DIR',
    words: {
      null: 'count the bytes and drop them; they are not even copied',
      memory: 'keep each response in the pieces that arrived',
      gather: 'keep each response in one piece',
      'file:DIR': 'write each response to an unlinked temporary file in DIR',
    },
  },
  'sink-strategy': {
    parse: parseWorkStrategy,
    value: 'HOW',
    default: 'direct',
    group: GROUPS.responses,
    help: 'which thread writes, gathers and verifies: direct, permit:N, dispatch:N,queue=L or pool',
    words: {
      direct: 'the load thread itself',
      'permit:N': 'the load threads, at most N of them at a time',
      'dispatch:N,queue=L': 'N threads of their own; when L jobs queue, the load thread runs the oldest',
      pool: "the runtime's own threads; needs --engine node and --sink file:DIR",
    },
  },
  'max-memory': {
    parse: sizeParser({ min: 1, max: BODY_MAX_BYTES }),
    value: 'BYTES',
    defaultHelp: 'no limit; all together half of the memory',
    group: GROUPS.responses,
    help: 'most memory for one response with memory and gather; a longer one goes to a file',
  },
  'spill-dir': {
    parse: parseFileName,
    value: 'DIR',
    defaultHelp: "the system's for temporary files",
    group: GROUPS.responses,
    help: 'directory for responses that are longer than --max-memory',
  },
  'max-body': {
    parse: sizeParser({ min: 1, max: BODY_MAX_BYTES }),
    value: 'BYTES',
    defaultHelp: 'no limit',
    group: GROUPS.responses,
    help: 'end a connection whose response is longer, as too_long',
  },
  verify: {
    parse: parseVerify,
    value: 'WHAT',
    group: GROUPS.responses,
    help: 'compare each response with FILE, echo (what was sent) or sha256:HEX; a difference is verify_failed',
    details:
      'The whole response is compared, with its HTTP head where it has one; its date makes each response of a web server another.',
    words: { echo: 'what was sent', 'sha256:HEX': 'a response with this SHA-256' },
  },
} as const satisfies OptionTable;

const SOURCE_OPTIONS = {
  source: {
    parse: parseSource,
    value: 'ADDRESS',
    repeatable: true,
    alias: ['local-ip'],
    defaultHelp: "the system's choice",
    group: GROUPS.source,
    isCommon: true,
    help: 'source addresses, used in turn: 10.0.0.2, 10.0.0.2-10.0.0.9 or 10.0.0.0/28; repeatable',
    details:
      'At most 65,536 addresses, which this machine has unless --freebind is given. With --engine packet up to 16,777,216, such as 10.0.0.0/8 or a /104, which it need ' +
      'not have: conngen answers for them on --interface. Take addresses that no other machine in that network has.',
  },
  'source-ports': {
    parse: parseSourcePorts,
    value: 'PORTS',
    defaultHelp: "outside the system's range",
    group: GROUPS.source,
    isCommon: true,
    help: 'source ports to use: 10000-32767, system, most or kernel',
    words: {
      system: "the system's own range, ip_local_port_range",
      most: 'all but what other programs of this machine need',
      kernel: 'the kernel chooses a port at each connect',
    },
    details:
      'The default takes ports outside of ip_local_port_range where there are enough, so that other programs keep theirs. A source port ' +
      'that is left in TIME_WAIT cannot be used again for 60 s, or for 1 s with net.ipv4.tcp_tw_reuse = 1. With --engine packet it is 1 s, ' +
      'and the default is 1024-65535 for addresses that this machine does not have.',
  },
  freebind: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: GROUPS.source,
    help: 'bind --source addresses that this machine does not have, such as those of a routed prefix',
  },
} as const satisfies OptionTable;

const GENERATOR_OPTIONS = {
  'max-in-flight': {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    defaultHelp: 'all that --rate can have open; 100 with max',
    group: GROUPS.generator,
    isCommon: true,
    help: 'most connections open at the same time; further starts are skipped and counted as missed',
    details:
      'With --rate max this is the number of connections that are kept open. The default for a rate is rate × (timeout + hold + 1 s), at ' +
      'least 1000, and at most what the limit of open files allows.',
  },
  workers: {
    parse: parseWorkers,
    value: 'N',
    default: 'auto',
    group: GROUPS.generator,
    isCommon: true,
    help: 'load threads, which share one schedule; auto is one for each 25000/s',
    words: { auto: 'one for each 25000/s, at most one for each core' },
    details: 'At most 4 for each core, and with --engine packet at most one for each receive queue of --interface.',
  },
} as const satisfies OptionTable;

export const CLIENT_OPTIONS = {
  ...TARGET_OPTIONS,
  ...OFFER_OPTIONS,
  ...EXCHANGE_OPTIONS,
  ...RESPONSE_OPTIONS,
  ...SOURCE_OPTIONS,
  ...PACKET_OPTIONS,
  ...GENERATOR_OPTIONS,
  ...FLEET_OPTIONS,
  ...PLAIN_CLIENT_OPTIONS,
  ...THRESHOLD_OPTIONS,
  ...SINK_OPTIONS,
  ...RESULT_OPTIONS,
  ...METRIC_OPTIONS,
  ...UI_OPTIONS,
  ...COMMON_OPTIONS,
} as const satisfies OptionTable;
