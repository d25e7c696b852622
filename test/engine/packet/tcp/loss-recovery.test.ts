/** What is lost is sent again without a timeout, and nothing else is. */
import t, { type Test } from 'tap';
import { OUT_OF_ORDER, RETRANSMITTED_DATA, RETRANSMITTED_FIN } from '../../../../src/engine/packet/packet-counters.ts';
import { rewriteTcp, SYN, type TcpPacket } from '../packets.ts';
import { TcpPair } from './tcp-pair.ts';

const SEGMENT = 1448;
const PAYLOAD = new Uint8Array(64 * SEGMENT).map((_, i) => (i * 7) ^ (i >> 8));
const ROUND_TRIP_MS = 2;

interface Losing {
  /** Data segments that are lost the first time, by their number from 0. */
  readonly lost: readonly number[];
  readonly segments?: number;
  readonly hasSack?: boolean;
  readonly isLast?: boolean;
}

/** Sends so many segments from the client, of which some are lost once. Returns what was sent, and how long it took. */
function transfer({ lost, segments = 40, hasSack = true, isLast = false }: Losing): { pair: TcpPair; ms: number } {
  const pair = new TcpPair({ payload: PAYLOAD, delayNs: (ROUND_TRIP_MS / 2) * 1e6 });
  let first = 0;
  const seen = new Set<number>();
  pair.wire.filter = ({ from, packet, bytes }) => {
    if (packet.kind !== 'tcp') return true;
    if (!hasSack && (packet.flags & SYN) !== 0) rewriteTcp(bytes, withoutSack);
    if (from === 1 || packet.payload.length === 0) return true;
    if (seen.size === 0) first = packet.sequence;
    const number = (packet.sequence - first) / SEGMENT;
    const isLost = lost.includes(number) && !seen.has(number);
    seen.add(number);
    return !isLost;
  };
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(10);
  // The first window is that of the SYN. From here on acknowledgements bring the same.
  pair.client.tcp.send(0, segments * SEGMENT, isLast);
  const startNs = pair.clock.atNs;
  let endNs = startNs;
  pair.server.user.react = () => (endNs = pair.clock.atNs);
  pair.run(150);
  return { pair, ms: (endNs - startNs) / 1e6 };
}

function withoutSack(header: Uint8Array): void {
  for (let at = 20; at < header.length && header[at] !== 0; at += header[at] === 1 ? 1 : header[at + 1]!)
    if (header[at] === 4) header.fill(1, at, at + 2);
}

function checkWhole(t: Test, pair: TcpPair, segments = 40): void {
  t.strictSame(Uint8Array.from(pair.server.user.bytes.get(0)!), PAYLOAD.subarray(0, segments * SEGMENT));
}

const acks = (pair: TcpPair): readonly TcpPacket[] =>
  pair.sentBy(1).filter(({ options }) => options.sack !== undefined);

for (const lost of [[12], [12, 14], [11, 12, 13, 20], [10, 13, 16, 19, 22]]) {
  t.test(`segments ${lost.join(', ')} are lost: these are sent again, in a few round trips`, (t) => {
    const { pair, ms } = transfer({ lost });
    checkWhole(t, pair);
    t.equal(pair.client.counters[RETRANSMITTED_DATA], lost.length);
    t.ok(ms < 12 * ROUND_TRIP_MS, `${ms} ms`);
    t.ok(acks(pair).length > 0);
    t.end();
  });

  t.test(`the same without SACK: a round trip for each`, (t) => {
    const { pair, ms } = transfer({ lost, hasSack: false });
    checkWhole(t, pair);
    t.equal(pair.client.counters[RETRANSMITTED_DATA], lost.length);
    t.ok(ms < (12 + lost.length) * ROUND_TRIP_MS, `${ms} ms`);
    t.strictSame(acks(pair), []);
    t.end();
  });
}

t.test('the first block tells of what came last, and all blocks of what came', (t) => {
  const { pair } = transfer({ lost: [10, 13, 16, 19, 22] });
  const blocks = acks(pair).map(({ options, acknowledgement }) =>
    options.sack!.map(([start, end]) => [(start - acknowledgement) / SEGMENT, (end - acknowledgement) / SEGMENT]),
  );
  t.strictSame(blocks.slice(0, 4), [
    [[1, 2]],
    [[1, 3]],
    [
      [4, 5],
      [1, 3],
    ],
    [
      [4, 6],
      [1, 3],
    ],
  ]);
  t.ok(
    blocks.every(({ length }) => length <= 3),
    'beside timestamps there is room for three',
  );
  t.end();
});

t.test('a FIN that came before what is lost counts when that has come', (t) => {
  const { pair, ms } = transfer({ lost: [36], isLast: true });
  checkWhole(t, pair);
  t.equal(pair.server.user.events.at(-1), 'ended 0');
  t.strictSame([pair.client.counters[RETRANSMITTED_DATA], pair.client.counters[RETRANSMITTED_FIN]], [1, 0]);
  t.ok(ms < 12 * ROUND_TRIP_MS, `${ms} ms`);
  t.end();
});

t.test('what is sent again and lost again takes a timeout, and then only what the peer lacks is sent', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD, delayNs: 1e6 });
  let times = 0;
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(10);
  const first = (pair.lastOf(0).sequence + 5 * SEGMENT) >>> 0;
  pair.wire.filter = ({ packet }) =>
    !(packet.kind === 'tcp' && packet.payload.length > 0 && packet.sequence === first && ++times <= 2);
  pair.client.tcp.send(0, 40 * SEGMENT, false);
  pair.run(1000);
  checkWhole(t, pair);
  t.equal(pair.client.counters[RETRANSMITTED_DATA], 2);
  t.end();
});

t.test('what comes out of order beyond a gap is given to the user in order, once', (t) => {
  const { pair } = transfer({ lost: [11] });
  t.ok(pair.server.counters[OUT_OF_ORDER]! >= 3);
  const received = pair.server.user.events.filter((event) => event.startsWith('received'));
  t.equal(
    received.reduce((sum, event) => sum + Number(event.split(' ')[2]), 0),
    40 * SEGMENT,
  );
  t.end();
});

t.test('a slot that is closed in the middle of what was kept resets: the rest is never read', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD, delayNs: 1e6 });
  let count = 0;
  pair.wire.filter = ({ from, packet }) =>
    !(from === 0 && packet.kind === 'tcp' && packet.payload.length > 0 && ++count === 2);
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(10);
  let received = 0;
  pair.server.user.react = (event, slot, bytes) => {
    if (!event.startsWith('received')) return;
    received += bytes;
    if (received >= 3 * SEGMENT) pair.server.tcp.close(slot, false);
  };
  pair.client.tcp.send(0, 8 * SEGMENT, false);
  pair.run(100);
  t.ok(received >= 3 * SEGMENT && received < 8 * SEGMENT);
  t.equal(pair.server.tcp.rows, 0);
  t.match(pair.client.user.events.at(-1), /^failed 0/);
  t.end();
});
