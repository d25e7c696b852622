/** What the threads of one run share of an interface. Plain data: it crosses to the threads as it is, and descriptors are the process's. */
import type { AddressRun } from '../../plan/address/address-runs.ts';
import type { Endpoint } from '../../plan/plan.ts';
import type { PortRange } from '../../plan/ports/source-ports.ts';

export type { AddressRun };

/** How long a server waits for its interface to come up again: a change of its settings, or another driver, takes a few seconds. */
export const SERVER_PATIENCE_NS = 10e9;

export interface PacketLink {
  readonly interfaceName: string;
  readonly ifindex: number;
  readonly driver: string;
  readonly mode: 'native' | 'generic';
  readonly isZeroCopy: boolean;
  /** The receive queues that the program sends to sockets. Worker k of W serves those with queue % W = k. */
  readonly queues: number;
  /** The map from queue to socket (BPF_MAP_TYPE_XSKMAP): each thread puts its sockets there. */
  readonly socketMapFd: number;
  readonly mtu: number;
  readonly mac: Uint8Array;
  /** Where a client's packets go. Null for a server, which answers to where a packet came from. */
  readonly nextHopMac: Uint8Array | null;
  /** The next hop as all threads see it: its hardware address may change in a run. Left out by a server, and in tests. */
  readonly nextHop?: NextHopMemory | undefined;
  /** The tag of what is sent and received; null: frames without one. */
  readonly vlan: number | null;
  /** Our own addresses, in the order of their indices: a client's sources, or what a server answers for. */
  readonly addresses: readonly AddressRun[];
  /** The packets that the kernel sends over this interface's peer come with unfinished checksums (veth). */
  readonly hasUnfinishedChecksums: boolean;
  /** What the engine counts: see `engine/packet/packet-counters.ts`. One block, a row a thread. */
  readonly counters: SharedArrayBuffer;
  /** How the threads hand each other frames; left out where there is one thread. */
  readonly handover?: { readonly frames: SharedArrayBuffer; readonly wakers: SharedArrayBuffer } | undefined;
  readonly workers: number;
  /** Which of the workers this link is given to; set for each thread. */
  readonly worker: number;
}

/** The next hop: its address, and the memory that `engine/packet/next-hop-mac.ts` explains. */
export interface NextHopMemory {
  readonly address: string;
  readonly memory: SharedArrayBuffer;
}

/** What an engine that goes around the kernel's sockets is told before the threads start. */
export interface AttachRequest {
  readonly interfaceName: string;
  /** The next hop that the user names; null: the kernel's route says it. */
  readonly gateway: string | null;
  readonly vlan: number | null;
  /** A client's target; null for a server. */
  readonly target: Endpoint | null;
  /** A server's port; null for a client. */
  readonly listenPort: number | null;
  /** A client's sources, or what a server answers for. */
  readonly addresses: readonly AddressRun[];
  /** The ports of ours on addresses that the kernel has too. */
  readonly portRanges: readonly PortRange[];
  readonly workers: number;
}

/** The engine's hold on the interface. The kernel takes it away with the process, however that ends. */
export interface Attachment {
  readonly link: PacketLink;
  /** Remarks for the log: the mode, the next hop, what was left undone. */
  readonly notes: readonly string[];
  /** What the engine has counted, all threads added up, by the paths under `packet` in results. Cheap enough for once a second. */
  readonly readCounters: () => ReadonlyMap<string, number>;
  close(): void;
}
