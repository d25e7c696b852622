/** Which counts of the packet engine are evidence: their paths under `packet`, in the order of reports, and what each counts. */

export interface PacketRow {
  /** What the counter counts, for people. */
  readonly counts: string;
  /** The same of a count of 1. */
  readonly one: string;
  /** The count is in results although it is 0. */
  readonly isAlways?: boolean;
  /** It moves in any run: no sign of trouble, and in no chart of such signs. */
  readonly isUsual?: boolean;
}

/** Every count by its path. */
export const PACKET_ROWS: ReadonlyMap<string, PacketRow> = new Map<string, PacketRow>([
  ['sent', { counts: 'packets sent', one: 'packet sent', isAlways: true, isUsual: true }],
  ['received', { counts: 'packets received', one: 'packet received', isAlways: true, isUsual: true }],
  ['retransmits.syn', { counts: 'SYNs or SYN-ACKs sent again', one: 'SYN or SYN-ACK sent again', isAlways: true }],
  [
    'retransmits.data',
    { counts: 'segments with data sent again', one: 'segment with data sent again', isAlways: true },
  ],
  ['retransmits.fin', { counts: 'FINs sent again', one: 'FIN sent again', isAlways: true }],
  ['duplicates', { counts: 'segments that came twice', one: 'segment that came twice', isAlways: true }],
  [
    'out_of_order',
    {
      counts: 'segments that came before those that precede them',
      one: 'segment that came before those that precede it',
      isAlways: true,
    },
  ],
  [
    'checksum_errors',
    { counts: 'packets dropped for a wrong checksum', one: 'packet dropped for a wrong checksum', isAlways: true },
  ],
  ['icmp.net_unreachable', { counts: 'ICMP: network unreachable', one: 'ICMP: network unreachable' }],
  ['icmp.host_unreachable', { counts: 'ICMP: host unreachable', one: 'ICMP: host unreachable' }],
  ['icmp.port_unreachable', { counts: 'ICMP: port unreachable', one: 'ICMP: port unreachable' }],
  ['icmp.prohibited', { counts: 'ICMP: administratively prohibited', one: 'ICMP: administratively prohibited' }],
  ['icmp.too_big', { counts: 'ICMP: packet too big', one: 'ICMP: packet too big' }],
  ['icmp.time_exceeded', { counts: 'ICMP: time exceeded', one: 'ICMP: time exceeded' }],
  ['icmp.other', { counts: 'ICMP: other errors', one: 'ICMP: other error' }],
  ['resets.syn_sent', { counts: 'resets that answered a SYN', one: 'reset that answered a SYN', isAlways: true }],
  [
    'resets.syn_received',
    { counts: 'resets between SYN-ACK and ACK', one: 'reset between SYN-ACK and ACK', isAlways: true },
  ],
  [
    'resets.established',
    { counts: 'resets of established connections', one: 'reset of an established connection', isAlways: true },
  ],
  [
    'resets.closing',
    {
      counts: 'resets after this side had sent its FIN',
      one: 'reset after this side had sent its FIN',
      isAlways: true,
    },
  ],
  [
    'ring.rx_dropped',
    {
      counts: 'packets that the kernel dropped because it had no frame that they fit',
      one: 'packet that the kernel dropped because it had no frame that it fits',
      isAlways: true,
    },
  ],
  [
    'ring.rx_ring_full',
    {
      counts: 'packets that the kernel dropped because the ring was full',
      one: 'packet that the kernel dropped because the ring was full',
      isAlways: true,
    },
  ],
  [
    'ring.fill_ring_empty',
    {
      counts: 'times at which the kernel found no frame',
      one: 'time at which the kernel found no frame',
      isAlways: true,
    },
  ],
  [
    'ring.tx_ring_empty',
    {
      counts: 'times at which the kernel had nothing more to send',
      one: 'time at which the kernel had nothing more to send',
      isAlways: true,
      isUsual: true,
    },
  ],
  [
    'window_stalls',
    {
      counts: 'times at which data waited for the window of the peer',
      one: 'time at which data waited for the window of the peer',
    },
  ],
  ['window_probes', { counts: 'probes of a closed window', one: 'probe of a closed window' }],
  [
    'challenges',
    { counts: 'resets and SYNs answered with a challenge ACK', one: 'reset or SYN answered with a challenge ACK' },
  ],
  ['syn_acks', { counts: 'SYN-ACKs received', one: 'SYN-ACK received', isUsual: true }],
  [
    'syn_acks_low_mss',
    {
      counts: 'SYN-ACKs with a smaller maximum segment size than the interface allows',
      one: 'SYN-ACK with a smaller maximum segment size than the interface allows',
    },
  ],
  ['syn_acks_without_timestamps', { counts: 'SYN-ACKs without timestamps', one: 'SYN-ACK without timestamps' }],
  ['time_wait_acks', { counts: 'FINs acknowledged again in TIME_WAIT', one: 'FIN acknowledged again in TIME_WAIT' }],
  ['stray', { counts: 'packets of no connection', one: 'packet of no connection' }],
  ['malformed', { counts: 'malformed packets', one: 'malformed packet' }],
  [
    'no_frame',
    { counts: 'packets that found no free frame to be sent in', one: 'packet that found no free frame to be sent in' },
  ],
  [
    'handed_over',
    {
      counts: 'packets handed to the thread of their connection',
      one: 'packet handed to the thread of its connection',
      isUsual: true,
    },
  ],
  [
    'neighbour_answers',
    {
      counts: 'ARP and neighbour discovery packets sent',
      one: 'ARP or neighbour discovery packet sent',
      isUsual: true,
    },
  ],
  [
    'interface_down',
    {
      counts: 'times at which a thread found the interface down',
      one: 'time at which a thread found the interface down',
    },
  ],
  [
    'next_hop_changes',
    {
      counts: 'changes of the hardware address of the next hop',
      one: 'change of the hardware address of the next hop',
    },
  ],
  [
    'next_hop_unanswered',
    { counts: 'questions that the next hop did not answer', one: 'question that the next hop did not answer' },
  ],
]);
