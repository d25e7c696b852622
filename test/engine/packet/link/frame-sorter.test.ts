import t, { type Test } from 'tap';
import type { ErrorReceiver } from '../../../../src/engine/packet/link/icmp.ts';
import { FrameSorter, type SegmentReceiver } from '../../../../src/engine/packet/link/frame-sorter.ts';
import {
  CHECKSUM_ERRORS,
  ICMP_HOST_UNREACHABLE,
  ICMP_NET_UNREACHABLE,
  ICMP_OTHER,
  ICMP_PORT_UNREACHABLE,
  ICMP_PROHIBITED,
  ICMP_TIME_EXCEEDED,
  ICMP_TOO_BIG,
  MALFORMED,
  NEIGHBOUR_ANSWERS,
  STRAY,
  countersOf,
} from '../../../../src/engine/packet/packet-counters.ts';
import type { PacketLink } from '../../../../src/engine/seam/link.ts';
import { ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT, EPROTO, EACCES } from '../../../../src/kernel/errno.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { linkOf, MACS, runOf } from '../links.ts';
import { MemoryWire } from '../memory-wire.ts';
import {
  addressBytes,
  datagramOf,
  encodeArp,
  encodeIcmp,
  encodeTcp,
  SYN,
  type ArpPacket,
  type IcmpPacket,
  type Packet,
  type TcpPacket,
} from '../packets.ts';

const ADDRESSES = [
  runOf('198.18.0.0', 256),
  runOf('10.0.0.1', 1, true),
  runOf('fd00::', 256),
  runOf('fd01::1', 1, true),
];
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NO_MAC = '00:00:00:00:00:00';
const FROM_PEER = { sourceMac: MACS[1], destinationMac: MACS[0], vlan: null };

/** Notes what it gets. `quoted` is the connection that every quotation is of. */
class Segments implements SegmentReceiver, ErrorReceiver {
  readonly calls: string[] = [];
  quoted = -1;
  packet4(frame: number, ip: number, end: number): void {
    this.calls.push(`packet4 ${ip - frame} ${end - frame}`);
  }
  packet6(frame: number, ip: number, end: number): void {
    this.calls.push(`packet6 ${ip - frame} ${end - frame}`);
  }
  quoted4(ip: number, end: number): number {
    this.calls.push(`quoted4 ${end - ip}`);
    return this.quoted;
  }
  quoted6(ip: number, end: number): number {
    this.calls.push(`quoted6 ${end - ip}`);
    return this.quoted;
  }
  unreachable(connection: number, errno: number): void {
    this.calls.push(`unreachable ${connection} ${errno}`);
  }
  tooBig(connection: number, mtu: number): void {
    this.calls.push(`tooBig ${connection} ${mtu}`);
  }
}

class Bench {
  readonly wire = new MemoryWire({ clock: new ManualClock() });
  readonly segments = new Segments();
  readonly sorter: FrameSorter;
  readonly counters: Float64Array;

  constructor(given: Partial<PacketLink> = {}) {
    const link = linkOf(0, { addresses: ADDRESSES, ...given });
    this.counters = countersOf(link.counters, 0);
    this.sorter = new FrameSorter(this.wire.ports[0], link, this.segments, this.segments);
    this.wire.isRecording = true;
  }

  /** What comes back when a frame comes. */
  answers(frame: Uint8Array): Packet[] {
    const before = this.wire.sent.length;
    this.wire.inject(0, frame);
    this.wire.ports[0].receive(this.sorter);
    this.wire.ports[0].flush();
    return this.wire.sent.slice(before).map(({ packet }) => packet);
  }

  /** The counters that are not 0, by index. */
  counts(): Record<number, number> {
    return Object.fromEntries([...this.counters].map((n, i) => [i, n] as const).filter(([, n]) => n > 0));
  }
}

const question = (target: string, more: Partial<ArpPacket> = {}): Uint8Array =>
  encodeArp({
    ...FROM_PEER,
    destinationMac: BROADCAST,
    kind: 'arp',
    operation: 1,
    senderMac: MACS[1],
    sender: '198.18.1.1',
    targetMac: NO_MAC,
    target,
    ...more,
  });

function solicitation(target: string, more: Partial<IcmpPacket> = {}): Uint8Array {
  const body = Uint8Array.from([0, 0, 0, 0, ...addressBytes(target), 1, 1, 2, 0, 0, 0, 0, 0xb]);
  const destinationMac = '33:33:ff:00:00:05';
  return encodeIcmp({
    ...FROM_PEER,
    destinationMac,
    kind: 'icmp',
    family: 6,
    source: 'fd00::1:1',
    destination: 'ff02::1:ff00:5',
    ttl: 255,
    type: 135,
    code: 0,
    body,
    isSound: true,
    ...more,
  });
}

