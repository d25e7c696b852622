// tier: kernel
/** Frame by frame, through the kernel's own test run of the program: what goes to the engine's sockets, and what to the kernel. */
import { Buffer } from 'node:buffer';
import t, { type Test } from 'tap';
import { ADDRESS_RUNS_MAX } from '../../../../src/engine/packet/attach/capture-addresses.ts';
import { captureProgram, type CaptureRequest } from '../../../../src/engine/packet/attach/capture-program.ts';
import type { AddressRun } from '../../../../src/engine/seam/link.ts';
import { loadLibc } from '../../../../src/kernel/libc.ts';
import { mapOnTouch } from '../../../../src/kernel/native-memory.ts';
import { missingPacketCapabilities } from '../../../../src/kernel/machine/privilege.ts';
import { addressBytes } from '../../../../src/kernel/net/sockaddr.ts';
import { XDP_PASS, XDP_REDIRECT } from '../../../../src/kernel/xdp/bpf-numbers.ts';
import { Bpf } from '../../../../src/kernel/xdp/bpf.ts';
import { XskSocket } from '../../../../src/kernel/xdp/xsk-socket.ts';

const missing = process.platform === 'linux' ? missingPacketCapabilities() : ['Linux'];
const skip = missing.length > 0 ? `it needs ${missing.join(', ')}` : false;

const TARGET = '198.18.0.1';
const TARGET6 = '2001:db8::1';
const PORT = 7000;

const run4 = (address: string, count: number, isKernels = false): AddressRun => ({
  family: 4,
  high: 0n,
  low: BigInt(`0x${Buffer.from(addressBytes(address)).toString('hex')}`),
  count,
  isKernels,
});
const run6 = (address: string, count: number, isKernels = false): AddressRun => {
  const value = BigInt(`0x${Buffer.from(addressBytes(address)).toString('hex')}`);
  return { family: 6, high: value >> 64n, low: BigInt.asUintN(64, value), count, isKernels };
};

const client: CaptureRequest = {
  vlan: null,
  target: { address: TARGET, family: 4, port: PORT },
  listenPort: null,
  addresses: [run4('198.18.1.0', 256), run4('198.18.9.9', 1), run4('198.18.2.1', 1, true), run4('240.0.0.0', 16)],
  portRanges: [
    { first: 1024, last: 2047 },
    { first: 60_000, last: 65_535 },
  ],
};
const client6: CaptureRequest = {
  ...client,
  target: { address: TARGET6, family: 6, port: PORT },
  addresses: [run6('2001:db8:0:1::', 65_536), run6('fd00::8000:0:0:1', 2), run6('2001:db8::2', 1, true)],
};
const server: CaptureRequest = {
  ...client,
  target: null,
  listenPort: PORT,
  addresses: [...client.addresses, ...client6.addresses],
  portRanges: [],
};

const ETHERNET = Buffer.from('020000000001' + '020000000002', 'hex');
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const type = (value: number, vlan?: number): Buffer =>
  vlan === undefined
    ? Buffer.concat([ETHERNET, u16(value)])
    : Buffer.concat([ETHERNET, u16(0x8100), u16(vlan), u16(value)]);
const tcp = (source: number, destination: number): Buffer =>
  Buffer.concat([u16(source), u16(destination), Buffer.alloc(8), Buffer.from('5010fffe00000000', 'hex')]);

interface Header {
  readonly protocol?: number;
  readonly first?: number;
  readonly fragment?: number;
}

function ip4(source: string, destination: string, body: Buffer, header: Header = {}): Buffer {
  const bytes = Buffer.alloc(20);
  bytes[0] = header.first ?? 0x45;
  bytes.writeUInt16BE(20 + body.length, 2);
  bytes.writeUInt16BE(header.fragment ?? 0x4000, 6);
  bytes[9] = header.protocol ?? 6;
  bytes.set(addressBytes(source), 12);
  bytes.set(addressBytes(destination), 16);
  return Buffer.concat([bytes, body]);
}

