import t from 'tap';
import {
  DUPLICATES,
  OUT_OF_ORDER,
  RETRANSMITTED_DATA,
  RETRANSMITTED_SYN,
  WINDOW_PROBES,
  WINDOW_STALLS,
} from '../../../../src/engine/packet/packet-counters.ts';
import { ACK } from '../packets.ts';
import { TcpPair } from './tcp-pair.ts';

const PAYLOAD = new Uint8Array(256 * 1024).map((_, i) => (i * 7) ^ (i >> 8));
const ETIMEDOUT = 110;

function established(options: ConstructorParameters<typeof TcpPair>[0] = {}): TcpPair {
  const pair = new TcpPair({ payload: PAYLOAD, ...options });
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(1);
  return pair;
}

t.test('256 KiB arrive whole, near the borders of sequence numbers too', (t) => {
  for (const firstSequence of [0x7fffff00 | 0, 0xffffff00 | 0, 5]) {
    const pair = established({ firstSequence, delayNs: 100_000 });
    pair.client.tcp.send(0, PAYLOAD.length, true);
    pair.run(200);
    t.strictSame(Uint8Array.from(pair.server.user.bytes.get(0)!), PAYLOAD);
    t.equal(pair.server.user.events.at(-1), 'ended 0');
    t.equal(pair.client.counters[RETRANSMITTED_DATA], 0);
  }
  t.end();
});

t.test('the first flight has ten segments', (t) => {
  const pair = established({ delayNs: 10e6 });
  pair.run(100);
  const before = pair.sentBy(0).length;
  pair.client.tcp.send(0, PAYLOAD.length, false);
  pair.run(5);
  const flight = pair.sentBy(0).slice(before);
  t.equal(flight.length, 10);
  t.ok(flight.every(({ payload }) => payload.length === 1448));
  t.end();
});

t.test('a segment that is lost is sent again at the third duplicate, long before a timeout', (t) => {
  const pair = established({ delayNs: 100_000 });
  let count = 0;
  pair.wire.filter = ({ packet }) => !(packet.kind === 'tcp' && packet.payload.length > 0 && ++count === 3);
  pair.client.tcp.send(0, 20 * 1448, false);
  pair.run(20);
  t.equal(pair.server.user.bytes.get(0)!.length, 20 * 1448);
  t.ok(pair.server.counters[OUT_OF_ORDER]! >= 3);
  t.ok(pair.client.counters[RETRANSMITTED_DATA]! >= 1);
  t.end();
});

t.test('the first of two segments that is lost is sent again at the only duplicate', (t) => {
  const pair = established({ delayNs: 100_000 });
  // The first acknowledgement after the handshake brings another window, and is no duplicate.
  pair.client.tcp.send(0, 1448, false);
  pair.run(20);
  let count = 0;
  pair.wire.filter = ({ packet }) => !(packet.kind === 'tcp' && packet.payload.length > 0 && ++count === 1);
  pair.client.tcp.send(0, 2 * 1448, false);
  pair.run(20);
  t.equal(pair.server.user.bytes.get(0)!.length, 3 * 1448);
  t.end();
});

t.test('lost acknowledgements do not make the next timeouts longer than a loss does', (t) => {
  const pair = established({ delayNs: 100_000 });
  // Its acknowledgement arrives after 200, 400, 800 and 1600 ms.
  let acks = 0;
  pair.wire.filter = ({ from }) => from === 0 || ++acks > 4;
  pair.client.tcp.send(0, 64, false);
  pair.run(5000);
  const before = pair.sentBy(0).length;
  const startNs = pair.clock.atNs;
  pair.wire.filter = () => false;
  pair.client.tcp.send(0, 64, false);
  pair.run(2000);
  const again = pair.wire.sent.filter(({ from }) => from === 0)[before + 1]!;
  t.ok(again.atNs - startNs < 500e6, `${(again.atNs - startNs) / 1e6} ms`);
  t.end();
});

t.test('a lonely segment is sent again after 200 ms and the round trip', (t) => {
  const pair = established({ delayNs: 100_000 });
  let count = 0;
  pair.wire.filter = ({ packet }) => !(packet.kind === 'tcp' && packet.payload.length > 0 && ++count <= 2);
  const startNs = pair.clock.atNs;
  pair.client.tcp.send(0, 64, false);
  pair.run(3000);
  const times = pair.wire.sent.filter(({ packet }) => packet.kind === 'tcp' && packet.payload.length > 0);
  const [, second, third] = times.map(({ atNs }) => (atNs - startNs) / 1e6);
  t.ok(second! >= 200 && second! < 230, `${String(second)} ms`);
  t.ok(third! >= 600 && third! < 660, `${String(third)} ms: doubled`);
  t.equal(pair.client.counters[RETRANSMITTED_DATA], 2);
  t.equal(pair.server.user.bytes.get(0)!.length, 64);
  t.end();
});

