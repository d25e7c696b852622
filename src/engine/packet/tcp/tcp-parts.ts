import { randomFillSync } from 'node:crypto';
import { OwnAddresses } from '../link/own-addresses.ts';
import { AcknowledgementBudget } from './acknowledgement-budget.ts';
import { Arrival } from './arrival.ts';
import { ConnectionTable } from './connection-table.ts';
import { Lifecycle } from './lifecycle.ts';
import { LossRecovery } from './loss-recovery.ts';
import { LinkPeers } from './link-peers.ts';
import { Quotations } from './quotations.ts';
import { Reassembly } from './reassembly.ts';
import { Reception } from './reception.ts';
import { Resending } from './resending.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';
import { sizesOf, type Sizes } from './sizes.ts';
import type { StarvedRows } from './starved-rows.ts';
import { Strangers } from './strangers.ts';
import type { TcpOptions } from './tcp-options.ts';
import { TimeWait } from './time-wait.ts';
import { TimerWheel } from './timer-wheel.ts';
import { Transmission } from './transmission.ts';
import { TupleTable } from './tuple-table.ts';
import { TupleHash } from './tuple.ts';

/** As many connections may go on without a slot; beyond it a close resets, as in Linux (net.ipv4.tcp_max_orphans). */
export const MOST_ORPHANS = 1 << 18;
/** Rows for handshakes that peers began; the backlog bounds them further. */
const MOST_HANDSHAKES = 1 << 16;

/** What a TCP is made of. */
export interface TcpParts {
  readonly own: OwnAddresses;
  readonly peers: LinkPeers;
  readonly connections: ConnectionTable;
  readonly timeWait: TimeWait;
  readonly tuples: TupleTable;
  readonly wheel: TimerWheel;
  readonly lifecycle: Lifecycle;
  readonly transmission: Transmission;
  readonly resending: Resending;
  readonly arrival: Arrival;
  readonly strangers: Strangers;
  readonly quotations: Quotations;
  readonly reader: SegmentReader;
}

/** Makes the parts of a TCP, which share tables, frames and counters. */
export function assemble(options: TcpOptions, starved: StarvedRows, nowMs: number): TcpParts {
  const { port, link, counters, user, source, capacity, firstSequence } = options;
  const { view } = port;
  const own = new OwnAddresses(link.addresses);
  const peers = new LinkPeers(link.mac, link.vlan);
  // The first peer is where a client's packets go.
  if (link.nextHopMac !== null) peers.add(link.nextHopMac);
  const passive = options.remote === null ? MOST_HANDSHAKES : 0;
  const connections = new ConnectionTable(capacity + MOST_ORPHANS + passive, own.hasIpv6);
  const timeWait = new TimeWait(own.hasIpv6);
  const tuples = new TupleTable(connections, timeWait, capacity);
  const wheel = new TimerWheel(connections, nowMs);
  const writer = new SegmentWriter(port, peers);
  const reader = new SegmentReader(view, counters, link.hasUnfinishedChecksums);
  const sizes = sizesFor(link.mtu, port.frameBytes - peers.headerBytes);
  const budget = new AcknowledgementBudget();
  const hash = new TupleHash(options.key ?? randomKey());
  const recovery = new LossRecovery(connections);
  const reassembly = new Reassembly(connections, port.bytes);
  const tables = { connections, tuples, timeWait, wheel, recovery, reassembly };
  const shared = { source, user, counters, writer, budget, view, peers, own, reader, starved, ...sizes };
  const lifecycle = new Lifecycle({ ...tables, ...shared, hash, capacity, firstSequence });
  const transmission = new Transmission({ ...tables, ...shared });
  transmission.nowMs = nowMs;
  const owners = options.remote === null ? 0 : (link.workers ?? 1);
  const strangers = new Strangers({ ...tables, ...shared, port, owners });
  const resending = new Resending({ ...tables, ...shared, transmission });
  const reception = new Reception({ ...tables, ...shared, lifecycle, transmission });
  const arrival = new Arrival({ ...tables, ...shared, lifecycle, transmission, strangers, reception, resending });
  const quotations = new Quotations({ ...tables, ...shared, lifecycle, resending });
  return {
    own,
    peers,
    connections,
    timeWait,
    tuples,
    wheel,
    lifecycle,
    transmission,
    resending,
    arrival,
    strangers,
    quotations,
    reader,
  };
}

function sizesFor(mtu: number, frameBytes: number): { readonly sizes4: Sizes; readonly sizes6: Sizes } {
  // The last word of a payload may be written whole.
  const most = Math.min(mtu, frameBytes - 4);
  return { sizes4: sizesOf(most - 40), sizes6: sizesOf(most - 60) };
}

function randomKey(): [number, number, number, number] {
  const [a, b, c, d] = randomFillSync(new Int32Array(4)) as unknown as [number, number, number, number];
  return [a, b, c, d];
}
