/** The kernel's routes and neighbours, as rtnetlink(7) tells them. */
import { askNetlink, int32Bytes, numberIn, readAttributes, viewOf, type Attributes } from './netlink.ts';
import { addressBytes, addressOf, familyNumber } from './sockaddr.ts';

const RTM_GETROUTE = 26;
const RTM_GETNEIGH = 30;
/** struct rtmsg: family, lengths of the prefixes, TOS, table, protocol, scope, type, flags. */
const RTMSG_BYTES = 12;
/** struct ndmsg: family, padding, index, state, flags, type. */
const NDMSG_BYTES = 12;
/** Answers with the route as it is in the table, and with an error where none matches (linux/rtnetlink.h). */
const RTM_F_FIB_MATCH = 0x2000;
const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_VIA = 18;
const NDA_DST = 1;
const NDA_LLADDR = 2;
/** struct rtnexthop: length, flags, weight, index; attributes follow. */
const RTNEXTHOP_BYTES = 8;

/** NUD_* of linux/neighbour.h. */
const NUD_INCOMPLETE = 0x01;
const NUD_FAILED = 0x20;
/** NUD_REACHABLE, NUD_NOARP, NUD_PERMANENT. */
const NUD_CONFIRMED = 0x02 | 0x40 | 0x80;
const NUD_FIXED = 0x40 | 0x80;

export interface KernelRoute {
  readonly kind: 'unicast' | 'local' | 'other';
  readonly ifindex: number;
  /** The router, of either family; null where the target is on the link. */
  readonly gateway: string | null;
  /** The address that the kernel sends from; null where it does not say. */
  readonly source: string | null;
}

/** A route, or the error number of there being none. */
export type RouteAnswer = { readonly route: KernelRoute } | { readonly route: null; readonly errno: number };

/** The kernel's route to a literal address. Throws where there is no koffi. */
export function routeTo(family: 4 | 6, address: string): RouteAnswer {
  return askRoute(family, address, 0, []);
}

/** The best route to a literal address of those that leave by one interface, whichever the kernel would take. Throws where there is no koffi. */
export function routeOver(family: 4 | 6, address: string, ifindex: number): RouteAnswer {
  return askRoute(family, address, RTM_F_FIB_MATCH, [[RTA_OIF, int32Bytes(ifindex)]], ifindex);
}

function askRoute(
  family: 4 | 6,
  address: string,
  flags: number,
  attributes: readonly (readonly [number, Uint8Array])[],
  wanted: number | null = null,
): RouteAnswer {
  const head = new Uint8Array(RTMSG_BYTES);
  head[0] = familyNumber(family);
  head[1] = family === 4 ? 32 : 128;
  viewOf(head).setUint32(8, flags, true);
  const destination = [RTA_DST, Uint8Array.from(addressBytes(address))] as const;
  const answer = askNetlink({ type: RTM_GETROUTE, head, attributes: [destination, ...attributes] });
  if (answer.messages === null) return { route: null, errno: answer.errno };
  const [message] = answer.messages;
  if (message === undefined) return { route: null, errno: 0 };
  const type = message.head.getUint8(7);
  const source = message.attributes.get(RTA_PREFSRC);
  return {
    route: {
      kind: type === RTN_UNICAST ? 'unicast' : type === RTN_LOCAL ? 'local' : 'other',
      ...hopOf(message.attributes, wanted),
      source: source === undefined ? null : addressOf(source),
    },
  };
}

function hopOf(attributes: Attributes, wanted: number | null): Pick<KernelRoute, 'ifindex' | 'gateway'> {
  const hops = hopsIn(attributes.get(RTA_MULTIPATH) ?? new Uint8Array());
  const hop = hops.find(({ ifindex }) => ifindex === wanted) ?? hops[0];
  return hop ?? { ifindex: numberIn(attributes, RTA_OIF) ?? 0, gateway: gatewayIn(attributes) };
}

/** The ways of a route that has several (rtnetlink(7), RTA_MULTIPATH). */
function hopsIn(bytes: Uint8Array): Pick<KernelRoute, 'ifindex' | 'gateway'>[] {
  const hops: Pick<KernelRoute, 'ifindex' | 'gateway'>[] = [];
  const view = viewOf(bytes);
  for (let at = 0; at + RTNEXTHOP_BYTES <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < RTNEXTHOP_BYTES || at + length > bytes.length) break;
    const attributes = readAttributes(bytes.subarray(at + RTNEXTHOP_BYTES, at + length));
    hops.push({ ifindex: view.getInt32(at + 4, true), gateway: gatewayIn(attributes) });
    at += (length + 3) & ~3;
  }
  return hops;
}

function gatewayIn(attributes: Attributes): string | null {
  const gateway = attributes.get(RTA_GATEWAY);
  if (gateway !== undefined) return addressOf(gateway);
  // A router of the other family: its family in 16 bits, then its address.
  const via = attributes.get(RTA_VIA);
  return via === undefined ? null : addressOf(via.subarray(2));
}

export interface Neighbour {
  /** Null while the kernel has no answer. */
  readonly mac: Uint8Array | null;
  /** The kernel had an answer lately, or was told so: it need not ask. */
  readonly isConfirmed: boolean;
  /** An administrator has set it (NUD_PERMANENT, NUD_NOARP): it is not asked for. */
  readonly isPermanent: boolean;
}

/** The neighbours on an interface whose hardware addresses the kernel knows. Throws where there is no koffi. */
export function neighboursOn(ifindex: number): string[] {
  const { messages } = askNetlink({ type: RTM_GETNEIGH, head: new Uint8Array(NDMSG_BYTES), isDump: true });
  return (messages ?? []).flatMap(({ head, attributes }) => {
    const address = attributes.get(NDA_DST);
    const isKnown = attributes.has(NDA_LLADDR) && (head.getUint16(8, true) & (NUD_INCOMPLETE | NUD_FAILED)) === 0;
    return head.getInt32(4, true) === ifindex && isKnown && address !== undefined ? [addressOf(address)] : [];
  });
}

/** What the kernel knows of a neighbour; undefined where it never asked. Throws where there is no koffi. */
export function neighbourOf(ifindex: number, family: 4 | 6, address: string): Neighbour | undefined {
  const head = new Uint8Array(NDMSG_BYTES);
  head[0] = familyNumber(family);
  viewOf(head).setInt32(4, ifindex, true);
  const destination = [NDA_DST, Uint8Array.from(addressBytes(address))] as const;
  const { messages } = askNetlink({ type: RTM_GETNEIGH, head, attributes: [destination] });
  const message = messages?.[0];
  if (message === undefined) return undefined;
  const state = message.head.getUint16(8, true);
  const mac = message.attributes.get(NDA_LLADDR);
  const isKnown = mac !== undefined && (state & (NUD_INCOMPLETE | NUD_FAILED)) === 0;
  return {
    mac: isKnown ? mac.slice() : null,
    isConfirmed: isKnown && (state & NUD_CONFIRMED) !== 0,
    isPermanent: isKnown && (state & NUD_FIXED) !== 0,
  };
}