function ip6(source: string, destination: string, body: Buffer, header: Header = {}): Buffer {
  const bytes = Buffer.alloc(40);
  bytes[0] = header.first ?? 0x60;
  bytes.writeUInt16BE(body.length, 4);
  bytes[6] = header.protocol ?? 6;
  bytes.set(addressBytes(source), 8);
  bytes.set(addressBytes(destination), 24);
  return Buffer.concat([bytes, body]);
}

const icmp = (kind: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]), body]);
const arp = (target: string, head = '0001080006040001'): Buffer =>
  Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(16), Buffer.from(addressBytes(target))]);

const ours = (frame: Buffer): [Buffer, number] => [frame, XDP_REDIRECT];
const kernels = (frame: Buffer): [Buffer, number] => [frame, XDP_PASS];
type Rows = Readonly<Record<string, [frame: Buffer, becomes: number]>>;

const in4 = (source: string, destination: string, from: number, to: number, header: Header = {}): Buffer =>
  Buffer.concat([type(0x0800), ip4(source, destination, tcp(from, to), header)]);
const in6 = (source: string, destination: string, from: number, to: number, header: Header = {}): Buffer =>
  Buffer.concat([type(0x86dd), ip6(source, destination, tcp(from, to), header)]);
const error4 = (quoted: Buffer, kind = 3): Buffer =>
  Buffer.concat([type(0x0800), ip4('198.18.0.254', '198.18.1.1', icmp(kind, quoted), { protocol: 1 })]);
const error6 = (quoted: Buffer, kind = 1): Buffer =>
  Buffer.concat([type(0x86dd), ip6('2001:db8::ff', '2001:db8:0:1::1', icmp(kind, quoted), { protocol: 58 })]);
const frame4 = (protocol: number, destination: string, body: Buffer): Buffer =>
  Buffer.concat([type(0x0800), ip4(TARGET, destination, body, { protocol })]);
const frame6 = (destination: string, body: Buffer): Buffer =>
  Buffer.concat([type(0x86dd), ip6(TARGET6, destination, body, { protocol: 58 })]);
const arpFor = (target: string, head?: string): Buffer => Buffer.concat([type(0x0806), arp(target, head)]);
const solicits = (target: string, kind = 135): Buffer =>
  frame6('ff02::1:ff00:1', icmp(kind, Buffer.from(addressBytes(target))));