t.test('a peer that answers nothing any more is given up', (t) => {
  const pair = established();
  pair.wire.filter = () => false;
  pair.client.tcp.send(0, 64, false);
  pair.run(1_000_000);
  t.equal(pair.client.user.events.at(-1), `failed 0 ${ETIMEDOUT}`);
  t.equal(pair.client.counters[RETRANSMITTED_DATA], 15);
  t.equal(pair.client.tcp.rows, 0);
  t.end();
});

t.test('a window that is held closes, is probed, and opens again', (t) => {
  const pair = established({ delayNs: 100_000 });
  pair.server.tcp.holdWindow(0, true);
  pair.client.tcp.send(0, PAYLOAD.length, false);
  pair.run(5000);
  const announced = pair.server.user.bytes.get(0)!.length;
  t.ok(announced > 60_000 && announced <= 65_536, `${announced} bytes came`);
  t.equal(pair.client.counters[WINDOW_STALLS], 1);
  t.ok(pair.client.counters[WINDOW_PROBES]! >= 3);
  t.equal(pair.client.tcp.unsentBytes(0), PAYLOAD.length - announced);
  pair.server.tcp.holdWindow(0, false);
  pair.run(100);
  t.strictSame(Uint8Array.from(pair.server.user.bytes.get(0)!), PAYLOAD);
  t.end();
});

t.test('a duplicate is acknowledged and not received again', (t) => {
  const pair = established({ duplicate: 1 });
  pair.client.tcp.send(0, 64, false);
  pair.run(100);
  t.equal(pair.server.user.bytes.get(0)!.length, 64);
  t.ok(pair.server.counters[DUPLICATES]! >= 1);
  t.end();
});

t.test('old segments are told by their timestamps', (t) => {
  const pair = established();
  pair.client.tcp.send(0, 64, false);
  pair.run(100);
  const last = pair.sentBy(0).findLast(({ payload }) => payload.length > 0)!;
  const [stamp, echo] = last.options.timestamps!;
  const payload = new Uint8Array(10).fill(1);
  const sequence = (last.sequence + 64) >>> 0;
  pair.toServer({ sequence, payload, options: { timestamps: [(stamp - 1000) >>> 0, echo] } });
  t.equal(pair.server.user.bytes.get(0)!.length, 64, 'from before: dropped');
  pair.toServer({ sequence, payload, options: { timestamps: [stamp, echo] } });
  t.equal(pair.server.user.bytes.get(0)!.length, 74, 'from now: received');
  t.end();
});

t.test('an acknowledgement of what was never sent is answered and ignored', (t) => {
  const pair = established();
  const next = (pair.lastOf(1).sequence + 1) >>> 0;
  const { sequence } = pair.lastOf(0);
  const answers = pair.toClient({ flags: ACK, sequence: next, acknowledgement: (sequence + 1000) >>> 0 });
  t.match(answers, [{ flags: ACK, sequence, acknowledgement: next }]);
  t.equal(pair.client.tcp.rows, 1);
  t.end();
});

t.test('what cannot be sent for want of frames leaves when there are some', (t) => {
  const pair = established();
  pair.client.port.isFull = true;
  pair.client.tcp.send(0, 64, true);
  pair.run(2);
  t.notOk(pair.server.user.bytes.has(0));
  pair.client.port.isFull = false;
  pair.run(2);
  t.equal(pair.server.user.bytes.get(0)!.length, 64);
  t.equal(pair.server.user.events.at(-1), 'ended 0');
  t.equal(pair.client.counters[RETRANSMITTED_DATA], 0);
  t.end();
});

t.test('a SYN that had no frame leaves when there is one, not after a second', (t) => {
  const pair = new TcpPair();
  pair.client.port.isFull = true;
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(2);
  t.equal(pair.wire.sent.length, 0);
  pair.client.port.isFull = false;
  pair.run(2);
  t.strictSame(pair.client.user.events, ['connected 0']);
  t.equal(pair.client.counters[RETRANSMITTED_SYN], 0);
  t.end();
});

t.test('after a report of a smaller link segments are smaller', (t) => {
  const pair = established();
  pair.client.tcp.send(0, 5000, false);
  pair.client.tcp.quotations.tooBig(pair.client.tcp.connectionOf(0), 1000);
  pair.run(100);
  const sizes = pair.sentBy(0).map(({ payload }) => payload.length);
  t.equal(Math.max(...sizes.slice(-3)), 948);
  t.equal(pair.server.user.bytes.get(0)!.length, 5000);
  t.end();
});
