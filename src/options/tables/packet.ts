/** The options of an engine that works on an interface. */
import { GROUPS } from '../../plan/option-groups.ts';
import { parseGateway, parseInterface, parseVlan } from '../../plan/packet/packet-plan.ts';
import type { OptionTable } from '../../units/option.ts';

export const PACKET_OPTIONS = {
  interface: {
    parse: parseInterface,
    value: 'IF',
    group: GROUPS.interface,
    help: 'network interface that --engine packet sends and receives on',
    details:
      'Only packets of the connections of conngen are taken from the interface; other programs go on using it. It must be up, and not loopback.',
  },
  gateway: {
    parse: parseGateway,
    value: 'ADDRESS',
    defaultHelp: "the kernel's route to the target",
    group: GROUPS.interface,
    help: 'router to send packets through, with --engine packet',
  },
  vlan: {
    parse: parseVlan,
    value: 'ID',
    defaultHelp: 'no tag',
    group: GROUPS.interface,
    help: 'tag packets for this VLAN, 1 to 4094, with --engine packet',
  },
} as const satisfies OptionTable;