const ping = (family: 4 | 6, destination: string, more: Partial<IcmpPacket> = {}): Uint8Array =>
  encodeIcmp({
    ...FROM_PEER,
    kind: 'icmp',
    family,
    source: family === 4 ? '198.18.1.1' : 'fd00:0:0:0:0:0:1:1',
    destination,
    ttl: 63,
    type: family === 4 ? 8 : 128,
    code: 0,
    body: Uint8Array.from([1, 2, 3, 4, 5, 6, 7]),
    isSound: true,
    ...more,
  });

const segment = (more: Partial<TcpPacket> = {}): TcpPacket => ({
  ...FROM_PEER,
  kind: 'tcp',
  family: 4,
  source: '198.18.1.1',
  destination: '198.18.0.5',
  ttl: 64,
  id: 0,
  dontFragment: true,
  sourcePort: 7000,
  destinationPort: 1024,
  sequence: 1,
  acknowledgement: 0,
  flags: SYN,
  window: 1000,
  options: {},
  payload: new Uint8Array(0),
  isSound: true,
  ...more,
});

t.test('ARP: requests for our own addresses are answered, and nothing else', (t) => {
  const bench = new Bench();
  t.match(bench.answers(question('198.18.0.5')), [
    {
      kind: 'arp',
      operation: 2,
      sourceMac: MACS[0],
      destinationMac: MACS[1],
      senderMac: MACS[0],
      sender: '198.18.0.5',
      targetMac: MACS[1],
      target: '198.18.1.1',
    },
  ]);
  t.match(bench.answers(question('198.18.0.5', { sender: '0.0.0.0' })), [{ target: '0.0.0.0' }], 'a probe (RFC 5227)');
  t.strictSame(bench.answers(question('198.18.1.0')), [], 'not ours');
  t.strictSame(bench.answers(question('10.0.0.1')), [], "the kernel's");
  t.strictSame(bench.answers(question('198.18.0.5', { operation: 2 })), [], 'a reply');
  t.strictSame(bench.counts(), { [NEIGHBOUR_ANSWERS]: 2 });
  t.strictSame(bench.answers(question('198.18.0.5').subarray(0, 40)), [], 'cut off');
  const ofOtherKind = question('198.18.0.5');
  ofOtherKind[15] = 6;
  t.strictSame(bench.answers(ofOtherKind), [], 'of another kind of network');
  t.equal(bench.counters[MALFORMED], 2);
  bench.wire.ports[0].isFull = true;
  t.strictSame(bench.answers(question('198.18.0.5')), [], 'no frame is free');
  t.end();
});

t.test('neighbour solicitations are answered with an advertisement', (t) => {
  const bench = new Bench();
  const [answer] = bench.answers(solicitation('fd00::5')) as [IcmpPacket];
  t.match(answer, { kind: 'icmp', type: 136, code: 0, ttl: 255, isSound: true, destinationMac: MACS[1] });
  t.equal(answer.source, 'fd00:0:0:0:0:0:0:5');
  t.equal(answer.destination, 'fd00:0:0:0:0:0:1:1');
  t.strictSame([...answer.body], [0x60, 0, 0, 0, ...addressBytes('fd00::5'), 2, 1, 2, 0, 0, 0, 0, 0xa]);
  const [toAll] = bench.answers(solicitation('fd00::5', { source: '::' })) as [IcmpPacket];
  t.equal(toAll.destination, 'ff02:0:0:0:0:0:0:1', 'one who looks for a double is answered before all');
  t.equal(toAll.destinationMac, '33:33:00:00:00:01');
  t.equal(toAll.body[0], 0x20);
  t.ok(toAll.isSound);
  t.strictSame(bench.answers(solicitation('fd00::100')), [], 'not ours');
  t.strictSame(bench.answers(solicitation('fd01::1')), [], "the kernel's");
  t.strictSame(bench.counts(), { [NEIGHBOUR_ANSWERS]: 2 });
  t.strictSame(bench.answers(solicitation('fd00::5', { ttl: 254 })), [], 'from beyond a router');
  t.strictSame(bench.answers(solicitation('fd00::5', { isSound: false })), [], 'damaged');
  t.equal(bench.counters[MALFORMED], 1);
  t.equal(bench.counters[CHECKSUM_ERRORS], 1);
  t.end();
});

t.test('announce: the first addresses are told to the link, those of the kernel not', (t) => {
  const bench = new Bench({
    addresses: [runOf('10.0.0.1', 1, true), runOf('198.18.0.255', 2), runOf('fd00::5'), runOf('198.19.0.0', 65_536)],
  });
  bench.sorter.neighbours.announce();
  const [first, second, third, ...rest] = bench.wire.sent.map(({ packet }) => packet);
  t.match(first, {
    kind: 'arp',
    operation: 1,
    destinationMac: BROADCAST,
    sender: '198.18.0.255',
    target: '198.18.0.255',
  });
  t.match(second, { kind: 'arp', sender: '198.18.1.0', target: '198.18.1.0', targetMac: NO_MAC });
  t.match(third, { type: 136, source: 'fd00:0:0:0:0:0:0:5', destination: 'ff02:0:0:0:0:0:0:1', isSound: true });
  t.equal(rest.length, 253, '256 in all');
  t.end();
});

