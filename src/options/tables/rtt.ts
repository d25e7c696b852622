/** The options of `conngen rtt`. */
import { HOUR_NS } from '../../plan/client-options.ts';
import { IN_FLIGHT_MAX } from '../../plan/demand/open-files.ts';
import { parseCpuList } from '../../plan/demand/cpus.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import { MESSAGE_BYTES, PIPELINE_MAX, SAMPLES_MAX, parsePingRate } from '../../plan/ping-plan.ts';
import { ENGINE_NAMES, PING_ENGINE_NAMES, type PingEngineChoice } from '../../plan/engines.ts';
import { BUSY_TASKS_MAX } from '../../plan/work.ts';
import type { OptionTable } from '../../units/option.ts';
import { refuse, type Parsed, type Parser } from '../../units/problem.ts';
import { choiceParser, countParser, durationParser, sizeParser } from '../../units/quantity.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { COMMON_OPTIONS, RESULT_OPTIONS, SINK_OPTIONS, engineWords } from './common.ts';
import { FLEET_OPTIONS } from './fleet.ts';
import { METRIC_OPTIONS } from './metrics.ts';
import { UI_OPTIONS } from './ui.ts';

const parseName = choiceParser<PingEngineChoice>(['auto', ...PING_ENGINE_NAMES]);

/** An engine of connections that has no pings is refused with the reason. */
const parsePingEngine: Parser<PingEngineChoice> = Object.assign((text: string): Parsed<PingEngineChoice> => {
  const parsed = parseName(text);
  const name = text.trim().toLowerCase();
  if (parsed.ok || !ENGINE_NAMES.some((each) => each === name)) return parsed;
  return refuse(
    `${parsed.expected}: the ${name} engine has no pings, and the round trips of rtt are those of kernel sockets`,
  );
}, parseName);

export const RTT_OPTIONS = {
  target: { ...CLIENT_OPTIONS.target, help: 'target to ping; in place of --host and --port' },
  host: { ...CLIENT_OPTIONS.host, help: 'address or name to ping' },
  port: { ...CLIENT_OPTIONS.port, help: 'port to ping' },
  ipv4: CLIENT_OPTIONS.ipv4,
  ipv6: CLIENT_OPTIONS.ipv6,
  protocol: {
    parse: choiceParser(['tcp', 'udp']),
    value: 'NAME',
    default: 'tcp',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'tcp (with TCP_NODELAY) or udp',
    words: { tcp: 'connections with TCP_NODELAY', udp: 'datagrams' },
  },
  rate: {
    parse: parsePingRate,
    value: 'N/s',
    default: '1000',
    repeatable: true,
    alias: ['r'],
    group: GROUPS.load,
    isCommon: true,
    help: 'pings per second over all connections, 0.001 to 1M; max sends back to back; repeat for rounds',
    words: { max: 'closed loop: each reply is followed by the next ping' },
  },
  duration: CLIENT_OPTIONS.duration,
  warmup: CLIENT_OPTIONS.warmup,
  cooldown: { ...CLIENT_OPTIONS.cooldown, help: 'pause between rounds, for the machines to settle' },
  size: {
    parse: sizeParser(MESSAGE_BYTES),
    value: 'BYTES',
    default: '64',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'size of each message; a datagram holds at most 65507',
  },
  connections: {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    default: '1',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'open connections, which send in turn',
  },
  pipeline: {
    parse: countParser('pings', { min: 1, max: PIPELINE_MAX }),
    value: 'DEPTH',
    defaultHelp: 'as many as --rate sends within --timeout; 1 with max, --think and blocking',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'most pings in flight on one connection; 1 waits for each reply',
  },
  think: {
    parse: durationParser({ min: 0, max: HOUR_NS }),
    value: 'TIME',
    default: '0s',
    group: GROUPS.exchange,
    help: 'pause of a connection after each reply; sets the pace where --rate is not given',
  },
  timeout: {
    ...CLIENT_OPTIONS.timeout,
    default: '1s',
    help: 'count a ping without a reply after TIME as lost; also limits opening a connection',
    details: 'A reply that comes later is counted as late.',
  },
  source: {
    ...CLIENT_OPTIONS.source,
    details: 'At most 65,536 addresses, which this machine has unless --freebind is given.',
  },
  freebind: CLIENT_OPTIONS.freebind,
  cpu: {
    parse: parseCpuList,
    value: 'CORE',
    defaultHelp: "the kernel's choice",
    group: GROUPS.generator,
    isCommon: true,
    help: 'pin the thread that pings to this core',
  },
  'busy-tasks': {
    parse: countParser('tasks', { min: 0, max: BUSY_TASKS_MAX }),
    value: 'N',
    default: '0',
    group: GROUPS.generator,
    help: 'tasks on the loop that pings, which wake every millisecond and compute',
  },
  samples: {
    parse: countParser('round trips', { min: 0, max: SAMPLES_MAX }),
    value: 'N',
    default: '0',
    group: GROUPS.output,
    help: 'keep up to N single round trips of each round, spread evenly, for --json',
  },
  ...FLEET_OPTIONS,
  ...SINK_OPTIONS,
  ...RESULT_OPTIONS,
  ...METRIC_OPTIONS,
  ...UI_OPTIONS,
  ...COMMON_OPTIONS,
  engine: {
    ...COMMON_OPTIONS.engine,
    parse: parsePingEngine,
    help: `I/O engine: ${PING_ENGINE_NAMES.join(', ')}; auto takes the first that works here, never blocking`,
    words: engineWords(PING_ENGINE_NAMES),
  },
} as const satisfies OptionTable;