const clientRows: Rows = {
  'an answer of the target': ours(in4(TARGET, '198.18.1.7', PORT, 40_000)),
  'the first address of a run': ours(in4(TARGET, '198.18.1.0', PORT, 1)),
  'the last address of a run': ours(in4(TARGET, '198.18.1.255', PORT, 65_535)),
  'the address before a run': kernels(in4(TARGET, '198.18.0.255', PORT, 40_000)),
  'the address after a run': kernels(in4(TARGET, '198.18.2.0', PORT, 40_000)),
  'a run of one address': ours(in4(TARGET, '198.18.9.9', PORT, 40_000)),
  'an address above 2^31': ours(in4(TARGET, '240.0.0.15', PORT, 40_000)),
  'the address after that run': kernels(in4(TARGET, '240.0.0.16', PORT, 40_000)),
  'the address of another': kernels(in4(TARGET, '10.0.0.1', PORT, 40_000)),
  "the kernel's address and a port of ours": ours(in4(TARGET, '198.18.2.1', PORT, 1024)),
  "the kernel's address and our last port": ours(in4(TARGET, '198.18.2.1', PORT, 65_535)),
  "the kernel's address and the port after our range": kernels(in4(TARGET, '198.18.2.1', PORT, 2048)),
  "the kernel's address and a port of its own": kernels(in4(TARGET, '198.18.2.1', PORT, 40_000)),
  'another host': kernels(in4('198.18.0.2', '198.18.1.7', PORT, 40_000)),
  'another service of the target': kernels(in4(TARGET, '198.18.1.7', 22, 40_000)),
  'a fragment that is not the last': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000, { fragment: 0x2000 })),
  'a fragment that is not the first': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000, { fragment: 1 })),
  'IP options': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000, { first: 0x46 })),
  UDP: kernels(in4(TARGET, '198.18.1.7', PORT, 40_000, { protocol: 17 })),
  'a cut TCP header': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000).subarray(0, 53)),
  'a cut IP header': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000).subarray(0, 33)),
  'a tag': kernels(Buffer.concat([type(0x0800, 7), ip4(TARGET, '198.18.1.7', tcp(PORT, 40_000))])),
  'IPv6 where all of ours is IPv4': kernels(in6(TARGET6, '2001:db8:0:1::1', PORT, 40_000)),
  'an ARP request for us': ours(arpFor('198.18.1.9')),
  'an ARP reply to us': ours(arpFor('198.18.1.9', '0001080006040002')),
  "an ARP request for the kernel's address": kernels(arpFor('198.18.2.1')),
  'an ARP request for another': kernels(arpFor('198.18.2.2')),
  'ARP of another kind of network': kernels(arpFor('198.18.1.9', '0006080006040001')),
  'ARP with long addresses': kernels(arpFor('198.18.1.9', '0001080008040001')),
  'cut ARP': kernels(arpFor('198.18.1.9').subarray(0, 41)),
  'a ping to us': ours(frame4(1, '198.18.1.9', icmp(8, Buffer.alloc(0)))),
  'a ping to the kernel': kernels(frame4(1, '198.18.2.1', icmp(8, Buffer.alloc(0)))),
  'a reply to a ping of the kernel': kernels(frame4(1, '198.18.2.1', icmp(0, Buffer.alloc(0)))),
  'a redirect': kernels(error4(ip4('198.18.1.7', TARGET, tcp(40_000, PORT)), 5)),
  'an error about a packet of ours': ours(error4(ip4('198.18.1.7', TARGET, tcp(40_000, PORT)))),
  'an error with 8 bytes of TCP': ours(error4(ip4('198.18.1.7', TARGET, tcp(40_000, PORT).subarray(0, 8)), 11)),
  'an error with 7 bytes of TCP': kernels(error4(ip4('198.18.1.7', TARGET, tcp(40_000, PORT).subarray(0, 7)))),
  'an error about a packet to us': kernels(error4(ip4(TARGET, '198.18.1.7', tcp(PORT, 40_000)))),
  'an error about UDP': kernels(error4(ip4('198.18.1.7', TARGET, tcp(40_000, PORT), { protocol: 17 }))),
  'an error about another service': kernels(error4(ip4('198.18.1.7', TARGET, tcp(40_000, 22)))),
  'an error about a port of ours': ours(error4(ip4('198.18.2.1', TARGET, tcp(1500, PORT)))),
  "an error about the kernel's connection": kernels(error4(ip4('198.18.2.1', TARGET, tcp(40_000, PORT)))),
  'another protocol': kernels(Buffer.concat([type(0x88cc), Buffer.alloc(60)])),
};

