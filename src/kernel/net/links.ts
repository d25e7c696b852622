/** The network interfaces of this machine and their addresses, as rtnetlink(7) tells: also what `os.networkInterfaces()` leaves out. */
import { AF_INET, AF_INET6 } from '../constants.ts';
import { askNetlink, numberIn, readAttributes, textIn, type NetlinkMessage } from './netlink.ts';
import { addressBytes, addressOf } from './sockaddr.ts';

const RTM_GETLINK = 18;
const RTM_GETADDR = 22;
/** struct ifinfomsg: family, type (ARPHRD_*), index, flags. */
const IFINFO_BYTES = 16;
/** struct ifaddrmsg: family, prefix length, flags, scope, index. */
const IFADDR_BYTES = 8;
const ARPHRD_ETHER = 1;
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_LOWER_UP = 0x10000;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_LINK_NETNSID = 37;
const IFLA_XDP = 43;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VLAN_ID = 1;
const IFLA_XDP_ATTACHED = 2;
const IFLA_XDP_PROG_ID = 4;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

/** XDP_ATTACHED_* of linux/if_link.h. */
const XDP_MODES = ['none', 'native', 'generic', 'offloaded', 'several'] as const;

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** The kind of a virtual interface, such as veth, vlan or bond; empty for a network card. */
  readonly kind: string;
  readonly isEthernet: boolean;
  readonly isLoopback: boolean;
  /** Set up by an administrator (IFF_UP). */
  readonly isUp: boolean;
  /** There is a peer at the other end of the cable (IFF_LOWER_UP). */
  readonly hasCarrier: boolean;
  readonly mac: Uint8Array;
  readonly mtu: number;
  /** The interface that this one is on top of (vlan), or the other end (veth); null for neither. */
  readonly lowerIfindex: number | null;
  /** The lower interface is in another network namespace, where its number means nothing here. */
  readonly isLowerElsewhere: boolean;
  /** The bridge or bond that it is a port of. */
  readonly masterIfindex: number | null;
  /** The tag of a vlan. */
  readonly vlan: number | null;
  /** The XDP program on it. */
  readonly xdp: { readonly mode: 'native' | 'generic' | 'offloaded' | 'several'; readonly programId: number } | null;
}

/** An address of an interface, with the length of its network's prefix. */
export interface LinkAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
}

/** Every interface of this network namespace, in the kernel's order. Throws where there is no koffi. */
export function readLinks(): Link[] {
  const { messages } = askNetlink({ type: RTM_GETLINK, head: new Uint8Array(IFINFO_BYTES), isDump: true });
  return (messages ?? []).map(linkOf);
}

/** The interface of that name; undefined where there is none. */
export function readLink(name: string): Link | undefined {
  return readLinks().find((link) => link.name === name);
}

function linkOf({ head, attributes }: NetlinkMessage): Link {
  const flags = head.getUint32(8, true);
  const info = readAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array());
  const vlan = readAttributes(info.get(IFLA_INFO_DATA) ?? new Uint8Array()).get(IFLA_VLAN_ID);
  const kind = textIn(info, IFLA_INFO_KIND) ?? '';
  return {
    ifindex: head.getInt32(4, true),
    name: textIn(attributes, IFLA_IFNAME) ?? '',
    kind,
    isEthernet: head.getUint16(2, true) === ARPHRD_ETHER,
    isLoopback: (flags & IFF_LOOPBACK) !== 0,
    isUp: (flags & IFF_UP) !== 0,
    hasCarrier: (flags & IFF_LOWER_UP) !== 0,
    mac: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(),
    mtu: numberIn(attributes, IFLA_MTU) ?? 0,
    lowerIfindex: numberIn(attributes, IFLA_LINK) ?? null,
    isLowerElsewhere: attributes.has(IFLA_LINK_NETNSID),
    masterIfindex: numberIn(attributes, IFLA_MASTER) ?? null,
    vlan: kind === 'vlan' && vlan !== undefined ? (vlan[0] ?? 0) | ((vlan[1] ?? 0) << 8) : null,
    xdp: xdpOf(attributes.get(IFLA_XDP)),
  };
}

function xdpOf(nested: Uint8Array | undefined): Link['xdp'] {
  const attributes = readAttributes(nested ?? new Uint8Array());
  const mode = XDP_MODES[attributes.get(IFLA_XDP_ATTACHED)?.[0] ?? 0] ?? 'several';
  return mode === 'none' ? null : { mode, programId: numberIn(attributes, IFLA_XDP_PROG_ID) ?? 0 };
}

/** The addresses of an interface, of both families. Throws where there is no koffi. */
export function readAddresses(ifindex: number): LinkAddress[] {
  const { messages } = askNetlink({ type: RTM_GETADDR, head: new Uint8Array(IFADDR_BYTES), isDump: true });
  return (messages ?? []).flatMap(({ head, attributes }): LinkAddress[] => {
    const number = head.getUint8(0);
    // Of a point-to-point interface IFA_ADDRESS is the peer's; IFA_LOCAL is ours where it is there.
    const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
    if (head.getInt32(4, true) !== ifindex || bytes === undefined || !isKnownFamily(number)) return [];
    return [{ family: number === AF_INET ? 4 : 6, address: addressOf(bytes), prefixLength: head.getUint8(1) }];
  });
}

function isKnownFamily(number: number): boolean {
  return number === AF_INET || number === AF_INET6;
}

/** Whether `address` is in the network of `own`. */
export function isInNetwork(address: string, own: LinkAddress): boolean {
  if (address.includes(':') !== (own.family === 6)) return false;
  const a = addressBytes(address);
  const b = addressBytes(own.address);
  return a.every((byte, i) => {
    const bits = Math.min(8, Math.max(0, own.prefixLength - 8 * i));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((b[i] ?? 0) & mask);
  });
}

/** `02:00:00:00:00:01`. */
export function formatMac(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
