/** What the packet engine counted: the `packet` block of results. */

/** Segments that were sent again because no acknowledgement came in time, or three duplicates of an older one. */
export interface PacketRetransmits {
  /** SYNs of a client, SYN-ACKs of a server. */
  readonly syn: number;
  /** Segments with data. */
  readonly data: number;
  /** FINs without data. */
  readonly fin: number;
}

/** Resets that the peer sent, by the state of the connection that they ended. */
export interface PacketResets {
  /** The answer to a SYN: the attempt was refused. */
  readonly syn_sent: number;
  /** Between the SYN-ACK of a server and the ACK of its client. */
  readonly syn_received: number;
  /** Established connections of which this side had sent no FIN. */
  readonly established: number;
  /** Connections of which this side had sent its FIN: with half-close that goes with the payload, before the answer. */
  readonly closing: number;
}

/** ICMP errors that quote a segment of this engine, by what they say. Only those that came. */
export interface PacketIcmp {
  /** Network unreachable; ICMPv6: no route to the destination. */
  readonly net_unreachable?: number;
  /** Host unreachable; ICMPv6: address unreachable. */
  readonly host_unreachable?: number;
  /** Port unreachable: most often a firewall that rejects. */
  readonly port_unreachable?: number;
  /** Administratively prohibited: a firewall or an access list. */
  readonly prohibited?: number;
  /** Fragmentation needed; ICMPv6: packet too big. Segments are smaller from then on. */
  readonly too_big?: number;
  /** Time exceeded: a routing loop. */
  readonly time_exceeded?: number;
  /** Any other error. */
  readonly other?: number;
}

/** The rings between the kernel and this process (XDP_STATISTICS, linux/if_xdp.h). What they drop, this machine was too slow for. */
export interface PacketRing {
  /** Packets that the kernel dropped because it had no frame for them, or they did not fit one. */
  readonly rx_dropped: number;
  /** Packets that the kernel dropped because this process had not taken those before. */
  readonly rx_ring_full: number;
  /** Times at which the kernel wanted a frame for a packet and found none. */
  readonly fill_ring_empty: number;
  /** Times at which the kernel looked for a packet to send and found none more: once for each batch, and no loss. */
  readonly tx_ring_empty: number;
}

/** What the packet engine counted of its packets. A key with a question mark in this interface is left out where its count is 0. */
export interface PacketCounts {
  /** Packets that were sent, those of ARP and neighbour discovery included. */
  readonly sent: number;
  /** Packets that were received and looked at. */
  readonly received: number;
  /** Segments that were sent again. */
  readonly retransmits: PacketRetransmits;
  /** Segments received whose bytes had all been received before. */
  readonly duplicates: number;
  /** Segments received before those that precede them. They are dropped, and the peer sends them again. */
  readonly out_of_order: number;
  /** Packets dropped because a checksum was wrong. */
  readonly checksum_errors: number;
  /** ICMP errors. */
  readonly icmp: PacketIcmp;
  /** Resets that the peer sent. */
  readonly resets: PacketResets;
  /** The rings between the kernel and this process. */
  readonly ring: PacketRing;
  /** Times at which data waited because the window of the peer was closed. */
  readonly window_stalls?: number;
  /** Probes of a closed window (RFC 9293, section 3.8.6.1). */
  readonly window_probes?: number;
  /** Resets and SYNs answered with a challenge ACK instead of being believed (RFC 5961). */
  readonly challenges?: number;
  /** SYN-ACKs received. */
  readonly syn_acks?: number;
  /** SYN-ACKs with a smaller maximum segment size than the MTU of the interface allows. */
  readonly syn_acks_low_mss?: number;
  /** SYN-ACKs without timestamps, although the SYN offered them. */
  readonly syn_acks_without_timestamps?: number;
  /** FINs that came again in TIME_WAIT and were acknowledged again. */
  readonly time_wait_acks?: number;
  /** Packets that belong to no connection of this engine. */
  readonly stray?: number;
  /** Packets whose headers contradict themselves. */
  readonly malformed?: number;
  /** Packets that could not be sent because all frames were under way. */
  readonly no_frame?: number;
  /** Packets that came in on the queue of another thread than that of their connection. */
  readonly handed_over?: number;
  /** ARP and neighbour discovery packets that were sent: answers, and announcements of the first addresses. */
  readonly neighbour_answers?: number;
  /** Times at which a thread of a server found the interface down. It waits 10 s for it to come up again; a client ends. */
  readonly interface_down?: number;
  /** Changes of the hardware address of a client's next hop, which the engine follows: another router took its address over. */
  readonly next_hop_changes?: number;
  /** Questions for that address, asked where nothing at all came back for a second, that had no answer within a second. */
  readonly next_hop_unanswered?: number;
}

/** What an interval of a round added to the counts. */
export interface PacketInterval {
  /** When the interval begins, in seconds since the first reading. */
  readonly start_sec: number;
  /** How long the interval is, in seconds. */
  readonly length_sec: number;
  /** What was added, only counts that moved, by their paths: `sent`, `retransmits.syn`. */
  readonly added: Readonly<Record<string, number>>;
}

/** What the packet engine counted over a round, without its warm-up: differences from the first reading to the last. */
export interface PacketEvidence extends PacketCounts {
  /** What each interval of the round added. The sums over the intervals are the counts of the round. */
  readonly intervals: readonly PacketInterval[];
}
