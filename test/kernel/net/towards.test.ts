// tier: kernel
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import t from 'tap';
import { loadLibc } from '../../../src/kernel/libc.ts';
import { sourceAddressTowards } from '../../../src/kernel/net/towards.ts';

function libcMissing(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  try {
    loadLibc();
    return false;
  } catch (error) {
    return `needs koffi: ${String(error)}`;
  }
}

const skip = libcMissing();
const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
const hasIpv6Loopback = all.some(({ address }) => address === '::1');

/** Whether the kernel has an IPv6 route to everywhere, by its routing table: a destination of ::/0 that is not to `lo`. */
function hasIpv6Default(): boolean {
  try {
    const lines = readFileSync('/proc/net/ipv6_route', 'utf8').trim().split('\n');
    return lines.some((line) => /^0{32} 00 /.test(line) && !line.endsWith(' lo'));
  } catch {
    return false;
  }
}

t.test('loopback is reached from loopback', { skip }, async (t) => {
  t.equal(sourceAddressTowards(4, '127.0.0.1', 2345), '127.0.0.1');
  t.equal(sourceAddressTowards(4, '127.0.0.9', 1), '127.0.0.1', 'another address of it too');
});

t.test(
  'IPv6 loopback is reached from itself',
  { skip: skip || (hasIpv6Loopback ? false : 'needs ::1 on lo') },
  async (t) => {
    const source = sourceAddressTowards(6, '::1', 2345);
    t.equal(source, '0:0:0:0:0:0:0:1', 'as readAddress tells it, uncompressed');
  },
);

t.test(
  'where there is no route there is no address',
  { skip: skip || (hasIpv6Default() ? 'needs a machine without an IPv6 default route' : false) },
  async (t) => {
    t.equal(sourceAddressTowards(6, '2001:db8::1', 80), undefined);
  },
);

t.test('an address that cannot be connected to has no source', { skip }, async (t) => {
  t.equal(sourceAddressTowards(4, '255.255.255.255', 80), undefined, 'broadcast (EACCES)');
  t.equal(sourceAddressTowards(6, 'fe80::1', 80), undefined, 'link-local without a scope (EINVAL)');
});

t.test('asking leaves no descriptor behind', { skip }, async (t) => {
  const libc = loadLibc();
  const nextDescriptor = (): number => {
    const fd = libc.socket(2, 2, 0);
    libc.close(fd);
    return fd;
  };
  const before = nextDescriptor();
  for (let i = 0; i < 50; i++) {
    sourceAddressTowards(4, '127.0.0.1', 2345);
    sourceAddressTowards(6, '2001:db8::1', 80);
  }
  t.equal(nextDescriptor(), before);
});