const client6Rows: Rows = {
  'an answer of the target': ours(in6(TARGET6, '2001:db8:0:1::ffff', PORT, 40_000)),
  'the address after a run': kernels(in6(TARGET6, '2001:db8:0:1::1:0', PORT, 40_000)),
  'the same lower half in another network': kernels(in6(TARGET6, '2001:db8:0:2::1', PORT, 40_000)),
  'a lower half above 2^63': ours(in6(TARGET6, 'fd00::8000:0:0:2', PORT, 40_000)),
  'the address after it': kernels(in6(TARGET6, 'fd00::8000:0:0:3', PORT, 40_000)),
  "the kernel's address and a port of ours": ours(in6(TARGET6, '2001:db8::2', PORT, 2047)),
  "the kernel's address and a port of its own": kernels(in6(TARGET6, '2001:db8::2', PORT, 40_000)),
  'another host': kernels(in6('2001:db8::3', '2001:db8:0:1::1', PORT, 40_000)),
  'another host with the same lower half': kernels(in6('2001:db9::1', '2001:db8:0:1::1', PORT, 40_000)),
  'another service of the target': kernels(in6(TARGET6, '2001:db8:0:1::1', 22, 40_000)),
  'a traffic class': ours(in6(TARGET6, '2001:db8:0:1::1', PORT, 40_000, { first: 0x6f })),
  'another version': kernels(in6(TARGET6, '2001:db8:0:1::1', PORT, 40_000, { first: 0x45 })),
  'an extension header': kernels(in6(TARGET6, '2001:db8:0:1::1', PORT, 40_000, { protocol: 43 })),
  'a fragment': kernels(in6(TARGET6, '2001:db8:0:1::1', PORT, 40_000, { protocol: 44 })),
  'a cut TCP header': kernels(in6(TARGET6, '2001:db8:0:1::1', PORT, 40_000).subarray(0, 73)),
  'IPv4 where all of ours is IPv6': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000)),
  'a solicitation for us': ours(solicits('2001:db8:0:1::5')),
  'an advertisement to us': ours(solicits('2001:db8:0:1::5', 136)),
  "a solicitation for the kernel's address": kernels(solicits('2001:db8::2')),
  'a cut solicitation': kernels(solicits('2001:db8:0:1::5').subarray(0, 77)),
  'a router advertisement': kernels(solicits('2001:db8:0:1::5', 134)),
  'a ping to us': ours(frame6('2001:db8:0:1::5', icmp(128, Buffer.alloc(0)))),
  'a ping to the kernel': kernels(frame6('2001:db8::2', icmp(128, Buffer.alloc(0)))),
  'an error about a packet of ours': ours(error6(ip6('2001:db8:0:1::5', TARGET6, tcp(40_000, PORT)), 2)),
  'an error about a packet to us': kernels(error6(ip6(TARGET6, '2001:db8:0:1::5', tcp(PORT, 40_000)))),
  "an error about the kernel's connection": kernels(error6(ip6('2001:db8::2', TARGET6, tcp(40_000, PORT)))),
};

const serverRows: Rows = {
  'a SYN of anybody': ours(in4('203.0.113.77', '198.18.1.7', 40_000, PORT)),
  'another port': kernels(in4('203.0.113.77', '198.18.1.7', 40_000, 22)),
  "our port on the kernel's address": ours(in4('203.0.113.77', '198.18.2.1', 40_000, PORT)),
  "another port on the kernel's address": kernels(in4('203.0.113.77', '198.18.2.1', 40_000, 22)),
  'our port on another address': kernels(in4('203.0.113.77', '198.18.3.1', 40_000, PORT)),
  'an answer of another server': kernels(in4('203.0.113.77', '198.18.1.7', PORT, 40_000)),
  'an error about our answer': ours(error4(ip4('198.18.1.7', '203.0.113.77', tcp(PORT, 40_000)))),
  'an error about another': kernels(error4(ip4('198.18.1.7', '203.0.113.77', tcp(40_000, PORT)))),
  'IPv6 too': ours(in6('2001:db8:77::1', '2001:db8:0:1::5', 40_000, PORT)),
  "IPv6 on the kernel's address": ours(in6('2001:db8:77::1', '2001:db8::2', 40_000, PORT)),
  'a ping to us': ours(frame6('2001:db8:0:1::5', icmp(128, Buffer.alloc(0)))),
};

const tagged = (frame: Buffer, tag: number): Buffer =>
  Buffer.concat([frame.subarray(0, 12), u16(0x8100), u16(tag), frame.subarray(12)]);
const vlanRows: Rows = {
  'our tag': ours(tagged(in4(TARGET, '198.18.1.7', PORT, 40_000), 7)),
  'our tag with a priority': ours(tagged(in4(TARGET, '198.18.1.7', PORT, 40_000), 0xe007)),
  'our tag on ARP': ours(tagged(arpFor('198.18.1.9'), 7)),
  'another tag': kernels(tagged(in4(TARGET, '198.18.1.7', PORT, 40_000), 8)),
  'no tag': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000)),
  'a cut frame': kernels(tagged(in4(TARGET, '198.18.1.7', PORT, 40_000), 7).subarray(0, 57)),
};

