/** What the checks of the packet engine look at: plain data about the interface of the plan. */
import { countQueues } from '../engine/packet/attach/attach.ts';
import { findWay } from '../engine/packet/attach/next-hop.ts';
import { frameMemoryBytes } from '../engine/packet/port/xsk-port.ts';
import { readEthtool } from '../kernel/net/ethtool.ts';
import { readMostLockedMemory } from '../kernel/machine/limits.ts';
import { readAddresses, readLink, type Link, type LinkAddress } from '../kernel/net/links.ts';
import { mayLockMemory } from '../kernel/machine/privilege.ts';
import { neighbourOf } from '../kernel/net/routes.ts';
import { readXdpFeatures, type XdpFeatures } from '../kernel/net/xdp-features.ts';
import type { ClientPlan, Endpoint, PacketPlan } from '../plan/plan.ts';
import { RunError } from '../units/run-error.ts';

/** The router or target that comes next, or why there is none. */
export type NextHopFact =
  | { readonly kind: 'found'; readonly address: string; readonly isTarget: boolean; readonly isKnown: boolean }
  | { readonly kind: 'none'; readonly reason: string; readonly hint: string };

export interface PacketMachineFacts {
  readonly link: Link;
  /** Undefined where the driver does not tell its name. */
  readonly driver: string | undefined;
  /** Receive queues that are in use. */
  readonly queues: number;
  /** Receive queues that it could have without being made anew; undefined where the driver does not tell. */
  readonly mostQueues: number | undefined;
  /** By the names of `ethtool -k`'s table in the kernel. */
  readonly features: ReadonlyMap<string, boolean>;
  /** Null where this kernel does not tell. */
  readonly xdp: XdpFeatures | null;
  /** The kernel's own addresses on the interface. */
  readonly addresses: readonly LinkAddress[];
  readonly nextHop: NextHopFact;
  /** The memory that frames lock. */
  readonly lockedBytes: number;
  /** Undefined where nothing limits it. */
  readonly mostLockedBytes: number | undefined;
}

/** Asks the kernel and the driver; sends nothing. Null with other engines, without koffi, and where the interface is gone. */
export function readPacketFacts({ packet, target, workers }: ClientPlan): PacketMachineFacts | null {
  if (packet === null) return null;
  try {
    const link = readLink(packet.interfaceName);
    return link === undefined ? null : factsOf(link, packet, target, workers);
  } catch {
    return null;
  }
}

function factsOf(link: Link, packet: PacketPlan, target: Endpoint, workers: number): PacketMachineFacts {
  const { driver, features, channels } = readEthtool(link.name);
  const queues = countQueues(link.name);
  return {
    link,
    driver,
    features,
    queues,
    mostQueues: channels === undefined ? undefined : channels.maxRx + channels.maxCombined,
    xdp: readXdpFeatures(link.ifindex),
    addresses: readAddresses(link.ifindex),
    nextHop: nextHopOf(link, packet, target),
    // Each worker has frames to send, and all of them together those of every queue.
    lockedBytes: workers * frameMemoryBytes(0) + frameMemoryBytes(queues) - frameMemoryBytes(0),
    mostLockedBytes: mayLockMemory() ? undefined : readMostLockedMemory(),
  };
}

function nextHopOf(link: Link, { gateway, vlan }: PacketPlan, target: Endpoint): NextHopFact {
  try {
    const { address } = findWay({ gateway, vlan, target }, link);
    const known = vlan === null ? neighbourOf(link.ifindex, address.includes(':') ? 6 : 4, address) : undefined;
    return { kind: 'found', address, isTarget: address === target.address, isKnown: known?.isConfirmed === true };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { kind: 'none', reason: error.message, hint: error.hint };
  }
}
