/** What a driver tells of its interface: ioctl(2) SIOCETHTOOL, with the structs of linux/ethtool.h. None of it needs a capability. */
import { AF_INET, SOCK_CLOEXEC, SOCK_DGRAM } from '../constants.ts';
import { loadLibc, type Libc, type NativeMemory } from '../libc.ts';

const SIOCETHTOOL = 0x8946;
const ETHTOOL_GDRVINFO = 0x3;
const ETHTOOL_GSTRINGS = 0x1b;
const ETHTOOL_GSSET_INFO = 0x37;
const ETHTOOL_GFEATURES = 0x3a;
const ETHTOOL_GCHANNELS = 0x3c;
const ETH_SS_FEATURES = 4;
const STRING_BYTES = 32;
/** struct ifreq: the name in 16 bytes, then the address of the request. */
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;
/** struct ethtool_drvinfo: command, driver, version, … */
const DRVINFO_BYTES = 196;
/** Drivers have some 60 features; the kernel's table has 64. */
const MAX_FEATURES = 256;
const REQUEST_BYTES = 12 + MAX_FEATURES * STRING_BYTES;

/** How many queues the interface has and could have (ethtool -l). */
export interface Channels {
  readonly maxRx: number;
  readonly maxCombined: number;
  readonly rx: number;
  readonly combined: number;
}

/** What a driver tells; undefined where it does not tell it. */
export interface Ethtool {
  /** The name of the driver, such as veth, ixgbe or virtio_net. */
  readonly driver: string | undefined;
  readonly channels: Channels | undefined;
  /** Whether a feature is on, by the names of `ethtool -k`'s kernel table, such as `rx-lro`; one that is not there is left out. */
  readonly features: ReadonlyMap<string, boolean>;
}

let memory: NativeMemory | undefined;

/** Asks the driver of an interface. Nothing is known of one that is not there. Throws where there is no koffi. */
export function readEthtool(interfaceName: string): Ethtool {
  const libc = loadLibc();
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return { driver: undefined, channels: undefined, features: new Map() };
  try {
    memory ??= libc.alloc(IFREQ_BYTES + REQUEST_BYTES);
    const asking = new Asking(libc, fd, memory, interfaceName);
    return { driver: driverOf(asking), channels: channelsOf(asking), features: featuresOf(asking) };
  } finally {
    libc.close(fd);
  }
}

/** One request after the other in the same memory. */
class Asking {
  readonly #ask: () => number;
  readonly view: DataView;
  readonly bytes: Uint8Array;

  constructor(libc: Libc, fd: number, { address, bytes }: NativeMemory, interfaceName: string) {
    const request = address + IFREQ_BYTES;
    bytes.fill(0, 0, IFREQ_BYTES);
    bytes.set(Buffer.from(interfaceName, 'latin1').subarray(0, NAME_BYTES - 1));
    new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(NAME_BYTES, BigInt(request), true);
    this.bytes = bytes.subarray(IFREQ_BYTES);
    this.view = new DataView(bytes.buffer, bytes.byteOffset + IFREQ_BYTES);
    this.#ask = () => libc.ioctl(fd, SIOCETHTOOL, address);
  }

  /** Asks with 32-bit words from the struct's begin; false where the driver does not answer. */
  with(...words: readonly number[]): boolean {
    this.bytes.fill(0);
    words.forEach((word, i) => {
      this.view.setUint32(4 * i, word, true);
    });
    return this.#ask() === 0;
  }

  text(offset: number, length: number): string {
    const text = Buffer.from(this.bytes.subarray(offset, offset + length)).toString('latin1');
    return text.split('\0')[0] ?? '';
  }
}

function driverOf(asking: Asking): string | undefined {
  if (!asking.with(ETHTOOL_GDRVINFO) || asking.bytes.length < DRVINFO_BYTES) return undefined;
  return asking.text(4, STRING_BYTES) || undefined;
}

/** struct ethtool_channels: command, most of rx, tx, other and combined, then those in use in the same order. */
function channelsOf(asking: Asking): Channels | undefined {
  if (!asking.with(ETHTOOL_GCHANNELS)) return undefined;
  const word = (index: number): number => asking.view.getUint32(4 * index, true);
  return { maxRx: word(1), maxCombined: word(4), rx: word(5), combined: word(8) };
}

/** The names are the kernel's table (netdev_features_strings); a driver's features are bits in the same order. */
function featuresOf(asking: Asking): ReadonlyMap<string, boolean> {
  const features = new Map<string, boolean>();
  // struct ethtool_sset_info: command, reserved, mask of 64 bits, then a length for each bit that was answered.
  if (!asking.with(ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_FEATURES) || asking.view.getUint32(8, true) === 0)
    return features;
  const count = Math.min(MAX_FEATURES, asking.view.getUint32(16, true));
  if (!asking.with(ETHTOOL_GSTRINGS, ETH_SS_FEATURES, count)) return features;
  const names = Array.from({ length: count }, (_, i) => asking.text(12 + i * STRING_BYTES, STRING_BYTES));
  // struct ethtool_gfeatures: command, number of blocks; a block has available, requested, active and never changed.
  if (!asking.with(ETHTOOL_GFEATURES, Math.ceil(count / 32))) return features;
  names.forEach((name, i) => {
    const active = asking.view.getUint32(8 + (i >> 5) * 16 + 8, true);
    if (name !== '') features.set(name, ((active >>> (i & 31)) & 1) === 1);
  });
  return features;
}