/** A map with a socket at queue 0 of the loopback interface, where the kernel's test runs come in; the map only, without a program there. */
class Frames {
  readonly #libc = loadLibc();
  readonly #bpf = new Bpf(this.#libc);
  readonly #map = this.#bpf.createSocketMap(2).fd;
  readonly #size = 64 * 2048;
  readonly #memory = mapOnTouch(this.#libc, this.#size);
  readonly #socket: XskSocket;

  constructor() {
    const rings = { rxEntries: 64, fillEntries: 64, txEntries: 64, completionEntries: 64 };
    const umem = { address: this.#memory.address, size: this.#size };
    const frames = { umem, chunkBytes: 2048, headroom: 2 };
    this.#socket = new XskSocket({ libc: this.#libc, ifindex: 1, queue: 0, ...frames, ...rings, copy: 'copy' });
  }

  putSocket(): void {
    t.equal(this.#bpf.putSocket(this.#map, 0, this.#socket.fd), 0);
  }

  check(t: Test, request: CaptureRequest, rows: Rows): void {
    const program = this.#bpf.loadProgram('test', captureProgram(request, this.#map).assemble());
    if ('errno' in program) throw new Error(program.verifierLog);
    for (const [name, [frame, becomes]] of Object.entries(rows))
      t.equal(this.#bpf.testRun(program.fd, frame), becomes, name);
    this.#libc.close(program.fd);
  }

  close(): void {
    this.#socket.dispose();
    this.#libc.close(this.#map);
    this.#libc.munmap(this.#memory.address, this.#size);
  }
}

t.test('each kind of frame goes where it belongs', { skip }, async (t) => {
  const frames = new Frames();
  t.teardown(() => frames.close());
  await t.test('a queue without a socket', async (t) => {
    frames.check(t, client, { 'an answer of the target': kernels(in4(TARGET, '198.18.1.7', PORT, 40_000)) });
  });
  frames.putSocket();
  await t.test('client, IPv4', async (t) => frames.check(t, client, clientRows));
  await t.test('client, IPv6', async (t) => frames.check(t, client6, client6Rows));
  await t.test('server, both families', async (t) => frames.check(t, server, serverRows));
  await t.test('with a tag', async (t) => frames.check(t, { ...client, vlan: 7 }, vlanRows));
  await t.test('a client and a server without other addresses', async (t) => {
    const own = [run4('198.18.1.0', 256)];
    frames.check(t, { ...client, addresses: own }, { answer: ours(in4(TARGET, '198.18.1.7', PORT, 40_000)) });
    frames.check(t, { ...server, addresses: own }, { SYN: ours(in4('203.0.113.1', '198.18.1.7', 40_000, PORT)) });
    const shared = [run4('198.18.2.1', 1, true)];
    frames.check(t, { ...client, addresses: shared }, { answer: ours(in4(TARGET, '198.18.2.1', PORT, 1024)) });
    frames.check(t, { ...server, addresses: shared }, { SYN: ours(in4('203.0.113.1', '198.18.2.1', 40_000, PORT)) });
    t.throws(() => captureProgram({ ...client, addresses: shared, portRanges: [] }, 0));
  });
  await t.test('as many runs as the program can hold', async (t) => {
    const many = Array.from({ length: ADDRESS_RUNS_MAX }, (_, i) => run4(`10.${i >> 8}.${i & 255}.0`, 3, i % 2 === 1));
    const many6 = Array.from({ length: ADDRESS_RUNS_MAX }, (_, i) => run6(`fd00:0:0:${i >> 2}::${4 * i}`, 3));
    frames.check(
      t,
      { ...server, addresses: [...many, ...many6] },
      {
        first: ours(in4(TARGET, '10.0.0.0', 40_000, PORT)),
        'between two': kernels(in4(TARGET, '10.2.9.3', 40_000, PORT)),
        last: ours(in4(TARGET, '10.3.255.2', 40_000, PORT)),
      },
    );
  });
});
