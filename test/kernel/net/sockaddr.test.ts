import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import t from 'tap';
import { AF_INET, AF_INET6 } from '../../../src/kernel/constants.ts';
import { zoneName } from '../../../src/kernel/net/zones.ts';
import {
  SOCKADDR_STRIDE,
  addressBytes,
  addressOf,
  familyNumber,
  readAddress,
  readPort,
  sockaddrSize,
  writePort,
  writeSockaddr,
} from '../../../src/kernel/net/sockaddr.ts';

function bytesOf(family: 4 | 6, address: string, port: number): string {
  const memory = new Uint8Array(SOCKADDR_STRIDE);
  writeSockaddr(memory, 0, family, address, port);
  return Buffer.from(memory.subarray(0, sockaddrSize(family))).toString('hex');
}

/** family (host order), port (network order), address, zeros: struct sockaddr_in of ip(7). */
const ipv4: readonly [address: string, port: number, hex: string][] = [
  ['127.0.0.1', 2345, '0200 0929 7f000001 0000000000000000'],
  ['0.0.0.0', 0, '0200 0000 00000000 0000000000000000'],
  ['255.255.255.255', 65_535, '0200 ffff ffffffff 0000000000000000'],
  ['192.0.2.17', 80, '0200 0050 c0000211 0000000000000000'],
  ['10.200.0.9', 256, '0200 0100 0ac80009 0000000000000000'],
];

/** family, port, flow label, address, scope (host order): struct sockaddr_in6 of ipv6(7). */
const ipv6: readonly [address: string, port: number, hex: string][] = [
  ['::', 0, '0a00 0000 00000000 00000000000000000000000000000000 00000000'],
  ['::1', 2345, '0a00 0929 00000000 00000000000000000000000000000001 00000000'],
  ['1::', 443, '0a00 01bb 00000000 00010000000000000000000000000000 00000000'],
  ['2001:db8::1', 8080, '0a00 1f90 00000000 20010db8000000000000000000000001 00000000'],
  ['2001:db8:1:2:3:4:5:6', 1, '0a00 0001 00000000 20010db8000100020003000400050006 00000000'],
  ['2001:DB8::AbCd:0:1', 1, '0a00 0001 00000000 20010db8000000000000abcd00000001 00000000'],
  ['1:2:3:4:5:6:7::', 1, '0a00 0001 00000000 00010002000300040005000600070000 00000000'],
  ['::2:3:4:5:6:7:8', 1, '0a00 0001 00000000 00000002000300040005000600070008 00000000'],
  ['::ffff:192.0.2.17', 80, '0a00 0050 00000000 00000000000000000000ffffc0000211 00000000'],
  ['::192.0.2.17', 80, '0a00 0050 00000000 000000000000000000000000c0000211 00000000'],
  ['64:ff9b::192.0.2.1', 80, '0a00 0050 00000000 0064ff9b0000000000000000c0000201 00000000'],
  ['1:2:3:4:5:6:1.2.3.4', 80, '0a00 0050 00000000 00010002000300040005000601020304 00000000'],
  ['fe80::1%2', 5, '0a00 0005 00000000 fe800000000000000000000000000001 02000000'],
  ['fe80::a:b%70000', 5, '0a00 0005 00000000 fe8000000000000000000000000a000b 70110100'],
];

for (const [address, port, hex] of ipv4) {
  t.test(`${address} port ${port}`, async (t) => t.equal(bytesOf(4, address, port), hex.replaceAll(' ', '')));
}

for (const [address, port, hex] of ipv6) {
  t.test(`${address} port ${port}`, async (t) => t.equal(bytesOf(6, address, port), hex.replaceAll(' ', '')));
}

t.test('families and sizes are those of the kernel', async (t) => {
  t.same([familyNumber(4), familyNumber(6)], [AF_INET, AF_INET6]);
  t.same([sockaddrSize(4), sockaddrSize(6)], [16, 28]);
  t.equal(SOCKADDR_STRIDE % 8, 0, 'addresses side by side stay aligned');
  t.equal(Math.max(SOCKADDR_STRIDE, 28), SOCKADDR_STRIDE, 'room for either');
});

t.test('an address is written at its offset, over whatever was there, and nowhere else', async (t) => {
  const memory = new Uint8Array(3 * SOCKADDR_STRIDE).fill(0xee);
  writeSockaddr(memory, SOCKADDR_STRIDE, 6, 'fe80::1%3', 9);
  writeSockaddr(memory, SOCKADDR_STRIDE, 4, '127.0.0.1', 2345);
  const hex = Buffer.from(memory).toString('hex');
  const untouched = 'ee'.repeat(SOCKADDR_STRIDE);
  t.equal(hex, untouched + ('02000929' + '7f000001').padEnd(2 * SOCKADDR_STRIDE, '0') + untouched);
});

t.test('memory that is a part of a larger buffer', async (t) => {
  const whole = new Uint8Array(128);
  const part = whole.subarray(64);
  writeSockaddr(part, SOCKADDR_STRIDE, 6, 'fe80::1%70007', 443);
  t.equal(readAddress(part, SOCKADDR_STRIDE, 6), 'fe80:0:0:0:0:0:0:1%70007');
  t.equal(whole[64 + SOCKADDR_STRIDE + 24], 70_007 & 0xff, 'the scope too');
  t.ok(whole.subarray(0, 64).every((byte) => byte === 0));
});

t.test('only the port changes when the port is written', async (t) => {
  for (const family of [4, 6] as const) {
    const memory = new Uint8Array(2 * SOCKADDR_STRIDE);
    const address = family === 4 ? '192.0.2.1' : '2001:db8::7';
    writeSockaddr(memory, SOCKADDR_STRIDE, family, address, 1);
    const expected = new Uint8Array(2 * SOCKADDR_STRIDE);
    writeSockaddr(expected, SOCKADDR_STRIDE, family, address, 54_321);
    writePort(memory, SOCKADDR_STRIDE, 54_321);
    t.same(memory, expected, `IPv${family}`);
    t.equal(readPort(memory, SOCKADDR_STRIDE), 54_321);
  }
});

t.test('what is written is read back', async (t) => {
  const ipv4Address = fc.ipV4();
  const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(
      ipv4Address,
      groups,
      fc.integer({ min: 0, max: 65_535 }),
      fc.nat(0xffffffff),
      (v4, parts, port, scope) => {
        const memory = new Uint8Array(SOCKADDR_STRIDE);
        writeSockaddr(memory, 0, 4, v4, port);
        const v4Back = readAddress(memory, 0, 4) === v4 && readPort(memory, 0) === port;
        const v6 = parts.map((part) => part.toString(16)).join(':');
        writeSockaddr(memory, 0, 6, scope === 0 ? v6 : `${v6}%${scope}`, port);
        // A number that is a device's comes back as its name.
        const expected = scope === 0 ? v6 : `${v6}%${zoneName(scope)}`;
        return v4Back && readAddress(memory, 0, 6) === expected && readPort(memory, 0) === port;
      },
    ),
  );
  t.pass('held in every run');
});

t.test('the bytes of a literal, and the literal of bytes in its shortest form', async (t) => {
  for (const literal of ['198.18.0.1', 'fd01::1:2', '::1', 'fe80::acf6:77ff:fe76:707a']) {
    const bytes = Uint8Array.from(addressBytes(literal));
    t.equal(bytes.length, literal.includes(':') ? 16 : 4);
    t.equal(addressOf(bytes), literal);
  }
  t.same(addressBytes('fe80::1%eth0'), addressBytes('fe80::1'), 'without its zone');
});
