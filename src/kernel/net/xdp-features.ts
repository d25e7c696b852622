/** What a driver can do with XDP: the `netdev` family of generic netlink (Documentation/netlink/specs/netdev.yaml), since Linux 6.3. */
import { askNetlink, int32Bytes, viewOf } from './netlink.ts';

const NETLINK_GENERIC = 16;
/** linux/genetlink.h: the family that tells the numbers of the others. */
const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
/** linux/netdev.h. */
const NETDEV_CMD_DEV_GET = 1;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;
const NETDEV_XDP_ACT_BASIC = 1n;
const NETDEV_XDP_ACT_REDIRECT = 2n;
const NETDEV_XDP_ACT_XSK_ZEROCOPY = 8n;

export interface XdpFeatures {
  /** The driver itself runs XDP programs, and can hand packets to sockets. */
  readonly isNative: boolean;
  /** Packets need not be copied on their way to a socket. */
  readonly isZeroCopy: boolean;
}

/** Null where this kernel does not tell. Throws where there is no koffi. */
export function readXdpFeatures(ifindex: number): XdpFeatures | null {
  const family = familyId('netdev');
  if (family === null) return null;
  const attributes = [[NETDEV_A_DEV_IFINDEX, int32Bytes(ifindex)]] as const;
  const head = Uint8Array.of(NETDEV_CMD_DEV_GET, 1, 0, 0);
  const { messages } = askNetlink({ type: family, head, attributes, protocol: NETLINK_GENERIC });
  const value = messages?.[0]?.attributes.get(NETDEV_A_DEV_XDP_FEATURES);
  if (value === undefined || value.length < 8) return null;
  const features = viewOf(value).getBigUint64(0, true);
  const has = (bit: bigint): boolean => (features & bit) !== 0n;
  return {
    isNative: has(NETDEV_XDP_ACT_BASIC) && has(NETDEV_XDP_ACT_REDIRECT),
    isZeroCopy: has(NETDEV_XDP_ACT_XSK_ZEROCOPY),
  };
}

function familyId(name: string): number | null {
  const attributes = [[CTRL_ATTR_FAMILY_NAME, Buffer.from(`${name}\0`, 'latin1')]] as const;
  const head = Uint8Array.of(CTRL_CMD_GETFAMILY, 1, 0, 0);
  const { messages } = askNetlink({ type: GENL_ID_CTRL, head, attributes, protocol: NETLINK_GENERIC });
  const value = messages?.[0]?.attributes.get(CTRL_ATTR_FAMILY_ID);
  return value === undefined || value.length < 2 ? null : viewOf(value).getUint16(0, true);
}
