/** The options of `conngen agent`. */
import { parseAllowedTarget } from '../../plan/address/allowed-targets.ts';
import { parseAgentName } from '../../plan/fleet/fleet-choice.ts';
import { GROUPS } from '../../plan/option-groups.ts';
import type { OptionTable } from '../../units/option.ts';
import { NS_PER_DAY, NS_PER_SEC, durationParser, parseNumericRate } from '../../units/quantity.ts';
import { parseDirectory, parseFileName } from '../parsers.ts';
import { CLIENT_OPTIONS } from './client.ts';
import { COMMON_OPTIONS } from './common.ts';
import { FLEET_CONNECTION_OPTIONS } from './fleet.ts';
import { PACKET_OPTIONS } from './packet.ts';

const LIMIT_OPTIONS = {
  'allow-target': {
    parse: parseAllowedTarget,
    value: 'NETWORK[:PORTS]',
    repeatable: true,
    defaultHelp: 'this machine alone',
    group: GROUPS.limits,
    isCommon: true,
    help: 'aim at nothing but these: 10.0.0.0/8, 10.0.0.5:80,443, [2001:db8::/32]:443 or any; repeatable',
    details:
      'The agent refuses every other target, whatever the controller says. A name is looked up by the agent, and the address counts.',
  },
  trust: {
    parse: parseFileName,
    value: 'FILE',
    repeatable: true,
    group: GROUPS.limits,
    isCommon: true,
    help: 'take orders only if they are signed with a key in FILE (conngen fleet keygen makes one); repeatable',
    details:
      'FILE has public keys of controllers, in PEM. Without --trust an agent starts only where the NATS server is on this machine (127.0.0.1).',
  },
  'max-rate': {
    parse: parseNumericRate,
    value: 'N/s',
    defaultHelp: 'no limit',
    group: GROUPS.limits,
    isCommon: true,
    help: 'refuse runs in which this agent would start more connections or pings per second',
  },
  'max-duration': {
    parse: durationParser({ min: NS_PER_SEC, max: 30 * NS_PER_DAY }),
    value: 'TIME',
    default: '1h',
    group: GROUPS.limits,
    isCommon: true,
    help: 'refuse longer runs, and end one that takes longer',
  },
} as const satisfies OptionTable;

export const AGENT_OPTIONS = {
  ...FLEET_CONNECTION_OPTIONS,
  fleet: {
    ...FLEET_CONNECTION_OPTIONS.fleet,
    help: 'the NATS server of the fleet, such as nats://10.0.0.1:4222',
  },
  name: {
    parse: parseAgentName,
    value: 'NAME',
    defaultHelp: "the host's name",
    group: GROUPS.fleet,
    isCommon: true,
    help: 'name of this agent in the fleet: letters, digits, - and _',
  },
  ...LIMIT_OPTIONS,
  source: CLIENT_OPTIONS.source,
  'source-ports': CLIENT_OPTIONS['source-ports'],
  freebind: CLIENT_OPTIONS.freebind,
  ...PACKET_OPTIONS,
  keep: {
    parse: parseDirectory,
    value: 'DIR',
    group: GROUPS.output,
    help: "keep this agent's own result of each run in DIR, as RUN-NAME.json",
  },
  quiet: { ...COMMON_OPTIONS.quiet, help: 'log only warnings' },
  config: COMMON_OPTIONS.config,
} as const satisfies OptionTable;