t.test('echo requests to addresses that are ours alone are answered', (t) => {
  const bench = new Bench();
  const [four] = bench.answers(ping(4, '198.18.0.5')) as [IcmpPacket];
  t.match(four, { type: 0, code: 0, source: '198.18.0.5', destination: '198.18.1.1', ttl: 64, isSound: true });
  t.strictSame([...four.body], [1, 2, 3, 4, 5, 6, 7]);
  const [six] = bench.answers(ping(6, 'fd00::5')) as [IcmpPacket];
  t.match(six, { type: 129, code: 0, source: 'fd00:0:0:0:0:0:0:5', destination: 'fd00:0:0:0:0:0:1:1', isSound: true });
  t.strictSame([...six.body], [1, 2, 3, 4, 5, 6, 7]);
  for (const address of ['198.18.1.7', '10.0.0.1']) t.strictSame(bench.answers(ping(4, address)), [], address);
  for (const address of ['fd00::1:7', 'fd01::1']) t.strictSame(bench.answers(ping(6, address)), [], address);
  t.strictSame(bench.answers(ping(4, '198.18.0.5', { isSound: false })), []);
  t.strictSame(bench.answers(ping(4, '198.18.0.5', { destinationMac: BROADCAST })), [], 'to all (a Smurf attack)');
  t.strictSame(bench.counts(), { [CHECKSUM_ERRORS]: 1, [STRAY]: 1 });
  t.end();
});

/** Has an error come that quotes a segment of ours; returns what the TCP was asked. */
function errorOf(bench: Bench, family: 4 | 6, type: number, code: number, word = 0): string[] {
  const addresses =
    family === 4
      ? { source: '198.18.0.5', destination: '198.18.1.1' }
      : { source: 'fd00::5', destination: 'fd00::1:1' };
  const quotation = datagramOf(encodeTcp(segment({ family, ...addresses })));
  const quoted = family === 4 ? quotation.subarray(0, 28) : quotation;
  const body = Uint8Array.from([word >>> 24, (word >> 16) & 255, (word >> 8) & 255, word & 255, ...quoted]);
  bench.segments.calls.length = 0;
  t.strictSame(bench.answers(ping(family, addresses.source, { type, code, body })), []);
  return bench.segments.calls;
}

t.test('ICMP errors reach the TCP by what they say', (t) => {
  const bench = new Bench();
  bench.segments.quoted = 7;
  const expected: [4 | 6, number, number, number, number][] = [
    [4, 3, 0, ICMP_NET_UNREACHABLE, ENETUNREACH],
    [4, 3, 1, ICMP_HOST_UNREACHABLE, EHOSTUNREACH],
    [4, 3, 2, ICMP_OTHER, ENOPROTOOPT],
    [4, 3, 3, ICMP_PORT_UNREACHABLE, ECONNREFUSED],
    [4, 3, 9, ICMP_PROHIBITED, ENETUNREACH],
    [4, 3, 13, ICMP_PROHIBITED, EHOSTUNREACH],
    [4, 3, 99, ICMP_OTHER, EPROTO],
    [4, 11, 0, ICMP_TIME_EXCEEDED, EHOSTUNREACH],
    [4, 12, 0, ICMP_OTHER, EPROTO],
    [6, 1, 0, ICMP_NET_UNREACHABLE, ENETUNREACH],
    [6, 1, 1, ICMP_PROHIBITED, EACCES],
    [6, 1, 3, ICMP_HOST_UNREACHABLE, EHOSTUNREACH],
    [6, 1, 4, ICMP_PORT_UNREACHABLE, ECONNREFUSED],
    [6, 3, 0, ICMP_TIME_EXCEEDED, EHOSTUNREACH],
    [6, 4, 1, ICMP_OTHER, EPROTO],
  ];
  for (const [family, type, code, counter, errno] of expected) {
    const before = bench.counters[counter]!;
    const quotedBytes = family === 4 ? 28 : 60;
    const calls = errorOf(bench, family, type, code);
    t.strictSame(calls, [`quoted${family} ${quotedBytes}`, `unreachable 7 ${errno}`], `${family}: ${type}/${code}`);
    t.equal(bench.counters[counter], before + 1);
  }
  t.equal(bench.counters[STRAY], 0);
  t.end();
});

