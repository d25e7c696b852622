/** When the packet engine, or the machine that it ran on, was the limit of a round. */
import { formatCount, formatCountOf } from '../../units/format.ts';
import { waysOut } from '../advice.ts';
import type { RoundFacts } from '../facts.ts';
import { packetsLostHere, packetsTooLong } from '../packet-evidence.ts';
import { ringEvidence } from '../packet-finders.ts';
import type { Rule } from '../verdict.ts';

/** The share of the packets up to which those lost on this machine do not change the verdict. */
const LOST_SHARE = 0.0001;

export const PACKET_RULES: readonly Rule<RoundFacts>[] = [
  {
    code: 'ring_drops',
    status: 'generator_limited',
    when: 'Engine packet: more than 0.01 % of the packets were lost on this machine, because the rings between the kernel and the pacing threads were full, had no free frame, or the packets did not fit one.',
    remedy:
      'Lower the rate, or add --workers (the interface needs a queue for each: ethtool -L), or stop what else runs here.',
    applies: (facts) => {
      const { packet } = facts;
      if (packet === undefined) return undefined;
      const lost = packetsLostHere(packet);
      const all = packet.sent + packet.received;
      if (lost <= all * LOST_SHARE) return undefined;
      // Speed does not cure this.
      if (packetsTooLong(packet) * 2 > lost) {
        const fix =
          'segments were joined before they reached the engine: set the MTU to 1500 (of a veth at both ends), or switch joining off (ethtool -K: tso and gso at the other end of a veth, lro and rx-gro-hw here)';
        return {
          message: `This machine lost ${formatCountOf(lost, 'packet')} of its own, of ${formatCount(all)}: they were longer than a frame of the engine; ${fix}.`,
          evidence: ringEvidence(packet),
        };
      }
      return {
        message: `This machine lost ${formatCountOf(lost, 'packet')} of its own, of ${formatCount(all)}: it did not take them from the rings of the interface in time, or had no frame to send them in; ${waysOut(facts, 'add --workers (one for each queue: ethtool -L)', 'stop what else runs here')}.`,
        evidence: ringEvidence(packet),
      };
    },
  },
];
