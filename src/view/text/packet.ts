/** What the packet engine counted, for a person. */
import type { PacketCounts } from '../../document/packet-evidence.ts';
import { PACKET_ROWS } from '../../document/packet-table.ts';
import { packetValue } from '../../judge/packet-evidence.ts';
import { formatCount } from '../../units/format.ts';

/** These are in the first line, or told with their figures there. */
const TOLD: ReadonlySet<string> = new Set(['retransmits.syn', 'retransmits.data', 'retransmits.fin']);

/** One line, and a second one where something else than packets sent and received was counted. */
export function packetTexts(packet: PacketCounts): string[] {
  const { sent, received, retransmits } = packet;
  const again = [
    [retransmits.syn, 'SYN'],
    [retransmits.data, 'data'],
    [retransmits.fin, 'FIN'],
  ] as const;
  const resent = again.flatMap(([count, what]) => (count > 0 ? [`${formatCount(count)} ${what}`] : []));
  const others = [...PACKET_ROWS].flatMap(([path, { counts, one, isUsual }]) => {
    const count = packetValue(packet, path);
    // What was dropped for lack of a frame is counted by both.
    const isTwice = path === 'ring.fill_ring_empty' && count <= packet.ring.rx_dropped;
    return count === 0 || isUsual === true || isTwice || TOLD.has(path)
      ? []
      : [`${formatCount(count)} ${count === 1 ? one : counts}`];
  });
  // Their number depends on the sources and not on the connections.
  const { neighbour_answers: ofNeighbours = 0 } = packet;
  const beside = ofNeighbours === 0 ? '' : ` and ${formatCount(ofNeighbours)} of ARP or neighbour discovery`;
  const sentAgain = resent.length === 0 ? 'none sent again' : `sent again: ${resent.join(', ')}`;
  return [
    `${formatCount(sent - ofNeighbours)} sent${beside}, ${formatCount(received)} received; ${sentAgain}`,
    ...(others.length === 0 ? [] : [others.join(', ')]),
  ];
}