t.test('ICMP errors: too big', (t) => {
  const bench = new Bench();
  bench.segments.quoted = 7;
  const mtuOf = (family: 4 | 6, type: number, code: number, mtu: number): string | undefined =>
    errorOf(bench, family, type, code, mtu)[1];
  t.equal(mtuOf(4, 3, 4, 1400), 'tooBig 7 1400');
  t.equal(mtuOf(4, 3, 4, 68), 'tooBig 7 552', 'never below what Linux takes');
  t.equal(mtuOf(4, 3, 4, 0), 'tooBig 7 552', 'from a router that does not say');
  t.equal(mtuOf(6, 2, 0, 1400), 'tooBig 7 1400');
  t.equal(mtuOf(6, 2, 0, 100), 'tooBig 7 1280');
  t.equal(mtuOf(6, 2, 0, 0xffff_ffff), 'tooBig 7 65535');
  t.equal(bench.counters[ICMP_TOO_BIG], 6);
  t.end();
});

t.test('ICMP errors that quote nothing of ours are strays', (t) => {
  const bench = new Bench();
  t.strictSame(errorOf(bench, 4, 3, 3), ['quoted4 28'], 'no such connection');
  t.equal(bench.counters[STRAY], 1);
  t.equal(bench.counters[ICMP_PORT_UNREACHABLE], 0);
  bench.segments.quoted = 7;
  bench.segments.calls.length = 0;
  const quotation = datagramOf(encodeTcp(segment({ source: '198.18.0.5' })));
  const ofOther = datagramOf(encodeTcp(segment({ source: '198.18.1.5' })));
  const udp = quotation.slice();
  udp[9] = 17;
  const bodies: [string, readonly number[] | Uint8Array][] = [
    ['nothing', []],
    ['half a header', quotation.subarray(0, 19)],
    ['seven bytes of the segment', quotation.subarray(0, 27)],
    ['of a foreign source', ofOther],
    ['another protocol', udp],
    ['a header that claims more than there is', [0x4f, ...quotation.subarray(1, 28)]],
    ['IPv6 in IPv4', [0x60, ...quotation.subarray(1)]],
  ];
  for (const [index, [name, quoted]] of bodies.entries()) {
    bench.answers(ping(4, '198.18.0.5', { type: 3, code: 3, body: Uint8Array.from([0, 0, 0, 0, ...quoted]) }));
    t.strictSame(bench.segments.calls, [], name);
    t.equal(bench.counters[STRAY], index + 2);
  }
  t.end();
});

function checkSegments(t: Test, bench: Bench, vlan: number | null): void {
  const ip = vlan === null ? 14 : 18;
  const end = ip + 40;
  const give = (packet: Partial<TcpPacket>, change?: (frame: Uint8Array) => void): string[] => {
    const frame = encodeTcp(segment({ vlan, ...packet }));
    change?.(frame);
    bench.segments.calls.length = 0;
    t.strictSame(bench.answers(frame), []);
    return bench.segments.calls;
  };
  t.strictSame(give({}), [`packet4 ${ip} ${end}`]);
  t.strictSame(give({ family: 6, source: 'fd00::1:1', destination: 'fd00::5' }), [`packet6 ${ip} ${end + 20}`]);
  t.equal(bench.counters[STRAY], 0);
  t.strictSame(give({ destinationMac: BROADCAST }), [], 'a segment to all');
  t.strictSame(give({ destinationMac: MACS[1] }), [], 'a segment to another interface');
  t.strictSame(give({ vlan: vlan === null ? 7 : null }), [], 'with a tag, or without');
  if (vlan !== null) t.strictSame(give({ vlan: vlan + 1 }), [], 'with another tag');
  t.strictSame(
    give({}, (frame) => (frame[ip + 9] = 17)),
    [],
    'UDP',
  );
  t.strictSame(
    give({}, (frame) => (frame[ip - 2] = 9)),
    [],
    'another ethertype',
  );
  t.equal(bench.counters[STRAY], vlan === null ? 5 : 6);
  t.equal(bench.counters[MALFORMED], 0);
  bench.answers(encodeTcp(segment({ vlan })).subarray(0, ip + 19));
  t.equal(bench.counters[MALFORMED], 1);
}

t.test('segments go to the TCP', (t) => {
  checkSegments(t, new Bench(), null);
  t.end();
});

t.test('with --vlan, frames have the tag', (t) => {
  const bench = new Bench({ vlan: 100 });
  checkSegments(t, bench, 100);
  t.match(bench.answers(question('198.18.0.5', { vlan: 100 })), [{ kind: 'arp', operation: 2, vlan: 100 }]);
  t.match(bench.answers(ping(4, '198.18.0.5', { vlan: 100 })), [{ kind: 'icmp', vlan: 100, isSound: true }]);
  t.match(bench.answers(solicitation('fd00::5', { vlan: 100 })), [{ kind: 'icmp', vlan: 100, isSound: true }]);
  t.end();
});
